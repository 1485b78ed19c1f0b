//! Mail that waits to be sent, whatever it tells. A row is claimed by moving `due_at`, so that one replica has it; a claim
//! ends by itself, long after the slowest mail server would have answered.

use jiff::{SignedDuration, Timestamp};

use super::{at, later};
use crate::store::{Db, StoreError, Tx, on_tx, write_db};

/// A claim outlives its work and clocks that differ by minutes.
pub(in crate::notify) const CLAIM: SignedDuration = SignedDuration::from_mins(15);
/// A due time further ahead than this was written before the clock was set back.
pub(super) const FARTHEST: SignedDuration = SignedDuration::from_hours(6);

/// A table whose rows are mail, by the statements that move it.
#[derive(Debug)]
pub(in crate::notify) struct Queue {
    /// Its name, to which what is sealed in it is bound.
    pub(in crate::notify) table: &'static str,
    claim: &'static str,
    keep: &'static str,
    put_off: &'static str,
    end: &'static str,
}

macro_rules! queue {
    ($table:literal, $key:literal) => {
        Queue {
            table: $table,
            claim: concat!(
                "UPDATE ",
                $table,
                " SET owner = $3, due_at = $4, tries = tries + 1,
                    first_try_at = COALESCE(first_try_at, $5) WHERE ",
                $key,
                " = $1 AND due_at = $2"
            ),
            keep: concat!("UPDATE ", $table, " SET sealed = $3 WHERE ", $key, " = $1 AND owner = $2"),
            put_off: concat!("UPDATE ", $table, " SET due_at = $3, owner = NULL WHERE ", $key, " = $1 AND owner = $2"),
            end: concat!(
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

pub(in crate::notify) static NOTICES: Queue = queue!("notices", "reset_id");
pub(in crate::notify) static LETTERS: Queue = queue!("letters", "id");

/// One piece of mail that waits.
#[derive(Clone, Debug)]
pub(in crate::notify) struct Waiting {
    pub(in crate::notify) queue: &'static Queue,
    pub(in crate::notify) id: String,
    pub(in crate::notify) language: String,
    pub(in crate::notify) sealed: String,
    pub(in crate::notify) tries: i64,
    pub(in crate::notify) first_try_at: Option<Timestamp>,
    /// `due_at`, as it was read: who changes it first has the row.
    pub(super) as_read: i64,
}

/// The columns that every queue has.
#[derive(sqlx::FromRow)]
pub(super) struct WaitingRow {
    id: String,
    language: String,
    sealed: String,
    tries: i64,
    first_try_at: Option<i64>,
    due_at: i64,
}

impl WaitingRow {
    pub(super) fn of(self, queue: &'static Queue) -> Waiting {
        Waiting {
            queue,
            id: self.id,
            language: self.language,
            sealed: self.sealed,
            tries: self.tries,
            first_try_at: self.first_try_at.map(at),
            as_read: self.due_at,
        }
    }
}

/// Claims a piece for one try. False: another replica was faster.
pub(in crate::notify) async fn claim(
    db: &Db,
    waiting: &Waiting,
    owner: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let until = later(now, CLAIM);
    let rows = write_db!(db, |pool| sqlx::query(waiting.queue.claim)
        .bind(&waiting.id)
        .bind(waiting.as_read)
        .bind(owner)
        .bind(until)
        .bind(now.as_millisecond())
        .execute(pool)
        .await
        .map(|d| d.rows_affected()))?;
    Ok(rows == 1)
}

/// Whom is left to tell.
pub(in crate::notify) async fn keep(db: &Db, waiting: &Waiting, owner: &str, sealed: &str) -> Result<(), StoreError> {
    let rows = write_db!(db, |pool| sqlx::query(waiting.queue.keep)
        .bind(&waiting.id)
        .bind(owner)
        .bind(sealed)
        .execute(pool)
        .await
        .map(|d| d.rows_affected()))?;
    if rows == 1 { Ok(()) } else { Err(StoreError::NoRow) }
}

/// Not now: again after a while.
pub(in crate::notify) async fn put_off(
    db: &Db,
    waiting: &Waiting,
    owner: &str,
    until: Timestamp,
) -> Result<(), StoreError> {
    let until = until.as_millisecond();
    write_db!(db, |pool| sqlx::query(waiting.queue.put_off)
        .bind(&waiting.id)
        .bind(owner)
        .bind(until)
        .execute(pool)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// It is done, one way or the other: the addresses go.
pub(in crate::notify) async fn end(
    tx: &mut Tx,
    waiting: &Waiting,
    owner: &str,
    outcome: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let now = now.as_millisecond();
    let rows = on_tx!(tx, |c| sqlx::query(waiting.queue.end)
        .bind(&waiting.id)
        .bind(owner)
        .bind(outcome)
        .bind(now)
        .execute(c)
        .await
        .map(|d| d.rows_affected()))?;
    if rows == 1 { Ok(()) } else { Err(StoreError::NoRow) }
}
