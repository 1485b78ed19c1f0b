//! SQL that loads single resets and their evidence.

use super::reset_row::with_reset_columns;
use crate::base::{PersonKey, ReferenceCode, ResetId};
use crate::reset::record::{EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use crate::store::{Db, StoreError, StoredTime, select_all, select_optional};

pub(in crate::reset) async fn load_by_reference(
    db: &Db,
    reference: &ReferenceCode,
) -> Result<Option<PasswordReset>, StoreError> {
    const SQL: &str = with_reset_columns!("SELECT ", " FROM resets WHERE reference = $1");
    Ok(select_optional!(db, SQL, reference.as_str())?)
}

pub(in crate::reset) async fn load_by_id(db: &Db, id: ResetId) -> Result<Option<PasswordReset>, StoreError> {
    const SQL: &str = with_reset_columns!("SELECT ", " FROM resets WHERE id = $1");
    Ok(select_optional!(db, SQL, id)?)
}

/// Loads the newest reset of a person.
pub(in crate::reset) async fn load_latest(db: &Db, person: PersonKey) -> Result<Option<PasswordReset>, StoreError> {
    const SQL: &str = with_reset_columns!(
        "SELECT ",
        " FROM resets WHERE tenant = $1 AND object = $2 ORDER BY created_at DESC, id DESC LIMIT 1"
    );
    Ok(select_optional!(db, SQL, person.tenant, person.object)?)
}

/// Loads the newest canary resets.
pub(in crate::reset) async fn load_canaries(db: &Db, count: i64) -> Result<Vec<PasswordReset>, StoreError> {
    const SQL: &str =
        with_reset_columns!("SELECT ", " FROM resets WHERE canary = 1 ORDER BY created_at DESC, id DESC LIMIT $1");
    Ok(select_all!(db, SQL, count)?)
}

/// Loads the evidence of a reset in the order of the checkpoints.
pub(in crate::reset) async fn load_evidence(db: &Db, id: ResetId) -> Result<Vec<EvidenceRecord>, StoreError> {
    const SQL: &str = "SELECT rung, at, source, detail FROM evidence WHERE reset_id = $1";
    let rows: Vec<(String, StoredTime, String, Option<String>)> = select_all!(db, SQL, id)?;
    // A checkpoint that only a newer release has is skipped and is no error: both releases run during an upgrade.
    let read = rows.into_iter().filter_map(|(rung, at, source, detail)| {
        Some(EvidenceRecord { checkpoint: EvidenceCheckpoint::from_name(&rung)?, at: at.0, source, detail })
    });
    // Sorted by checkpoint: Microsoft's times have whole seconds, so by time *carried* could come before *written*.
    let mut records: Vec<EvidenceRecord> = read.collect();
    records.sort_by_key(|record| record.checkpoint);
    Ok(records)
}
