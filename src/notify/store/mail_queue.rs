//! Queue operations that both mail tables share.
//!
//! A replica claims a row by moving `due_at`, so that only one replica sends it. A claim expires automatically, long
//! after the slowest mail server would have replied.

use jiff::{SignedDuration, Timestamp};

use crate::base::TimestampExt as _;
use crate::store::{Db, StoreError, StoredTime, Tx, exec_db, exec_tx, one_row};

/// Time after which a claim expires: longer than a delivery, plus clocks that differ by minutes.
pub(in crate::notify) const CLAIM_LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// Maximum time that a due time can be ahead. A later one was written before the clock was set back, so the row is due.
pub(super) const MAX_DUE_AHEAD: SignedDuration = SignedDuration::from_hours(6);

/// Mail table, with the statements that change its rows.
#[derive(Debug)]
pub(in crate::notify) struct MailQueue {
    /// Name of the table, which is part of the seal context.
    pub(in crate::notify) table: &'static str,
    claim_sql: &'static str,
    update_recipients_sql: &'static str,
    reschedule_sql: &'static str,
    mark_ended_sql: &'static str,
}

macro_rules! queue {
    ($table:literal, $key:literal) => {
        MailQueue {
            table: $table,
            claim_sql: concat!(
                "UPDATE ",
                $table,
                " SET owner = $3, due_at = $4, tries = tries + 1,
                    first_try_at = COALESCE(first_try_at, $5) WHERE ",
                $key,
                " = $1 AND due_at = $2"
            ),
            update_recipients_sql: concat!("UPDATE ", $table, " SET sealed = $3 WHERE ", $key, " = $1 AND owner = $2"),
            reschedule_sql: concat!(
                "UPDATE ",
                $table,
                " SET due_at = $3, owner = NULL WHERE ",
                $key,
                " = $1 AND owner = $2"
            ),
            mark_ended_sql: concat!(
                "UPDATE ",
                $table,
                " SET due_at = NULL, owner = NULL, sealed = '', outcome = $3, ended_at = $4
                    WHERE ",
                $key,
                " = $1 AND owner = $2"
            ),
        }
    };
}

pub(in crate::notify) static RESET_NOTICES: MailQueue = queue!("notices", "reset_id");
pub(in crate::notify) static EVENT_NOTICES: MailQueue = queue!("letters", "id");

/// Mail that waits for delivery.
#[derive(Clone, Debug)]
pub(in crate::notify) struct QueuedMail {
    pub(in crate::notify) queue: &'static MailQueue,
    pub(in crate::notify) id: String,
    pub(in crate::notify) language: String,
    pub(in crate::notify) sealed: String,
    pub(in crate::notify) attempts: i64,
    pub(in crate::notify) first_attempt_at: Option<Timestamp>,
    /// Value of `due_at` when the row was read. The replica that changes it first has the claim.
    pub(super) due_at_as_read: StoredTime,
}

/// Columns that both mail tables have.
#[derive(sqlx::FromRow)]
pub(super) struct QueuedMailRow {
    id: String,
    language: String,
    sealed: String,
    tries: i64,
    first_try_at: Option<StoredTime>,
    due_at: StoredTime,
}

impl QueuedMailRow {
    pub(super) fn into_queued_mail(self, queue: &'static MailQueue) -> QueuedMail {
        QueuedMail {
            queue,
            id: self.id,
            language: self.language,
            sealed: self.sealed,
            attempts: self.tries,
            first_attempt_at: self.first_try_at.map(|at| at.0),
            due_at_as_read: self.due_at,
        }
    }
}

/// Claims a mail for one attempt. Returns false if another replica was faster.
pub(in crate::notify) async fn claim_mail(
    db: &Db,
    waiting: &QueuedMail,
    owner: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let until = StoredTime(now.later(CLAIM_LIFETIME));
    let rows =
        exec_db!(db, waiting.queue.claim_sql, &waiting.id, waiting.due_at_as_read, owner, until, StoredTime(now))?;
    Ok(rows == 1)
}

/// Updates the sealed recipients that remain.
pub(in crate::notify) async fn update_recipients(
    db: &Db,
    waiting: &QueuedMail,
    owner: &str,
    sealed: &str,
) -> Result<(), StoreError> {
    let rows = exec_db!(db, waiting.queue.update_recipients_sql, &waiting.id, owner, sealed)?;
    one_row(rows)
}

/// Reschedules delivery after a failed attempt.
pub(in crate::notify) async fn reschedule_mail(
    db: &Db,
    waiting: &QueuedMail,
    owner: &str,
    until: Timestamp,
) -> Result<(), StoreError> {
    exec_db!(db, waiting.queue.reschedule_sql, &waiting.id, owner, StoredTime(until))?;
    Ok(())
}

/// Ends delivery with an outcome and deletes the sealed recipients.
pub(in crate::notify) async fn mark_ended(
    tx: &mut Tx,
    waiting: &QueuedMail,
    owner: &str,
    outcome: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows = exec_tx!(tx, waiting.queue.mark_ended_sql, &waiting.id, owner, outcome, StoredTime(now))?;
    one_row(rows)
}
