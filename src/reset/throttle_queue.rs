//! Throttle queue for resets while Graph answers 429: one queue for all replicas, in order of creation.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::lease_monitor::hold_lease;
use super::record::PasswordReset;
use super::state::ResetState;
use super::{store, transition};
use crate::base::{ResetId, TimestampExt as _};
use crate::state::AppState;
use crate::store::{Db, StoreError};

/// Interval between two queued resets after the throttle wait. Graph admits about 20 requests per second per tenant
/// (Microsoft Graph documentation, throttling limits), and other clients in the tenant need a share.
const DISPATCH_INTERVAL: SignedDuration = SignedDuration::from_millis(100);
/// Interval at which the status page of a queued reset is updated with its position.
const QUEUE_UPDATE_INTERVAL: SignedDuration = SignedDuration::from_secs(2);

/// Result of waiting in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueueWait {
    /// The reset may be sent now.
    TurnReached,
    /// The wait would be too long, or the process is shutting down.
    TooLong,
}

/// Waits in the queue while Graph throttles. Afterwards resets are sent in order of creation, so that they are not sent
/// all at once and throttled again.
pub(super) async fn wait_in_queue(
    app: &AppState,
    id: ResetId,
    created_at: Timestamp,
    at_most: Duration,
) -> Result<QueueWait, StoreError> {
    let until = app.clock.elapsed() + at_most;
    let mut updated_at: Option<Timestamp> = None;
    loop {
        let now = app.now();
        let scheduled_at = load_scheduled_at(&app.db, created_at, id, now).await?;
        let Some(turn) = scheduled_at.filter(|turn| *turn > now) else {
            // A machine that slept while it waited may reach the turn long after the limit.
            let is_late = app.clock.elapsed() > until;
            return Ok(if is_late { QueueWait::TooLong } else { QueueWait::TurnReached });
        };
        let left = Duration::try_from(turn.duration_since(now)).unwrap_or_default();
        if app.clock.elapsed() + left > until || app.shutdown.is_cancelled() {
            return Ok(QueueWait::TooLong);
        }
        // Updates the position on the status page at intervals, not in every step.
        if updated_at.is_none_or(|at| now.duration_since(at) >= QUEUE_UPDATE_INTERVAL || now < at) {
            let mut transaction = app.audit_log.begin().await?;
            store::mark_queued(transaction.tx(), hold_lease(app, id, now), now).await?;
            transition::commit_change(app, transaction, id, now).await?;
            updated_at = Some(now);
        }
        // Short steps, so that a clock change, a shutdown and a longer throttle are all noticed.
        tokio::time::sleep(left.clamp(Duration::from_millis(20), Duration::from_millis(500))).await;
    }
}

/// Returns the time at which a reset may be sent, or `None` if there is no queue.
async fn load_scheduled_at(
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
