//! SQL that erases personal data of resets. Of the person, only the object id remains.

use jiff::Timestamp;

use super::search::delete_terms;
use crate::base::ResetId;
use crate::store::{StoreError, Tx, exec_tx, select_all_tx};

/// Loads up to 100 ended resets from before a time that still have a name, oldest first.
pub(in crate::reset) async fn load_named(tx: &mut Tx, before: Timestamp) -> Result<Vec<ResetId>, StoreError> {
    const SQL: &str =
        "SELECT id FROM resets WHERE created_at < $1 AND name <> '' AND open = 0 ORDER BY created_at LIMIT 100";
    let before = before.as_millisecond();
    let rows: Vec<(String,)> = select_all_tx!(tx, SQL, before)?;
    Ok(rows.into_iter().filter_map(|(id,)| id.parse().ok()).collect())
}

/// Deletes a reset's search terms and empties its names.
pub(in crate::reset) async fn erase_name(tx: &mut Tx, id: ResetId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET name = '', upn = '' WHERE id = $1";
    delete_terms(tx, id).await?;
    let id = id.to_string();
    exec_tx!(tx, SQL, &id)?;
    Ok(())
}

/// Deletes notes from before a time.
pub(in crate::reset) async fn delete_notes(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM reset_notes WHERE at < $1";
    let before = before.as_millisecond();
    Ok(exec_tx!(tx, SQL, before)?)
}
