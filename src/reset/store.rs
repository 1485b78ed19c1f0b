//! The SQL of resets. Every visible change counts `change` up by one for the whole table, which is what event streams
//! wait for.

use jiff::{SignedDuration, Timestamp};

use super::causes::Cause;
use super::reading::{Proof, Reset, Rung};
use super::state::State;
use crate::base::{PersonKey, Reference, ResetId};
use crate::people::Facts;
use crate::store::{Db, StoreError, Tx, on_db, on_tx};

/// The columns of a reset, once: `concat!` takes literals only.
macro_rules! with_columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "id, reference, tenant, object, name, synced, state, cause, created_at, updated_at, dispatched_at, accepted_at, \
             settled_at, location, polls, lost_since, down_since, down_total, line_since, revision",
            $after
        )
    };
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    reference: String,
    tenant: String,
    object: String,
    name: String,
    synced: i64,
    state: String,
    cause: Option<String>,
    created_at: i64,
    updated_at: i64,
    dispatched_at: Option<i64>,
    accepted_at: Option<i64>,
    settled_at: Option<i64>,
    location: Option<String>,
    polls: i64,
    lost_since: Option<i64>,
    down_since: Option<i64>,
    down_total: i64,
    line_since: Option<i64>,
    revision: i64,
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

impl TryFrom<Row> for Reset {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = |problem: &str| StoreError::BadRow { table: "resets", problem: format!("{problem} of {}", row.id) };
        Ok(Self {
            id: row.id.parse().map_err(|_| bad("id"))?,
            reference: row.reference.parse().map_err(|_| bad("reference"))?,
            person: PersonKey {
                tenant: row.tenant.parse().map_err(|_| bad("tenant"))?,
                object: row.object.parse().map_err(|_| bad("object"))?,
            },
            state: State::read(&row.state).ok_or_else(|| bad("state"))?,
            cause: row.cause.as_deref().map(|code| Cause::read(code).ok_or_else(|| bad("cause"))).transpose()?,
            name: row.name,
            synced: row.synced == 1,
            created_at: at(row.created_at),
            updated_at: at(row.updated_at),
            dispatched_at: row.dispatched_at.map(at),
            accepted_at: row.accepted_at.map(at),
            settled_at: row.settled_at.map(at),
            location: row.location,
            polls: row.polls,
            lost_since: row.lost_since.map(at),
            down_since: row.down_since.map(at),
            down_total_ms: row.down_total,
            line_since: row.line_since.map(at),
            revision: row.revision,
        })
    }
}

/// The next number of the table-wide change counter. Taken last in a transaction, since its row is everybody's.
async fn next_change(tx: &mut Tx) -> Result<i64, StoreError> {
    const SQL: &str = "UPDATE counters SET value = value + 1 WHERE name = 'change' RETURNING value";
    let (value,): (i64,) = on_tx!(tx, |c| sqlx::query_as(SQL).fetch_one(c).await)?;
    Ok(value)
}

/// Marks a reset as visibly changed.
pub(super) async fn touch(tx: &mut Tx, id: ResetId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET change = $2, revision = revision + 1, updated_at = $3 WHERE id = $1";
    let (id, change, now) = (id.to_string(), next_change(tx).await?, now.as_millisecond());
    on_tx!(tx, |c| sqlx::query(SQL).bind(&id).bind(change).bind(now).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// A new intent.
pub(super) struct Intent<'a> {
    pub(super) id: ResetId,
    pub(super) reference: &'a Reference,
    pub(super) person: PersonKey,
    pub(super) facts: &'a Facts,
    pub(super) owner: &'a str,
    pub(super) lease_until: Timestamp,
    pub(super) now: Timestamp,
}

/// Writes the intent down. [`StoreError::Exists`]: the person has an unfinished reset.
pub(super) async fn insert(tx: &mut Tx, intent: &Intent<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO resets (id, reference, tenant, object, upn, name, synced, state, created_at, updated_at, revision, change,
            lease_owner, lease_until, open)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'sending', $8, $8, 1, 0, $9, $10, 1)";
    let (id, tenant, object) =
        (intent.id.to_string(), intent.person.tenant.to_string(), intent.person.object.to_string());
    let (now, until, synced) =
        (intent.now.as_millisecond(), intent.lease_until.as_millisecond(), i64::from(intent.facts.synced()));
    on_tx!(tx, |c| sqlx::query(SQL)
        .bind(&id)
        .bind(intent.reference.as_str())
        .bind(&tenant)
        .bind(&object)
        .bind(&intent.facts.upn)
        .bind(&intent.facts.name)
        .bind(synced)
        .bind(now)
        .bind(intent.owner)
        .bind(until)
        .execute(c)
        .await
        .map(|_| ()))?;
    Ok(())
}

