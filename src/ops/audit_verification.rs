//! Runs `passback audit verify` and `passback audit record-restore`.
//!
//! - Verification changes nothing, and may run beside a portal.
//! - The order of reads avoids false alarms: the head before the records, and the records before the events. A record
//!   that is found has its event already, and an event up to that head has its record.

use crate::audit::{
    AuditLog, AuditVerification, ExportedHead, RecordKind, StoredRecord, check_chain, check_decision_sequence,
    check_exported_heads, load_head, load_missing_heads, load_verification_sealer, read_exported_heads,
    reconcile_records, reconcile_resets, report_gaps, restore_event, unrecorded_heads,
};
use crate::base::{BoxedError, Clock, Random, Secret, format_error_chain};
use crate::cases::{IncompleteRecords, load_audited_records, load_incomplete_records};
use crate::config::Config;
use crate::eligibility::load_grant_uses;
use crate::store::{Db, SealError, StoreError};

/// Failure to verify the audit log or to record a restored backup.
#[derive(Debug, thiserror::Error)]
pub enum AuditCommandError {
    #[error("cannot read or write the audit log")]
    Store(#[source] BoxedError),
    #[error("cannot load the sealing keys")]
    Sealing(#[source] BoxedError),
    #[error("the audit log is empty: restore the backup first")]
    NothingRestored,
    #[error("the audit log is broken, so this is no restored backup: {first}. Run passback audit verify")]
    Broken { first: String },
}

impl From<StoreError> for AuditCommandError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

impl From<SealError> for AuditCommandError {
    fn from(error: SealError) -> Self {
        Self::Sealing(error.into())
    }
}

/// Verifies the audit log of the database at `url`: the chain, the records that it reports, and exported heads. With a
/// configuration it also checks the MACs.
///
/// Without `heads`, those in the configuration's `audit.head_dir` are used.
///
/// # Errors
/// When the database or the keys cannot be read.
pub async fn verify_audit(
    url: &str,
    config: Option<&Config>,
    heads: Option<&[ExportedHead]>,
) -> Result<AuditVerification, AuditCommandError> {
    let db = Db::open_existing(&Secret::new(url.to_owned())).await?;
    let sealer = config.map(load_verification_sealer).transpose()?;
    let through = load_head(&db).await?.map_or(0, |(count, _)| count);
    let records = load_records(&db).await?;
    let mut report = check_chain(&db, sealer.as_ref()).await?;
    reconcile_resets(&db, &mut report).await?;
    for (kind, stored) in records {
        reconcile_records(&db, kind, &stored, through, &mut report).await?;
    }
    check_decision_sequence(&db, &mut report).await?;
    report_incomplete_records(&load_incomplete_records(&db).await?, &mut report);
    let heads = match heads {
        Some(heads) => heads.to_vec(),
        None => config.map(|config| read_default_heads(config, &mut report)).unwrap_or_default(),
    };
    check_exported_heads(&db, &heads, &mut report).await?;
    Ok(report)
}

async fn load_records(db: &Db) -> Result<Vec<(RecordKind, Vec<StoredRecord>)>, StoreError> {
    let mut records = load_audited_records(db).await?;
    records.push((RecordKind::GrantUse, load_grant_uses(db).await?));
    Ok(records)
}

fn report_incomplete_records(found: &IncompleteRecords, report: &mut AuditVerification) {
    report_gaps(report, "case", "comes from /help and has no request", &found.cases_without_request);
    report_gaps(report, "grant", "has no execution for its person", &found.grants_without_execution);
    report_gaps(report, "execution", "allowed a reset and has no grant", &found.executions_without_grant);
}

/// Reads the heads in `audit.head_dir`. A folder that cannot be read is no break: heads should leave the machine.
fn read_default_heads(config: &Config, report: &mut AuditVerification) -> Vec<ExportedHead> {
    let Some(folder) = &config.audit.head_dir else { return Vec::new() };
    read_exported_heads(folder).unwrap_or_else(|error| {
        report.unchecked.push(format!("audit.head_dir: {}", format_error_chain(&error)));
        Vec::new()
    })
}

/// Restored backup, as recorded in the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreRecord {
    /// Number of rows of the restored audit log, and the hash of the last one.
    pub count: i64,
    pub hash: String,
    /// Exported heads that it does not contain, the one with the fewest rows first.
    pub lost_heads: Vec<ExportedHead>,
}

/// Records in the audit log that a backup was restored: the head at which it continues, and the exported heads that it
/// lacks. From then on, verification accepts that these are missing.
///
/// Without `heads`, those in `audit.head_dir` are used. The event needs a sealing key for its MAC, so that someone with
/// only the database cannot write it.
///
/// # Errors
/// When the database or the keys cannot be used, or when the chain is broken.
pub async fn record_restore(
    config: &Config,
    heads: Option<&[ExportedHead]>,
    reason: &str,
) -> Result<RestoreRecord, AuditCommandError> {
    let db = Db::open_existing(&config.database.url).await?;
    let sealer = load_verification_sealer(config)?;
    let mut report = check_chain(&db, Some(&sealer)).await?;
    if let Some(first) = report.breaks.first() {
        return Err(AuditCommandError::Broken { first: first.clone() });
    }
    if report.rows == 0 {
        return Err(AuditCommandError::NothingRestored);
    }
    let heads = match heads {
        Some(heads) => heads.to_vec(),
        None => read_default_heads(config, &mut report),
    };
    let missing = load_missing_heads(&db, &heads).await?;
    let lost_heads = unrecorded_heads(missing, &report);
    let audit_log = AuditLog::new(db, sealer, Clock::system(), Random::system());
    audit_log.append(restore_event(report.rows, &report.head, &lost_heads, reason)).await?;
    Ok(RestoreRecord { count: report.rows, hash: report.head, lost_heads })
}
