//! SQL of state transitions, evidence and Graph responses, inside the transaction of their audit event.

use jiff::Timestamp;

use super::changes::increment_change_counter;
use crate::base::ResetId;
use crate::reset::cause::ResetCause;
use crate::reset::record::{DeliveryLogGap, EvidenceRecord};
use crate::reset::state::ResetState;
use crate::store::{StoreError, StoredTime, Tx, exec_tx, one_row};

/// State transition, valid only from the state it was decided in. [`StoreError::RowNotFound`]: another replica changed
/// the state first.
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
    let rows = exec_tx!(
        tx,
        SQL,
        step.id,
        step.from.as_str(),
        step.to.as_str(),
        step.cause.map(ResetCause::as_str),
        step.detail,
        i64::from(step.to.is_open()),
        StoredTime(step.now),
        step.next_check_at.map(StoredTime)
    )?;
    one_row(rows)
}

/// Stores the result of a 202 response: transition, operation and change mark in one statement, because every reset
/// runs it and all writers wait for its transaction. [`StoreError::RowNotFound`]: another replica changed the state
/// first.
pub(in crate::reset) async fn update_accepted(
    tx: &mut Tx,
    step: &StateTransition<'_>,
    operation_url: Option<&str>,
    poll_at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resets SET state = $3, cause = $4, next_look_at = $5, location = $6, next_poll_at = $7, accepted_at = $8,
            lease_owner = NULL, lease_until = NULL, line_since = NULL, change = $9, revision = revision + 1, updated_at = $8
        WHERE id = $1 AND state = $2";
    let change = increment_change_counter(tx).await?;
    let rows = exec_tx!(
        tx,
        SQL,
        step.id,
        step.from.as_str(),
        step.to.as_str(),
        step.cause.map(ResetCause::as_str),
        step.next_check_at.map(StoredTime),
        operation_url,
        StoredTime(poll_at),
        StoredTime(step.now),
        change
    )?;
    one_row(rows)
}

/// Inserts the evidence of a checkpoint. The first evidence of a checkpoint is kept. Returns whether it is new.
pub(in crate::reset) async fn insert_evidence(
    tx: &mut Tx,
    id: ResetId,
    evidence: &EvidenceRecord,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO evidence (reset_id, rung, at, source, detail) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (reset_id, rung) DO NOTHING";
    let EvidenceRecord { checkpoint, at, source, detail } = evidence;
    let rows = exec_tx!(tx, SQL, id, checkpoint.as_str(), StoredTime(*at), source, detail)?;
    Ok(rows == 1)
}

/// Updates the reason why the audit log cannot show who carried the password. Returns `false` if it is unchanged.
pub(in crate::reset) async fn update_log_gap(
    tx: &mut Tx,
    id: ResetId,
    gap: Option<DeliveryLogGap>,
) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE resets SET carried_note = $2 WHERE id = $1 AND COALESCE(carried_note, '') <> COALESCE($2, '')";
    let rows = exec_tx!(tx, SQL, id, gap.map(DeliveryLogGap::as_str))?;
    Ok(rows == 1)
}

/// Request to Graph whose response is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::reset) enum GraphCall {
    /// The request that sets the password.
    Reset,
    /// A poll of the operation.
    Operation,
}

impl GraphCall {
    fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Operation => "operation",
        }
    }
}

/// Insert parameters of a Graph response, which the helpdesk sees.
pub(in crate::reset) struct NewGraphResponse<'a> {
    pub(in crate::reset) call: GraphCall,
    pub(in crate::reset) status: u16,
    pub(in crate::reset) request_id: Option<&'a str>,
    pub(in crate::reset) detail: Option<&'a str>,
}

pub(in crate::reset) async fn insert_graph_response(
    tx: &mut Tx,
    id: ResetId,
    response: &NewGraphResponse<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO answers (reset_id, seq, at, call, status, request_id, detail)
        SELECT $1, COALESCE(MAX(seq), 0) + 1, CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS TEXT), CAST($6 AS TEXT) FROM answers WHERE reset_id = $1";
    let NewGraphResponse { call, status, request_id, detail } = *response;
    exec_tx!(tx, SQL, id, StoredTime(now), call.as_str(), i64::from(status), request_id, detail)?;
    Ok(())
}
