//! SQL that claims due work with leases.

use jiff::{SignedDuration, Timestamp};

use super::{ResetRow, with_reset_columns};
use crate::base::{ResetId, TimestampExt as _};
use crate::reset::record::PasswordReset;
use crate::store::{Db, StoreError, exec_db, one_row, select_all, select_one, write_db};

/// Lease of a reset that is being sent, as other replicas see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::reset) struct SendingLease {
    pub(in crate::reset) id: ResetId,
    pub(in crate::reset) owner: String,
    /// End of the lease in Unix milliseconds. The owner renews it every few seconds: while it changes, the owner is
    /// running.
    pub(in crate::reset) lease_until_ms: i64,
}

/// Loads the leases of all resets that are being sent.
pub(in crate::reset) async fn load_sending_leases(db: &Db) -> Result<Vec<SendingLease>, StoreError> {
    const SQL: &str = "SELECT id, COALESCE(lease_owner, ''), COALESCE(lease_until, 0) FROM resets WHERE state = 'sending' ORDER BY lease_until LIMIT 1000";
    let rows: Vec<(String, String, i64)> = select_all!(db, SQL)?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, owner, until)| Some(SendingLease { id: id.parse().ok()?, owner, lease_until_ms: until }))
        .collect())
}

/// Takes over a reset whose owner stopped, if its lease is unchanged since it was seen. Afterwards the old owner can
/// neither dispatch nor renew, so `dispatched_at` in the row stays correct.
pub(in crate::reset) async fn take_over_lease(
    db: &Db,
    seen: &SendingLease,
    owner: &str,
    until: Timestamp,
) -> Result<Option<PasswordReset>, StoreError> {
    const SQL: &str = with_reset_columns!(
        "UPDATE resets SET lease_owner = $4, lease_until = $5
            WHERE id = $1 AND state = 'sending' AND COALESCE(lease_owner, '') = $2 AND COALESCE(lease_until, 0) = $3 RETURNING ",
        ""
    );
    let (id, until) = (seen.id.to_string(), until.as_millisecond());
    let row: Option<ResetRow> = write_db!(db, |p| sqlx::query_as(SQL)
        .bind(&id)
        .bind(&seen.owner)
        .bind(seen.lease_until_ms)
        .bind(owner)
        .bind(until)
        .fetch_optional(p)
        .await)?;
    row.map(PasswordReset::try_from).transpose()
}

/// Kind of due work.
#[derive(Clone, Copy)]
pub(in crate::reset) enum DueWork {
    /// Polling the operation.
    Poll,
    /// Checking for evidence.
    EvidenceCheck,
}

impl DueWork {
    /// Returns the maximum delay of this work. A later due time was written before the clock was set back, so the work
    /// counts as due.
    fn max_delay(self) -> SignedDuration {
        match self {
            Self::Poll => SignedDuration::from_mins(5),
            Self::EvidenceCheck => SignedDuration::from_mins(30),
        }
    }
}