pub(super) async fn by_reference(db: &Db, reference: &Reference) -> Result<Option<Reset>, StoreError> {
    const SQL: &str = with_columns!("SELECT ", " FROM resets WHERE reference = $1");
    let row: Option<Row> = on_db!(db, |pool| sqlx::query_as(SQL).bind(reference.as_str()).fetch_optional(pool).await)?;
    row.map(Reset::try_from).transpose()
}

pub(super) async fn by_id(db: &Db, id: ResetId) -> Result<Option<Reset>, StoreError> {
    const SQL: &str = with_columns!("SELECT ", " FROM resets WHERE id = $1");
    let id = id.to_string();
    let row: Option<Row> = on_db!(db, |pool| sqlx::query_as(SQL).bind(&id).fetch_optional(pool).await)?;
    row.map(Reset::try_from).transpose()
}

/// The newest reset of a person.
pub(super) async fn latest(db: &Db, person: PersonKey) -> Result<Option<Reset>, StoreError> {
    const SQL: &str = with_columns!(
        "SELECT ",
        " FROM resets WHERE tenant = $1 AND object = $2 ORDER BY created_at DESC, id DESC LIMIT 1"
    );
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    let row: Option<Row> =
        on_db!(db, |pool| sqlx::query_as(SQL).bind(&tenant).bind(&object).fetch_optional(pool).await)?;
    row.map(Reset::try_from).transpose()
}

/// A change of state, only from the state it was decided in. [`StoreError::NoRow`]: somebody was faster.
pub(super) struct Move<'a> {
    pub(super) id: ResetId,
    pub(super) from: State,
    pub(super) to: State,
    pub(super) cause: Option<Cause>,
    pub(super) detail: Option<&'a str>,
    pub(super) now: Timestamp,
    /// When evidence is looked for next.
    pub(super) look_at: Option<Timestamp>,
}

pub(super) async fn step(tx: &mut Tx, step: &Move<'_>) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET state = $3, cause = $4, detail = COALESCE($5, detail), open = $6,
            settled_at = CASE WHEN $6 = 1 THEN settled_at ELSE $7 END,
            next_look_at = $8, next_poll_at = CASE WHEN $6 = 1 THEN next_poll_at ELSE NULL END,
            lease_owner = NULL, lease_until = NULL, line_since = NULL
        WHERE id = $1 AND state = $2";
    let (id, now) = (step.id.to_string(), step.now.as_millisecond());
    let (open, look) = (i64::from(step.to.is_open()), step.look_at.map(Timestamp::as_millisecond));
    let rows = on_tx!(tx, |c| sqlx::query(SQL)
        .bind(&id)
        .bind(step.from.name())
        .bind(step.to.name())
        .bind(step.cause.map(Cause::code))
        .bind(step.detail)
        .bind(open)
        .bind(now)
        .bind(look)
        .execute(c)
        .await
        .map(|d| d.rows_affected()))?;
    if rows == 1 { Ok(()) } else { Err(StoreError::NoRow) }
}

