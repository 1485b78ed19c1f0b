//! Runs the commands `passback pause`, `resume`, `backup` and `breach build`.

use std::path::Path;

use crate::audit::AuditLog;
use crate::base::{BoxedError, Clock, Random};
use crate::config::Config;
use crate::eligibility::{PauseActor, ResetPause};
use crate::password_policy::build_breach_list;
use crate::store::{Db, SealError, Sealer, StoreError, create_backup};

pub use crate::password_policy::{BreachError, BreachList};
pub use crate::store::BackupError;

/// Reason why the pause state was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PauseError {
    #[error("cannot change the pause state")]
    Store(#[source] BoxedError),
    #[error("cannot change the pause state")]
    Sealing(#[source] BoxedError),
}

impl From<StoreError> for PauseError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

impl From<SealError> for PauseError {
    fn from(error: SealError) -> Self {
        Self::Sealing(error.into())
    }
}

async fn open_pause_and_audit_log(config: &Config) -> Result<(ResetPause, AuditLog), PauseError> {
    let (clock, random) = (Clock::system(), Random::system());
    let db = Db::open_existing(&config.database.url).await?;
    let sealer = Sealer::load(&config.sealing, config.tenant_id(), random.clone())?;
    Ok((ResetPause::new(db.clone()), AuditLog::new(db, sealer, clock, random)))
}

/// Pauses all resets on all replicas: no new one starts. The reason may be empty. Keeps the first pause if resets are
/// paused already.
///
/// # Errors
/// When the database or the sealing keys cannot be used.
pub async fn pause_resets(config: &Config, reason: &str) -> Result<(), PauseError> {
    let (pause, audit_log) = open_pause_and_audit_log(config).await?;
    pause.pause(&audit_log, PauseActor::CommandLine(reason), Clock::system().now()).await?;
    Ok(())
}

/// Resumes resets on all replicas. The hourly limit counts anew.
///
/// # Errors
/// When the database or the sealing keys cannot be used.
pub async fn resume_resets(config: &Config) -> Result<(), PauseError> {
    let (pause, audit_log) = open_pause_and_audit_log(config).await?;
    pause.resume(&audit_log, PauseActor::CommandLine(""), None, Clock::system().now()).await?;
    Ok(())
}

/// Copies a consistent snapshot of the database into a new file, while the portal runs.
///
/// # Errors
/// When the file exists, cannot be written, or the database is PostgreSQL, which has its own tools.
pub async fn backup_database(config: &Config, to: &Path) -> Result<(), BackupError> {
    create_backup(&config.database.url, to).await
}

/// Size of a built breach list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreachListFile {
    pub hashes: u64,
    pub bytes: u64,
}

/// Builds the offline file for `[breach] kind = "file"` from a sorted list of SHA-1 hashes.
///
/// # Errors
/// When a line is not a hash or not in order, when `to` exists already, or when a file cannot be read or written.
pub fn build_breach_list_file(from: &Path, to: &Path) -> Result<BreachListFile, BreachError> {
    let built = build_breach_list(from, to)?;
    Ok(BreachListFile { hashes: built.hashes, bytes: built.bytes })
}
