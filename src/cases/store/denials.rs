//! Denials: a person said that a question of the helpdesk, or what it was for, is not theirs.

use jiff::Timestamp;

use super::requests::VerificationRequest;
use crate::base::PersonKey;
use crate::store::{Db, StoreError, StoredTime, Tx, exec_tx, select_one, select_one_tx};

/// Records a denial. Returns false if this request was denied before.
pub(crate) async fn insert_denial(
    tx: &mut Tx,
    request: &VerificationRequest,
    person: PersonKey,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO case_denials (check_id, case_id, tenant, object, at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (check_id) DO NOTHING";
    Ok(exec_tx!(tx, SQL, &request.id, request.case, person.tenant, person.object, StoredTime(now))? == 1)
}

/// Closes an unanswered request as denied, however long ago it expired.
pub(crate) async fn mark_denied(tx: &mut Tx, request: &str, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE case_checks SET state = 'refused', sealed = '', answered_at = $2
        WHERE id = $1 AND state = 'waiting'";
    Ok(exec_tx!(tx, SQL, request, StoredTime(now))? == 1)
}

/// Loads the time of the person's last denial.
pub(crate) async fn load_last_denial(db: &Db, person: PersonKey) -> Result<Option<Timestamp>, StoreError> {
    const SQL: &str = "SELECT MAX(at) FROM case_denials WHERE tenant = $1 AND object = $2";
    let (at,): (Option<StoredTime>,) = select_one!(db, SQL, person.tenant, person.object)?;
    Ok(at.map(|at| at.0))
}

/// Returns whether the person has denied something since a time.
pub(crate) async fn has_denied_since(tx: &mut Tx, person: PersonKey, since: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM case_denials WHERE tenant = $1 AND object = $2 AND at >= $3";
    let (count,): (i64,) = select_one_tx!(tx, SQL, person.tenant, person.object, StoredTime(since))?;
    Ok(count > 0)
}

/// Ends the executions of the person's cases that wait, for the manager or for the agent's sign-in. Returns their number.
pub(crate) async fn withdraw_waiting_executions(
    tx: &mut Tx,
    person: PersonKey,
    detail: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE case_actions SET outcome = 'failed', detail = $3, ended_at = $4 WHERE outcome = 'waiting'
        AND case_id IN (SELECT id FROM cases WHERE tenant = $1 AND object = $2)";
    Ok(exec_tx!(tx, SQL, person.tenant, person.object, detail, StoredTime(now))?)
}

/// Marks the person's passes that may still be used, so that they are deleted at Microsoft. Returns their number.
pub(crate) async fn request_withdrawal(tx: &mut Tx, person: PersonKey, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE pass_watches SET withdraw_at = $3
        WHERE tenant = $1 AND object = $2 AND ends_at > $3 AND withdraw_at IS NULL";
    Ok(exec_tx!(tx, SQL, person.tenant, person.object, StoredTime(now))?)
}

/// Marks a pass as withdrawn. Returns false if it is already marked.
pub(crate) async fn mark_withdrawn(tx: &mut Tx, execution: &str, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE pass_watches SET withdrawn_at = $2 WHERE action_id = $1 AND withdrawn_at IS NULL";
    Ok(exec_tx!(tx, SQL, execution, StoredTime(now))? == 1)
}

/// Marks the pass of an execution for deletion, because its person denied it while it was being created.
pub(crate) async fn request_withdrawal_of(tx: &mut Tx, execution: &str, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE pass_watches SET withdraw_at = $2 WHERE action_id = $1";
    exec_tx!(tx, SQL, execution, StoredTime(now))?;
    Ok(())
}
