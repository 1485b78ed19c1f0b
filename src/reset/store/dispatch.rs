//! SQL for a reset that is being sent, and for the throttle queue. Updates apply only while the owner holds the lease.

use jiff::{SignedDuration, Timestamp};

use crate::base::{ObjectId, ResetId, TimestampExt as _};
use crate::store::{Db, StoreError, StoredTime, Tx, exec_db, exec_tx, one_row, select_one, select_optional};

/// Maximum throttle wait that counts. `entra` accepts a `Retry-After` of at most one hour.
const MAX_THROTTLE_WAIT: SignedDuration = SignedDuration::from_mins(61);
/// Time after the end of throttling within which the queue has drained.
const QUEUE_DRAIN_TIME: SignedDuration = SignedDuration::from_mins(1);

/// Lease on a reset that its owner is sending, renewed until a time.
#[derive(Clone, Copy)]
pub(in crate::reset) struct HeldLease<'a> {
    pub(in crate::reset) id: ResetId,
    pub(in crate::reset) owner: &'a str,
    pub(in crate::reset) until: Timestamp,
}

/// Sets `dispatched_at` just before the POST, if the owner still holds the lease and the reset is unsent. A later owner
/// finds it set. In the transaction that decides about the hourly limit.
pub(in crate::reset) async fn mark_dispatched(
    tx: &mut Tx,
    lease: HeldLease<'_>,
    operator: ObjectId,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET dispatched_at = $3, lease_until = $4, operator = $5
        WHERE id = $1 AND lease_owner = $2 AND state = 'sending' AND dispatched_at IS NULL";
    let HeldLease { id, owner, until } = lease;
    one_row(exec_tx!(tx, SQL, id, owner, StoredTime(now), StoredTime(until), operator)?)
}

/// Clears `dispatched_at`, because Graph's response proves that it accepted nothing.
pub(in crate::reset) async fn clear_dispatched(db: &Db, lease: HeldLease<'_>) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET dispatched_at = NULL, lease_until = $3
        WHERE id = $1 AND lease_owner = $2 AND state = 'sending' AND dispatched_at IS NOT NULL";
    one_row(exec_db!(db, SQL, lease.id, lease.owner, StoredTime(lease.until))?)
}

/// Renews the lease while the request is in progress. [`StoreError::RowNotFound`]: another process took the reset over.
pub(in crate::reset) async fn renew_lease(db: &Db, lease: HeldLease<'_>) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET lease_until = $3 WHERE id = $1 AND lease_owner = $2 AND state = 'sending'";
    one_row(exec_db!(db, SQL, lease.id, lease.owner, StoredTime(lease.until))?)
}

/// Marks a reset as queued and renews its lease.
pub(in crate::reset) async fn mark_queued(tx: &mut Tx, lease: HeldLease<'_>, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET line_since = COALESCE(line_since, $3), lease_until = $4
        WHERE id = $1 AND lease_owner = $2 AND state = 'sending'";
    one_row(exec_tx!(tx, SQL, lease.id, lease.owner, StoredTime(now), StoredTime(lease.until))?)
}

/// Loads the time until which Graph throttles or throttled resets, if it is recent enough for a queue to remain.
pub(in crate::reset) async fn load_throttled_until(db: &Db, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    // A time further ahead than any response may request was written before the clock was set back.
    const SQL: &str = "SELECT until FROM throttles WHERE name = 'reset' AND until > $1 AND until <= $2";
    let (from, furthest) = (now.earlier(QUEUE_DRAIN_TIME), now.later(MAX_THROTTLE_WAIT));
    let row: Option<(StoredTime,)> = select_optional!(db, SQL, StoredTime(from), StoredTime(furthest))?;
    Ok(row.map(|(until,)| until.0))
}

/// Counts the queued resets that were created before this one.
pub(in crate::reset) async fn count_ahead_in_queue(
    db: &Db,
    created_at: Timestamp,
    id: ResetId,
) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM resets WHERE open = 1 AND state = 'sending' AND line_since IS NOT NULL AND dispatched_at IS NULL
        AND (created_at < $1 OR (created_at = $1 AND id < $2))";
    let (count,): (i64,) = select_one!(db, SQL, StoredTime(created_at), id)?;
    Ok(count)
}

/// Saves the time until which Graph throttles resets. A later time that is already stored is kept.
pub(in crate::reset) async fn save_throttle_until(db: &Db, until: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO throttles (name, until) VALUES ('reset', $1)
        ON CONFLICT (name) DO UPDATE SET until = CASE WHEN throttles.until > $1 THEN throttles.until ELSE $1 END";
    exec_db!(db, SQL, StoredTime(until))?;
    Ok(())
}