/// What 202 brought.
pub(super) async fn set_operation(
    tx: &mut Tx,
    id: ResetId,
    location: Option<&str>,
    next_poll: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET location = $2, next_poll_at = $3, accepted_at = $4 WHERE id = $1";
    let (id, next, now) = (id.to_string(), next_poll.as_millisecond(), now.as_millisecond());
    on_tx!(tx, |c| sqlx::query(SQL).bind(&id).bind(location).bind(next).bind(now).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Sets `dispatched_at` just before the POST, if the row is still ours and unsent. A later owner finds it set.
pub(super) async fn dispatch(
    db: &Db,
    id: ResetId,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET dispatched_at = $3, line_since = NULL, lease_until = $4
        WHERE id = $1 AND lease_owner = $2 AND state = 'sending' AND dispatched_at IS NULL";
    let (id, now, until) = (id.to_string(), now.as_millisecond(), until.as_millisecond());
    let rows = on_db!(db, |p| sqlx::query(SQL)
        .bind(&id)
        .bind(owner)
        .bind(now)
        .bind(until)
        .execute(p)
        .await
        .map(|d| d.rows_affected()))?;
    if rows == 1 { Ok(()) } else { Err(StoreError::NoRow) }
}

/// Graph proved that it took nothing: it is unsent again.
pub(super) async fn undispatch(db: &Db, id: ResetId, owner: &str, until: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET dispatched_at = NULL, lease_until = $3
        WHERE id = $1 AND lease_owner = $2 AND state = 'sending' AND dispatched_at IS NOT NULL";
    let (id, until) = (id.to_string(), until.as_millisecond());
    let rows =
        on_db!(db, |p| sqlx::query(SQL).bind(&id).bind(owner).bind(until).execute(p).await.map(|d| d.rows_affected()))?;
    if rows == 1 { Ok(()) } else { Err(StoreError::NoRow) }
}

/// Stands in line, and keeps the lease.
pub(super) async fn wait_in_line(
    tx: &mut Tx,
    id: ResetId,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET line_since = COALESCE(line_since, $3), lease_until = $4
        WHERE id = $1 AND lease_owner = $2 AND state = 'sending'";
    let (id, now, until) = (id.to_string(), now.as_millisecond(), until.as_millisecond());
    let rows = on_tx!(tx, |c| sqlx::query(SQL)
        .bind(&id)
        .bind(owner)
        .bind(now)
        .bind(until)
        .execute(c)
        .await
        .map(|d| d.rows_affected()))?;
    if rows == 1 { Ok(()) } else { Err(StoreError::NoRow) }
}

/// Until when Graph wants to be left alone.
pub(super) async fn throttled_until(db: &Db) -> Result<Option<Timestamp>, StoreError> {
    const SQL: &str = "SELECT until FROM throttles WHERE name = 'reset'";
    let row: Option<(i64,)> = on_db!(db, |pool| sqlx::query_as(SQL).fetch_optional(pool).await)?;
    Ok(row.map(|(until,)| at(until)))
}

pub(super) async fn throttle(db: &Db, until: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO throttles (name, until) VALUES ('reset', $1)
        ON CONFLICT (name) DO UPDATE SET until = CASE WHEN throttles.until > $1 THEN throttles.until ELSE $1 END";
    let until = until.as_millisecond();
    on_db!(db, |pool| sqlx::query(SQL).bind(until).execute(pool).await.map(|_| ()))?;
    Ok(())
}

/// How many stood in line before this one.
pub(super) async fn ahead_in_line(db: &Db, reset: &Reset) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM resets WHERE state = 'sending' AND line_since < $1";
    let Some(since) = reset.line_since.map(Timestamp::as_millisecond) else { return Ok(0) };
    let (count,): (i64,) = on_db!(db, |pool| sqlx::query_as(SQL).bind(since).fetch_one(pool).await)?;
    Ok(count)
}

/// A rung that was reached; the first proof of a rung stays.
pub(super) async fn prove(tx: &mut Tx, id: ResetId, proof: &Proof) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO evidence (reset_id, rung, at, source, detail) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (reset_id, rung) DO NOTHING";
    let (id, when) = (id.to_string(), proof.at.as_millisecond());
    let rows = on_tx!(tx, |c| sqlx::query(SQL)
        .bind(&id)
        .bind(proof.rung.name())
        .bind(when)
        .bind(&proof.source)
        .bind(&proof.detail)
        .execute(c)
        .await
        .map(|d| d.rows_affected()))?;
    Ok(rows == 1)
}

