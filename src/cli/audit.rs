//! Commands of the audit log: verify it, and record a restored backup.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use passback::config::load_config;
use passback::{ExportedHead, ops, read_exported_heads, verify_audit};

use super::config_arg::ConfigArg;
use super::output::{CliError, print_line};

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Verify chain, head and the records that the chain reports, offline. Changes nothing. Exits with 1 if the chain is
    /// broken, or if a record or its audit row is missing.
    Verify {
        /// Database URL: `sqlite://…` or `postgres://…`.
        #[arg(long)]
        database: String,
        /// Verify the MACs too, with the sealing keys of this configuration. Without it, nothing is proved against
        /// someone who can write the database.
        #[arg(long)]
        config: Option<PathBuf>,
        /// File with exported heads (`count hash`), or folder with exported files. Each head must be part of this chain.
        /// May be repeated. Default: `audit.head_dir` of the configuration.
        #[arg(long)]
        head: Vec<PathBuf>,
    },
    /// Record in the audit log that a backup was restored, before the portal starts. Verification then accepts that the
    /// rows after the backup are missing.
    RecordRestore {
        #[command(flatten)]
        config: ConfigArg,
        /// Reason, stored in the audit log.
        #[arg(long)]
        reason: String,
        /// File or folder with exported heads. May be repeated. Default: `audit.head_dir`.
        #[arg(long)]
        head: Vec<PathBuf>,
    },
}

impl AuditCommand {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        match self {
            Self::Verify { database, config, head } => verify_log(&database, config, &head).await,
            Self::RecordRestore { config, reason, head } => record_restore(&config, &reason, &head).await,
        }
    }
}

/// Reads the heads of all given files and folders. Returns `None` if none are given.
fn read_heads(paths: &[PathBuf]) -> Result<Option<Vec<ExportedHead>>, CliError> {
    if paths.is_empty() {
        return Ok(None);
    }
    let mut heads = Vec::new();
    for path in paths {
        heads.extend(read_exported_heads(path)?);
    }
    Ok(Some(heads))
}

async fn verify_log(database: &str, config: Option<PathBuf>, head: &[PathBuf]) -> Result<ExitCode, CliError> {
    let config = config.map(|path| load_config(&path)).transpose()?;
    let heads = read_heads(head)?;
    let report = verify_audit(database, config.as_ref(), heads.as_deref()).await?;
    print_line(&format!("{} rows, head {}", report.rows, report.head));
    for unchecked in &report.unchecked {
        print_line(&format!("not checked: {unchecked}"));
    }
    for notice in &report.notices {
        print_line(&format!("notice: {notice}"));
    }
    for broken in &report.breaks {
        print_line(&format!("BROKEN: {broken}"));
    }
    if report.breaks.is_empty() {
        print_line("The chain is whole.");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

async fn record_restore(config: &ConfigArg, reason: &str, head: &[PathBuf]) -> Result<ExitCode, CliError> {
    let heads = read_heads(head)?;
    let recorded = ops::record_restore(&config.load()?, heads.as_deref(), reason).await?;
    print_line(&format!("The restore is recorded. The audit log continues after row {}.", recorded.count));
    match recorded.lost_heads.last() {
        Some(newest) => print_line(&format!(
            "{} exported heads are missing. The newest is row {} of {}.",
            recorded.lost_heads.len(),
            newest.count,
            newest.source.display()
        )),
        None => print_line("No exported head is missing."),
    }
    Ok(ExitCode::SUCCESS)
}