/// Claims due work until the lease ends. The outer condition repeats the entire inner one: without it, 12 workers made
/// 405 claims on 400 rows in a measurement. `$4` and `$5` bound times that only a clock that was set back can have left
/// behind.
pub(in crate::reset) async fn claim_due(
    db: &Db,
    due: DueWork,
    owner: &str,
    now: Timestamp,
    lease: SignedDuration,
) -> Result<Vec<PasswordReset>, StoreError> {
    const CLAIM_POLLS: &str = with_reset_columns!(
        "UPDATE resets SET lease_owner = $1, lease_until = $3 WHERE id IN (
            SELECT id FROM resets WHERE state = 'writing' AND (next_poll_at <= $2 OR next_poll_at > $4) AND (lease_until IS NULL OR lease_until < $2 OR lease_until > $5)
            ORDER BY next_poll_at LIMIT 16)
        AND state = 'writing' AND (next_poll_at <= $2 OR next_poll_at > $4) AND (lease_until IS NULL OR lease_until < $2 OR lease_until > $5) RETURNING ",
        ""
    );
    const CLAIM_EVIDENCE_CHECKS: &str = with_reset_columns!(
        "UPDATE resets SET lease_owner = $1, lease_until = $3 WHERE id IN (
            SELECT id FROM resets WHERE open = 0 AND (next_look_at <= $2 OR next_look_at > $4) AND (lease_until IS NULL OR lease_until < $2 OR lease_until > $5)
            ORDER BY next_look_at LIMIT 64)
        AND open = 0 AND (next_look_at <= $2 OR next_look_at > $4) AND (lease_until IS NULL OR lease_until < $2 OR lease_until > $5) RETURNING ",
        ""
    );
    let sql = match due {
        DueWork::Poll => CLAIM_POLLS,
        DueWork::EvidenceCheck => CLAIM_EVIDENCE_CHECKS,
    };
    let after = |span: SignedDuration| now.later(span).as_millisecond();
    let (until, far, held) = (after(lease), after(due.max_delay()), after(lease * 2));
    let now = now.as_millisecond();
    let rows: Vec<ResetRow> = write_db!(db, |p| sqlx::query_as(sql)
        .bind(owner)
        .bind(now)
        .bind(until)
        .bind(far)
        .bind(held)
        .fetch_all(p)
        .await)?;
    rows.into_iter().map(PasswordReset::try_from).collect()
}

/// Values to store after a poll that did not end the reset.
pub(in crate::reset) struct PollSchedule {
    pub(in crate::reset) poll_at: Timestamp,
    pub(in crate::reset) lost_since: Option<Timestamp>,
    pub(in crate::reset) outage_since: Option<Timestamp>,
    pub(in crate::reset) outage_total_ms: i64,
}

/// Stores the schedule of the next poll and releases the lease. [`StoreError::NoRow`]: the lease has another owner.
pub(in crate::reset) async fn schedule_poll(
    db: &Db,
    id: ResetId,
    owner: &str,
    next: &PollSchedule,
) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE resets SET next_poll_at = $3, polls = polls + 1, lost_since = $4, down_since = $5, down_total = $6,
        lease_owner = NULL, lease_until = NULL WHERE id = $1 AND lease_owner = $2 AND state = 'writing'";
    let (id, poll) = (id.to_string(), next.poll_at.as_millisecond());
    let (lost, down) =
        (next.lost_since.map(Timestamp::as_millisecond), next.outage_since.map(Timestamp::as_millisecond));
    let rows = exec_db!(db, SQL, &id, owner, poll, lost, down, next.outage_total_ms)?;
    one_row(rows)
}

/// Schedules the next evidence check, or none, and releases the lease.
pub(in crate::reset) async fn schedule_evidence_check(
    db: &Db,
    id: ResetId,
    owner: &str,
    look_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET next_look_at = $3, lease_owner = NULL, lease_until = NULL WHERE id = $1 AND lease_owner = $2";
    let (id, look) = (id.to_string(), look_at.map(Timestamp::as_millisecond));
    exec_db!(db, SQL, &id, owner, look)?;
    Ok(())
}

/// Returns whether another reset of this person may have an audit record in the same period. A reset that Graph refused
/// immediately has none.
pub(in crate::reset) async fn has_overlapping_reset(
    db: &Db,
    reset: &PasswordReset,
    from: Timestamp,
    to: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM resets WHERE tenant = $1 AND object = $2 AND id <> $3 AND dispatched_at IS NOT NULL
        AND dispatched_at <= $5 AND (settled_at IS NULL OR settled_at >= $4) AND NOT (state = 'refused' AND accepted_at IS NULL)";
    let (tenant, object, id) = (reset.person.tenant.to_string(), reset.person.object.to_string(), reset.id.to_string());
    let (from, to) = (from.as_millisecond(), to.as_millisecond());
    let (count,): (i64,) = select_one!(db, SQL, &tenant, &object, &id, from, to)?;
    Ok(count > 0)
}