pub(super) async fn proofs(db: &Db, id: ResetId) -> Result<Vec<Proof>, StoreError> {
    const SQL: &str = "SELECT rung, at, source, detail FROM evidence WHERE reset_id = $1";
    let id = id.to_string();
    let rows: Vec<(String, i64, String, Option<String>)> =
        on_db!(db, |pool| sqlx::query_as(SQL).bind(&id).fetch_all(pool).await)?;
    let read = rows.into_iter().map(|(rung, when, source, detail)| {
        let rung = Rung::read(&rung).ok_or(StoreError::BadRow { table: "evidence", problem: rung })?;
        Ok(Proof { rung, at: at(when), source, detail })
    });
    // By rung: Microsoft's times have whole seconds, so that by time *carried* could stand before *written*.
    let mut proofs = read.collect::<Result<Vec<_>, StoreError>>()?;
    proofs.sort_by_key(|proof| proof.rung);
    Ok(proofs)
}

/// What Graph answered, for the desk.
pub(super) struct Answer<'a> {
    pub(super) call: &'a str,
    pub(super) status: i64,
    pub(super) request_id: Option<&'a str>,
    pub(super) detail: Option<&'a str>,
}

pub(super) async fn keep_answer(
    tx: &mut Tx,
    id: ResetId,
    answer: &Answer<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO answers (reset_id, seq, at, call, status, request_id, detail)
        SELECT $1, COALESCE(MAX(seq), 0) + 1, CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS TEXT), CAST($6 AS TEXT) FROM answers WHERE reset_id = $1";
    let (id, now) = (id.to_string(), now.as_millisecond());
    on_tx!(tx, |c| sqlx::query(SQL)
        .bind(&id)
        .bind(now)
        .bind(answer.call)
        .bind(answer.status)
        .bind(answer.request_id)
        .bind(answer.detail)
        .execute(c)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Sending resets whose owner died.
pub(super) async fn orphans(db: &Db, now: Timestamp) -> Result<Vec<Reset>, StoreError> {
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
pub(super) enum Due {
    /// Asking the operation.
    Poll,
    /// Looking for evidence.
    Look,
}

/// Claims what is due: nobody else works on it until the lease ends. The outer condition repeats the inner one whole:
/// without that, 12 workers claimed 405 times for 400 rows (stack.md).
pub(super) async fn claim(
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
pub(super) struct Next {
    pub(super) poll_at: Timestamp,
    pub(super) lost_since: Option<Timestamp>,
    pub(super) down_since: Option<Timestamp>,
    pub(super) down_total_ms: i64,
}

pub(super) async fn poll_later(db: &Db, id: ResetId, owner: &str, next: &Next) -> Result<(), StoreError> {
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
pub(super) async fn look_later(
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

/// Resets that changed after a counter value, with the newest value.
pub(super) async fn changed_since(db: &Db, change: i64) -> Result<Vec<(ResetId, i64)>, StoreError> {
    const SQL: &str = "SELECT id, change FROM resets WHERE change > $1 ORDER BY change LIMIT 1000";
    let rows: Vec<(String, i64)> = on_db!(db, |pool| sqlx::query_as(SQL).bind(change).fetch_all(pool).await)?;
    Ok(rows.into_iter().filter_map(|(id, change)| Some((id.parse().ok()?, change))).collect())
}

pub(super) async fn newest_change(db: &Db) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT value FROM counters WHERE name = 'change'";
    let (value,): (i64,) = on_db!(db, |pool| sqlx::query_as(SQL).fetch_one(pool).await)?;
    Ok(value)
}

/// How long resets took lately from 202 to *written*: the median, for "usually".
pub(super) async fn usual_span(db: &Db) -> Result<Option<SignedDuration>, StoreError> {
    const SQL: &str = "SELECT settled_at - accepted_at FROM resets
        WHERE state IN ('written', 'finished') AND accepted_at IS NOT NULL AND settled_at IS NOT NULL ORDER BY created_at DESC LIMIT 50";
    let rows: Vec<(i64,)> = on_db!(db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?;
    let mut spans: Vec<i64> = rows.into_iter().map(|(span,)| span).collect();
    spans.sort_unstable();
    Ok(spans.get(spans.len() / 2).map(|millis| SignedDuration::from_millis(*millis)))
}
