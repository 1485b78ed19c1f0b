//! Erases personal data of resets after the retention period. Of the person, only the object id remains.

use jiff::Timestamp;

use super::search::delete_terms;
use crate::base::ResetId;
use crate::store::{LenientColumn, StoreError, StoredTime, Tx, exec_tx, select_all_tx};

/// Erases the names of ended resets and deletes helpdesk notes from before a time, one batch per call. Returns the
/// number of resets and notes. Call it again until both are 0.
pub(crate) async fn erase_reset_names(tx: &mut Tx, before: Timestamp) -> Result<(u64, u64), StoreError> {
    const DELETE_NOTES: &str = "DELETE FROM reset_notes WHERE at < $1";
    let named = load_named(tx, before).await?;
    let resets = u64::try_from(named.len()).unwrap_or(u64::MAX);
    for id in named {
        erase_name(tx, id).await?;
    }
    let notes = exec_tx!(tx, DELETE_NOTES, StoredTime(before))?;
    Ok((resets, notes))
}

/// Loads up to 100 ended resets from before a time that still have a name, oldest first.
async fn load_named(tx: &mut Tx, before: Timestamp) -> Result<Vec<ResetId>, StoreError> {
    const SQL: &str =
        "SELECT id FROM resets WHERE created_at < $1 AND name <> '' AND open = 0 ORDER BY created_at LIMIT 100";
    let rows: Vec<(LenientColumn<ResetId>,)> = select_all_tx!(tx, SQL, StoredTime(before))?;
    Ok(rows.into_iter().filter_map(|(id,)| id.0).collect())
}

/// Deletes a reset's search terms and empties its names.
async fn erase_name(tx: &mut Tx, id: ResetId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET name = '', upn = '' WHERE id = $1";
    delete_terms(tx, id).await?;
    exec_tx!(tx, SQL, id)?;
    Ok(())
}
