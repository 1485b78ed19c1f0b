//! Work that is due, claimed by leases.

use jiff::{SignedDuration, Timestamp};

use super::{Row, with_columns};
use crate::base::ResetId;
use crate::reset::reading::Reset;
use crate::store::{Db, StoreError, on_db};

/// Sending resets whose owner died.
pub(in crate::reset) async fn orphans(db: &Db, now: Timestamp) -> Result<Vec<Reset>, StoreError> {
    const SQL: &str = with_columns!(
        "SELECT ",
        " FROM resets WHERE state = 'sending' AND lease_until < $1 ORDER BY lease_until LIMIT 50"
    );
    let now = now.as_millisecond();
    let rows: Vec<Row> = on_db!(db, |pool| sqlx::query_as(SQL).bind(now).fetch_all(pool).await)?;
    rows.into_iter().map(Reset::try_from).collect()
}

/// What can be due.
#[derive(Clone, Copy)]
pub(in crate::reset) enum Due {
    /// Asking the operation.
    Poll,
    /// Looking for evidence.
    Look,
}

/// Claims what is due: nobody else works on it until the lease ends. The outer condition repeats the inner one whole:
/// without that, 12 workers claimed 405 times for 400 rows (stack.md).
pub(in crate::reset) async fn claim(
    db: &Db,
    due: Due,
    owner: &str,
    now: Timestamp,
    lease: SignedDuration,
) -> Result<Vec<Reset>, StoreError> {
    const POLL: &str = with_columns!(
        "UPDATE resets SET lease_owner = $1, lease_until = $3 WHERE id IN (
            SELECT id FROM resets WHERE state = 'writing' AND next_poll_at <= $2 AND (lease_until IS NULL OR lease_until < $2)
            ORDER BY next_poll_at LIMIT 16)
        AND state = 'writing' AND next_poll_at <= $2 AND (lease_until IS NULL OR lease_until < $2) RETURNING ",
        ""
    );
    const LOOK: &str = with_columns!(
        "UPDATE resets SET lease_owner = $1, lease_until = $3 WHERE id IN (
            SELECT id FROM resets WHERE open = 0 AND next_look_at <= $2 AND (lease_until IS NULL OR lease_until < $2)
            ORDER BY next_look_at LIMIT 64)
        AND open = 0 AND next_look_at <= $2 AND (lease_until IS NULL OR lease_until < $2) RETURNING ",
        ""
    );
    let sql = match due {
        Due::Poll => POLL,
        Due::Look => LOOK,
    };
    let until = now.saturating_add(lease).unwrap_or(now).as_millisecond();
    let now = now.as_millisecond();
    let rows: Vec<Row> =
        on_db!(db, |pool| sqlx::query_as(sql).bind(owner).bind(now).bind(until).fetch_all(pool).await)?;
    rows.into_iter().map(Reset::try_from).collect()
}

/// What a poll that ended nothing leaves behind, if the lease is still ours.
pub(in crate::reset) struct Next {
    pub(in crate::reset) poll_at: Timestamp,
    pub(in crate::reset) lost_since: Option<Timestamp>,
    pub(in crate::reset) down_since: Option<Timestamp>,
    pub(in crate::reset) down_total_ms: i64,
}

pub(in crate::reset) async fn poll_later(db: &Db, id: ResetId, owner: &str, next: &Next) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE resets SET next_poll_at = $3, polls = polls + 1, lost_since = $4, down_since = $5, down_total = $6,
        lease_owner = NULL, lease_until = NULL WHERE id = $1 AND lease_owner = $2 AND state = 'writing'";
    let (id, poll) = (id.to_string(), next.poll_at.as_millisecond());
    let (lost, down) = (next.lost_since.map(Timestamp::as_millisecond), next.down_since.map(Timestamp::as_millisecond));
    let rows = on_db!(db, |p| sqlx::query(SQL)
        .bind(&id)
        .bind(owner)
        .bind(poll)
        .bind(lost)
        .bind(down)
        .bind(next.down_total_ms)
        .execute(p)
        .await
        .map(|d| d.rows_affected()))?;
    if rows == 1 { Ok(()) } else { Err(StoreError::NoRow) }
}

/// Looks again then, or never.
pub(in crate::reset) async fn look_later(
    db: &Db,
    id: ResetId,
    owner: &str,
    look_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET next_look_at = $3, lease_owner = NULL, lease_until = NULL WHERE id = $1 AND lease_owner = $2";
    let (id, look) = (id.to_string(), look_at.map(Timestamp::as_millisecond));
    on_db!(db, |pool| sqlx::query(SQL).bind(&id).bind(owner).bind(look).execute(pool).await.map(|_| ()))?;
    Ok(())
}
