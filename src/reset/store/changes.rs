//! SQL of the change counter, which orders the visible changes of all resets.

use jiff::Timestamp;

use crate::base::ResetId;
use crate::store::{Db, LenientColumn, StoreError, StoredTime, Tx, exec_tx, load_counter, next_counter, select_all};

/// Name of the change counter.
const CHANGE_COUNTER: &str = "change";

/// Increments the change counter of all resets and returns it. Call it last in a transaction, because all writers share
/// its row.
pub(super) async fn increment_change_counter(tx: &mut Tx) -> Result<i64, StoreError> {
    next_counter(tx, CHANGE_COUNTER).await
}

/// Marks a reset as visibly changed, for event streams and caches.
pub(in crate::reset) async fn mark_changed(tx: &mut Tx, id: ResetId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET change = $2, revision = revision + 1, updated_at = $3 WHERE id = $1";
    let change = increment_change_counter(tx).await?;
    exec_tx!(tx, SQL, id, change, StoredTime(now))?;
    Ok(())
}

/// Reset that changed, with its value of the change counter.
pub(in crate::reset) struct ChangedReset {
    pub(in crate::reset) id: ResetId,
    pub(in crate::reset) reference: String,
    pub(in crate::reset) change: i64,
}

/// Maximum number of changes per read. The SQL of [`load_changed_since`] repeats the number.
pub(in crate::reset) const MAX_CHANGES_PER_READ: usize = 1_000;

/// Loads resets that changed after a counter value, oldest change first, at most [`MAX_CHANGES_PER_READ`].
pub(in crate::reset) async fn load_changed_since(db: &Db, change: i64) -> Result<Vec<ChangedReset>, StoreError> {
    const SQL: &str = "SELECT id, reference, change FROM resets WHERE change > $1 ORDER BY change LIMIT 1000";
    let rows: Vec<(LenientColumn<ResetId>, String, i64)> = select_all!(db, SQL, change)?;
    let read = |(id, reference, change): (LenientColumn<ResetId>, String, i64)| {
        Some(ChangedReset { id: id.0?, reference, change })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

pub(in crate::reset) async fn load_newest_change(db: &Db) -> Result<i64, StoreError> {
    load_counter(db, CHANGE_COUNTER).await
}
