//! Defines and runs the commands. Output for people goes to standard output, the log to standard error.

mod audit;
mod config_arg;
#[cfg(feature = "emulator")]
mod demo;
mod output;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use passback::config::{Config, load_config};
use passback::serve::{PortalServer, bind_listener};
use passback::{Clock, Random, ops};
use url::Url;

use config_arg::ConfigArg;
pub(crate) use output::print_error;
use output::{CliError, print_line};

/// Self-service password reset for Microsoft Entra ID with writeback to on-premises Active Directory.
#[derive(Parser)]
#[command(version)]
struct CliArgs {
    #[command(subcommand)]
    command: CliCommand,
}

#[derive(Subcommand)]
enum CliCommand {
    /// Run the entire product on this machine: emulated tenant, SQLite, no configuration.
    #[cfg(feature = "emulator")]
    Demo(demo::DemoArgs),
    /// Serve the portal until SIGTERM or Ctrl-C.
    Serve(ConfigArg),
    /// Run only the tenant emulator.
    #[cfg(feature = "emulator")]
    Tenant(demo::TenantArgs),
    /// Check configuration, network, Entra and directory. Changes nothing. Exits with 0 if all checks pass, 2 with
    /// warnings, 3 if a check could not run, 1 with errors.
    Doctor {
        #[command(flatten)]
        config: ConfigArg,
        /// Print one JSON object, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Print a script or text that sets up Entra or Active Directory with least privilege, with reasons. Changes
    /// nothing.
    Setup {
        /// Configuration file, if it exists already.
        #[arg(long, env = "PASSBACK_CONFIG")]
        config: Option<PathBuf>,
        /// URL at which people will reach the portal, if there is no configuration yet.
        #[arg(long, required_unless_present = "config")]
        public_url: Option<Url>,
        /// Format to print.
        #[arg(long = "as", value_enum, default_value_t = SetupTarget::Powershell)]
        text: SetupTarget,
    },
    /// Pause all resets, on all replicas.
    Pause {
        #[command(flatten)]
        config: ConfigArg,
        /// Reason, stored in the audit log. Staff see it on their pages.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Resume all resets, on all replicas.
    Resume(ConfigArg),
    /// Copy a SQLite database into a new file, while the portal runs. The copy does not contain the sealing keys.
    Backup {
        #[command(flatten)]
        config: ConfigArg,
        /// New file. An existing file is not overwritten.
        #[arg(long)]
        to: PathBuf,
    },
    /// Build lists of passwords known from breaches.
    #[command(subcommand)]
    Breach(BreachCommand),
    /// Verify the audit log, or record a restored backup in it.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Manage the reset operator, the account that resets passwords.
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Check the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum SetupTarget {
    /// Everything in Entra, with Microsoft Graph PowerShell.
    Powershell,
    /// The app registration, with the Azure CLI.
    AzureCli,
    /// The app registration, as Bicep.
    Bicep,
    /// Rights in Active Directory: writeback, directory probe, unlocking.
    Directory,
}

#[derive(Subcommand)]
enum BreachCommand {
    /// Build the file for `[breach] kind = "file"`, with which no lookup leaves this machine.
    Build {
        /// File with sorted SHA-1 hashes, one per line, as the downloader of Have I Been Pwned writes it.
        #[arg(long)]
        from: PathBuf,
        /// New file. An existing file is not overwritten.
        #[arg(long)]
        to: PathBuf,
    },
}

#[derive(Subcommand)]
enum OperatorCommand {
    /// Link the operator by device code: prints a code with which the operator's account signs in, in any browser. The
    /// portal may run during this. Without a terminal, use --account.
    Link {
        #[command(flatten)]
        config: ConfigArg,
        /// Accept this account without confirmation, and no other.
        #[arg(long, value_name = "UPN")]
        account: Option<String>,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Read and validate the configuration. Shows no secret.
    Check(ConfigArg),
}

/// Parses the command line and runs the command.
pub(crate) async fn run(problems: Vec<String>) -> ExitCode {
    let cli = CliArgs::parse();
    init_logging();
    for problem in problems {
        tracing::error!(error = problem, "process hardening incomplete");
    }
    match run_command(cli.command).await {
        Ok(code) => code,
        Err(error) => {
            print_error(&*error);
            ExitCode::FAILURE
        }
    }
}

fn init_logging() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("PASSBACK_LOG").unwrap_or_else(|_| EnvFilter::new("passback=info,warn"));
    // At level trace this target logs every path, and the path of a link in a mail is a secret.
    let filter = match "tower_http::csrf=info".parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}

async fn run_command(command: CliCommand) -> Result<ExitCode, CliError> {
    match command {
        #[cfg(feature = "emulator")]
        CliCommand::Demo(args) => args.run().await?,
        #[cfg(feature = "emulator")]
        CliCommand::Tenant(args) => args.run().await?,
        CliCommand::Serve(with) => {
            let config = with.load()?;
            let listener = bind_listener(config.server.listen)?;
            PortalServer::start(config, listener, Clock::system(), Random::system()).await?.run().await?;
        }
        CliCommand::Doctor { config, json } => return print_doctor_report(&config.config, json).await,
        CliCommand::Setup { config, public_url, text } => print_line(&render_setup_text(config, public_url, text)?),
        CliCommand::Pause { config, reason } => {
            ops::pause_resets(&config.load()?, reason.as_deref().unwrap_or_default()).await?;
            print_line("Resets are paused.");
        }
        CliCommand::Resume(with) => {
            ops::resume_resets(&with.load()?).await?;
            print_line("Resets go on.");
        }
        CliCommand::Backup { config, to } => {
            ops::backup_database(&config.load()?, &to).await?;
            print_line(&format!("{} is whole. Keep the sealing keys too, somewhere else.", to.display()));
        }
        CliCommand::Breach(BreachCommand::Build { from, to }) => {
            let built = ops::build_breach_list_file(&from, &to)?;
            print_line(&format!("{} holds {} hashes in {} bytes.", to.display(), built.hashes, built.bytes));
        }
        CliCommand::Audit(command) => return command.run().await,
        CliCommand::Operator(OperatorCommand::Link { config, account }) => {
            link_operator(&config.load()?, account.as_deref()).await?;
        }
        CliCommand::Config(ConfigCommand::Check(with)) => {
            let config = with.load()?;
            print_line(&format!(
                "{} is fine: {} with tenant {}",
                with.config.display(),
                config.server.public_url,
                config.entra.tenant_id
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn link_operator(config: &Config, account: Option<&str>) -> Result<(), CliError> {
    let show = |prompt: &ops::DevicePrompt| {
        print_line(&format!("Open {} in a browser and enter the code {}", prompt.address, prompt.code));
        print_line(
            "Sign in as the account that is to reset passwords, not as yourself. Enter no code that somebody else gave you.",
        );
    };
    let linked = ops::link_operator(config, Clock::system(), Random::system(), account, show, confirm_operator).await?;
    print_line(&format!("{} is the operator.", linked.upn));
    Ok(())
}

fn confirm_operator(who: &ops::ProposedOperator) -> bool {
    print_line(&format!("{} ({}) signed in: {}, {}", who.name, who.upn, who.role, who.scope));
    print_line("Make it the operator of this portal? Type yes:");
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).is_ok() && typed.trim().eq_ignore_ascii_case("yes")
}

async fn print_doctor_report(config: &Path, json: bool) -> Result<ExitCode, CliError> {
    let report = ops::run_doctor(config, Clock::system(), Random::system()).await;
    if json {
        print_line(&serde_json::to_string_pretty(&report)?);
    } else {
        report.text_lines().iter().for_each(|line| print_line(line));
    }
    Ok(ExitCode::from(report.exit_code()))
}

fn render_setup_text(config: Option<PathBuf>, public_url: Option<Url>, text: SetupTarget) -> Result<String, CliError> {
    let facts = match (config, public_url) {
        (Some(config), _) => ops::SetupContext::from_config(&load_config(&config)?),
        (None, Some(url)) => ops::SetupContext::from_url(url),
        (None, None) => return Err("configuration missing: give --config or --public-url".into()),
    };
    let which = match text {
        SetupTarget::Powershell => ops::SetupFormat::PowerShell,
        SetupTarget::AzureCli => ops::SetupFormat::AzureCli,
        SetupTarget::Bicep => ops::SetupFormat::Bicep,
        SetupTarget::Directory => ops::SetupFormat::Directory,
    };
    Ok(ops::render_setup(which, &facts)?)
}
