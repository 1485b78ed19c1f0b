//! Commands and their options. Output for people goes to standard output, the log to standard error.

#[cfg(feature = "tenant")]
mod demo;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use passback::config::{Config, load};
use passback::serve::{Portal, listen};
use passback::{Clock, Random, ops, verify_audit};
use url::Url;

/// Self-service password reset for Microsoft Entra ID with writeback to on-premises Active Directory.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The whole product on this machine: emulated tenant, SQLite, no configuration.
    #[cfg(feature = "tenant")]
    Demo(demo::DemoArgs),
    /// Serve the portal.
    Serve(WithConfig),
    /// The tenant emulator alone.
    #[cfg(feature = "tenant")]
    Tenant(demo::TenantArgs),
    /// Look at everything that must hold before people are let in. Changes nothing. Exits with 0 if all is well, 2 with
    /// warnings, 3 if something could not be looked at, 1 with errors.
    Doctor {
        #[command(flatten)]
        config: WithConfig,
        /// For programs: one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print what has to be set up in Entra and Active Directory, least privilege, with why. It runs nothing.
    Setup {
        /// The configuration, if there is one yet.
        #[arg(long, env = "PASSBACK_CONFIG")]
        config: Option<PathBuf>,
        /// How people will reach the portal, while there is no configuration.
        #[arg(long, required_unless_present = "config")]
        public_url: Option<Url>,
        /// Which text.
        #[arg(long = "as", value_enum, default_value_t = SetupAs::Powershell)]
        text: SetupAs,
    },
    /// Pause all resets, on all replicas.
    Pause {
        #[command(flatten)]
        config: WithConfig,
        /// Why; kept in the audit.
        #[arg(long, default_value = "paused by hand")]
        reason: String,
    },
    /// Let resets go on.
    Resume(WithConfig),
    /// Copy a SQLite database into a new file, while the portal runs. The sealing keys are not in it.
    Backup {
        #[command(flatten)]
        config: WithConfig,
        /// The new file; nothing is overwritten.
        #[arg(long)]
        to: PathBuf,
    },
    /// Lists of passwords known from breaches.
    #[command(subcommand)]
    Breach(BreachCommand),
    /// The audit chain.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The account through which passwords are reset.
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum SetupAs {
    /// Everything in Entra, by Microsoft Graph PowerShell.
    Powershell,
    /// The app registration, by the Azure CLI.
    AzureCli,
    /// The app registration, as Bicep.
    Bicep,
    /// Rights in Active Directory: writeback, probe, unlocking.
    Directory,
}

#[derive(Subcommand)]
enum BreachCommand {
    /// Make the file for `[breach] kind = "file"`, so that no question leaves this machine.
    Build {
        /// Sorted SHA-1 hashes, a line each, as the downloader of Have I Been Pwned writes them.
        #[arg(long)]
        from: PathBuf,
        /// The new file; nothing is overwritten.
        #[arg(long)]
        to: PathBuf,
    },
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Check chain and head offline; exits with 1 on a break.
    Verify {
        /// `sqlite://…` or `postgres://…`
        #[arg(long)]
        database: String,
        /// Checks the MACs too, with the sealing keys of this configuration.
        #[arg(long)]
        config: Option<PathBuf>,
        /// A file with an exported head (`count hash`): it must be part of this chain.
        #[arg(long)]
        head: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum OperatorCommand {
    /// Link it by device code: prints a code, with which the operator's account signs in in any browser. The portal may run
    /// meanwhile. Without a terminal use --account.
    Link {
        #[command(flatten)]
        config: WithConfig,
        /// Take this account without asking, and no other.
        #[arg(long, value_name = "UPN")]
        account: Option<String>,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Read and check the configuration. No secret is shown.
    Check(WithConfig),
}

#[derive(Args)]
struct WithConfig {
    /// The TOML file.
    #[arg(long, env = "PASSBACK_CONFIG")]
    config: PathBuf,
}

impl WithConfig {
    fn load(&self) -> Result<Config, Failure> {
        Ok(load(&self.config)?)
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command that was asked for.
pub(crate) async fn run(problems: Vec<String>) -> ExitCode {
    let cli = Cli::parse();
    log();
    for problem in problems {
        tracing::error!(problem, "this process is less protected than it should be");
    }
    match dispatch(cli.command).await {
        Ok(code) => code,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

/// An error for people: what, and why.
pub(crate) fn complain(error: &dyn std::error::Error) {
    let mut text = format!("passback: {error}");
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn log() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("PASSBACK_LOG").unwrap_or_else(|_| EnvFilter::new("passback=info,warn"));
    // At trace it writes every path, and the path of a link in a mail is a secret.
    let filter = match "tower_http::csrf=info".parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}

async fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        #[cfg(feature = "tenant")]
        Command::Demo(args) => args.run().await?,
        #[cfg(feature = "tenant")]
        Command::Tenant(args) => args.run().await?,
        Command::Serve(with) => {
            let config = with.load()?;
            let listener = listen(config.server.listen)?;
            Portal::start(config, listener, Clock::system(), Random::system()).await?.run().await?;
        }
        Command::Doctor { config, json } => return doctor(&config.config, json).await,
        Command::Setup { config, public_url, text } => say(&setup(config, public_url, text)?),
        Command::Pause { config, reason } => {
            ops::pause(&config.load()?, &reason).await?;
            say("Resets are paused.");
        }
        Command::Resume(with) => {
            ops::resume(&with.load()?).await?;
            say("Resets go on.");
        }
        Command::Backup { config, to } => {
            ops::backup(&config.load()?, &to).await?;
            say(&format!("{} is whole. Keep the sealing keys too, somewhere else.", to.display()));
        }
        Command::Breach(BreachCommand::Build { from, to }) => {
            let built = ops::breach_build(&from, &to)?;
            say(&format!("{} holds {} hashes in {} bytes.", to.display(), built.hashes, built.bytes));
        }
        Command::Audit(AuditCommand::Verify { database, config, head }) => {
            return verify(&database, config, head).await;
        }
        Command::Operator(OperatorCommand::Link { config, account }) => {
            operator_link(&config.load()?, account.as_deref()).await?;
        }
        Command::Config(ConfigCommand::Check(with)) => {
            let config = with.load()?;
            say(&format!(
                "{} is fine: {} with tenant {}",
                with.config.display(),
                config.server.public_url,
                config.entra.tenant_id
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn operator_link(config: &Config, account: Option<&str>) -> Result<(), Failure> {
    let show = |prompt: &ops::DevicePrompt| {
        say(&format!("Open {} in a browser and enter the code {}", prompt.address, prompt.code));
        say(
            "Sign in as the account that is to reset passwords, not as yourself. Enter no code that somebody else gave you.",
        );
    };
    let linked = ops::operator_link(config, (Clock::system(), Random::system()), account, show, confirm).await?;
    say(&format!("{} is the operator.", linked.upn));
    Ok(())
}

fn confirm(who: &ops::ProposedOperator) -> bool {
    let scope = if who.scope == "/" { "the whole tenant" } else { &who.scope };
    say(&format!("{} ({}) signed in: {}, {scope}", who.name, who.upn, who.role));
    say("Make it the operator of this portal? Type yes:");
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).is_ok() && typed.trim().eq_ignore_ascii_case("yes")
}

async fn doctor(config: &Path, json: bool) -> Result<ExitCode, Failure> {
    let report = ops::doctor(config, Clock::system(), Random::system()).await;
    if json {
        say(&serde_json::to_string_pretty(&report)?);
    } else {
        report.lines().iter().for_each(|line| say(line));
    }
    Ok(ExitCode::from(report.exit_code()))
}

fn setup(config: Option<PathBuf>, public_url: Option<Url>, text: SetupAs) -> Result<String, Failure> {
    let facts = match (config, public_url) {
        (Some(config), _) => ops::SetupFacts::of_config(&load(&config)?),
        (None, Some(url)) => ops::SetupFacts::of_url(url),
        (None, None) => return Err("give --config or --public-url".into()),
    };
    let which = match text {
        SetupAs::Powershell => ops::SetupText::PowerShell,
        SetupAs::AzureCli => ops::SetupText::AzureCli,
        SetupAs::Bicep => ops::SetupText::Bicep,
        SetupAs::Directory => ops::SetupText::Directory,
    };
    Ok(ops::setup(which, &facts)?)
}

async fn verify(database: &str, config: Option<PathBuf>, head: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let config = config.map(|path| load(&path)).transpose()?;
    let head = head.map(std::fs::read_to_string).transpose()?;
    let report = verify_audit(database, config.as_ref(), head.as_deref()).await?;
    say(&format!("{} rows, head {}", report.rows, report.head));
    for unchecked in &report.unchecked {
        say(&format!("not checked: {unchecked}"));
    }
    for broken in &report.breaks {
        say(&format!("BROKEN: {broken}"));
    }
    if report.breaks.is_empty() {
        say("The chain is whole.");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// One line for people or programs.
pub(crate) fn say(line: &str) {
    // A reader that has gone away is not our failure.
    let _ = writeln!(std::io::stdout(), "{line}");
}
