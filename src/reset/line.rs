//! The line that forms when Graph throttles: one for all replicas, in the order of coming.

use jiff::{SignedDuration, Timestamp};

use super::reading::Reset;
use super::state::State;
use super::store;
use crate::base::ResetId;
use crate::store::{Db, StoreError};

/// After the wait one goes every so often. Graph admits about 20 a second per tenant (graph.md, throttling), and
/// others in the tenant want some.
const PACE: SignedDuration = SignedDuration::from_millis(100);

/// When it is this one's turn; `None`: there is no line.
pub(super) async fn turn(
    db: &Db,
    created_at: Timestamp,
    id: ResetId,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(until) = store::throttled_until(db, now).await? else { return Ok(None) };
    let ahead = store::ahead_in_line(db, created_at, id).await?;
    Ok(Some(until.saturating_add(PACE * i32::try_from(ahead).unwrap_or(i32::MAX)).unwrap_or(until)))
}

/// Where somebody stands, and for how long as far as anybody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// 1 is next.
    pub(super) number: i64,
    pub(super) wait: SignedDuration,
}

/// The place of a reset that waits.
pub(super) async fn place(db: &Db, reset: &Reset, now: Timestamp) -> Result<Option<Place>, StoreError> {
    if reset.state != State::Sending || reset.line_since.is_none() || reset.dispatched_at.is_some() {
        return Ok(None);
    }
    let Some(turn) = turn(db, reset.created_at, reset.id, now).await? else { return Ok(None) };
    let number = store::ahead_in_line(db, reset.created_at, reset.id).await? + 1;
    Ok(Some(Place { number, wait: turn.duration_since(now).max(SignedDuration::from_secs(1)) }))
}
