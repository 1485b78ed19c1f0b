//! Throttle queue for resets while Graph answers 429: one queue for all replicas, in order of creation.

use jiff::{SignedDuration, Timestamp};

use super::record::PasswordReset;
use super::state::ResetState;
use super::store;
use crate::base::{ResetId, TimestampExt as _};
use crate::store::{Db, StoreError};

/// Interval between two queued resets after the throttle wait. Graph admits about 20 requests per second per tenant
/// (Microsoft Graph documentation, throttling limits), and other clients in the tenant need a share.
const DISPATCH_INTERVAL: SignedDuration = SignedDuration::from_millis(100);

/// Returns the time at which a reset may be sent, or `None` if there is no queue.
pub(super) async fn load_scheduled_at(
    db: &Db,
    created_at: Timestamp,
    id: ResetId,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(until) = store::load_throttled_until(db, now).await? else { return Ok(None) };
    let ahead = store::count_ahead_in_queue(db, created_at, id).await?;
    Ok(Some(until.later(DISPATCH_INTERVAL * i32::try_from(ahead).unwrap_or(i32::MAX))))
}

/// Position in the throttle queue and the expected wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueuePosition {
    /// Position, starting at 1 for the next reset to be sent.
    pub(super) number: i64,
    pub(super) expected_wait: SignedDuration,
}

/// Returns the queue position of a waiting reset, or `None` if it does not wait.
pub(super) async fn load_queue_position(
    db: &Db,
    reset: &PasswordReset,
    now: Timestamp,
) -> Result<Option<QueuePosition>, StoreError> {
    if reset.state != ResetState::Sending || reset.queued_since.is_none() || reset.dispatched_at.is_some() {
        return Ok(None);
    }
    let Some(turn) = load_scheduled_at(db, reset.created_at, reset.id, now).await? else { return Ok(None) };
    let number = store::count_ahead_in_queue(db, reset.created_at, reset.id).await? + 1;
    Ok(Some(QueuePosition { number, expected_wait: turn.duration_since(now).max(SignedDuration::from_secs(1)) }))
}
