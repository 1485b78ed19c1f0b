//! Runs `passback pause` and `passback resume`. Both write to the database and so affect all replicas.

use crate::audit::AuditLog;
use crate::base::{Clock, Random};
use crate::config::Config;
use crate::eligibility::{PauseReason, ResetPause};
use crate::store::{Db, SealError, Sealer, StoreError};

/// Reason why the pause state was not changed.
#[derive(Debug, thiserror::Error)]
#[error("cannot change the pause state: {0}")]
pub struct PauseError(String);

impl From<StoreError> for PauseError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<SealError> for PauseError {
    fn from(error: SealError) -> Self {
        Self(error.to_string())
    }
}

async fn open_pause_and_audit_log(config: &Config) -> Result<(ResetPause, AuditLog), PauseError> {
    let (clock, random) = (Clock::system(), Random::system());
    let db = Db::open_existing(&config.database.url).await?;
    let sealer = Sealer::load(&config.sealing, config.tenant_id(), random.clone())?;
    Ok((ResetPause::new(db.clone()), AuditLog::new(db, sealer, clock, random)))
}

/// Pauses all resets: no new one starts.
///
/// # Errors
/// When the database or the sealing keys cannot be used.
pub async fn pause_resets(config: &Config, reason: &str) -> Result<(), PauseError> {
    let (switches, audit_log) = open_pause_and_audit_log(config).await?;
    Ok(switches.pause(&audit_log, PauseReason::Manual, reason, Clock::system().now()).await?)
}

/// Resumes resets.
///
/// # Errors
/// When the database or the sealing keys cannot be used.
pub async fn resume_resets(config: &Config) -> Result<(), PauseError> {
    let (switches, audit_log) = open_pause_and_audit_log(config).await?;
    Ok(switches.resume(&audit_log).await?)
}
