//! SQL of state transitions, evidence and Graph responses, inside the transaction of their audit event.

use jiff::Timestamp;

use super::increment_change_counter;
use crate::base::ResetId;
use crate::reset::cause::ResetCause;
use crate::reset::record::EvidenceRecord;
use crate::reset::state::ResetState;
use crate::store::{StoreError, Tx, exec_tx, one_row};

/// State transition, valid only from the state it was decided in. [`StoreError::NoRow`]: another replica changed the
/// state first.
pub(in crate::reset) struct StateTransition<'a> {
    pub(in crate::reset) id: ResetId,
    pub(in crate::reset) from: ResetState,
    pub(in crate::reset) to: ResetState,
    pub(in crate::reset) cause: Option<ResetCause>,
    pub(in crate::reset) detail: Option<&'a str>,
    pub(in crate::reset) now: Timestamp,
    /// Time of the next evidence check.
    pub(in crate::reset) next_check_at: Option<Timestamp>,
}

/// Updates the state and releases the lease.
pub(in crate::reset) async fn update_state(tx: &mut Tx, step: &StateTransition<'_>) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET state = $3, cause = $4, detail = COALESCE($5, detail), open = $6,
            settled_at = CASE WHEN $6 = 1 THEN settled_at ELSE $7 END,
            next_look_at = $8, next_poll_at = CASE WHEN $6 = 1 THEN next_poll_at ELSE NULL END,
            lease_owner = NULL, lease_until = NULL, line_since = NULL
        WHERE id = $1 AND state = $2";
    let (id, now) = (step.id.to_string(), step.now.as_millisecond());
    let (open, look) = (i64::from(step.to.is_open()), step.next_check_at.map(Timestamp::as_millisecond));
    let rows = exec_tx!(
        tx,
        SQL,
        &id,
        step.from.as_str(),
        step.to.as_str(),
        step.cause.map(ResetCause::as_str),
        step.detail,
        open,
        now,
        look
    )?;
    one_row(rows)
}

/// Stores the result of a 202 response: transition, operation and change mark in one statement, because every reset
/// runs it and all writers wait for its transaction. [`StoreError::NoRow`]: another replica changed the state first.
pub(in crate::reset) async fn update_accepted(
    tx: &mut Tx,
    step: &StateTransition<'_>,
    (location, next_poll): (Option<&str>, Timestamp),
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET state = $3, cause = $4, next_look_at = $5, location = $6, next_poll_at = $7, accepted_at = $8,
            lease_owner = NULL, lease_until = NULL, line_since = NULL, change = $9, revision = revision + 1, updated_at = $8
        WHERE id = $1 AND state = $2";
    let (id, now, next) = (step.id.to_string(), step.now.as_millisecond(), next_poll.as_millisecond());
    let change = increment_change_counter(tx).await?;
    let rows = exec_tx!(
        tx,
        SQL,
        &id,
        step.from.as_str(),
        step.to.as_str(),
        step.cause.map(ResetCause::as_str),
        step.next_check_at.map(Timestamp::as_millisecond),
        location,
        next,
        now,
        change
    )?;
    one_row(rows)
}

/// Inserts the evidence of a checkpoint. The first evidence of a checkpoint is kept. Returns whether it is new.
pub(in crate::reset) async fn insert_evidence(
    tx: &mut Tx,
    id: ResetId,
    proof: &EvidenceRecord,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO evidence (reset_id, rung, at, source, detail) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (reset_id, rung) DO NOTHING";
    let (id, when) = (id.to_string(), proof.at.as_millisecond());
    let rows = exec_tx!(tx, SQL, &id, proof.checkpoint.as_str(), when, &proof.source, &proof.detail)?;
    Ok(rows == 1)
}

/// Insert parameters of a Graph response, which the helpdesk sees.
pub(in crate::reset) struct NewGraphResponse<'a> {
    pub(in crate::reset) call: &'a str,
    pub(in crate::reset) status: i64,
    pub(in crate::reset) request_id: Option<&'a str>,
    pub(in crate::reset) detail: Option<&'a str>,
}

pub(in crate::reset) async fn insert_graph_response(
    tx: &mut Tx,
    id: ResetId,
    answer: &NewGraphResponse<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO answers (reset_id, seq, at, call, status, request_id, detail)
        SELECT $1, COALESCE(MAX(seq), 0) + 1, CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS TEXT), CAST($6 AS TEXT) FROM answers WHERE reset_id = $1";
    let (id, now) = (id.to_string(), now.as_millisecond());
    exec_tx!(tx, SQL, &id, now, answer.call, answer.status, answer.request_id, answer.detail)?;
    Ok(())
}
