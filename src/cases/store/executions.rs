//! Execution rows: each one executes an action on the basis of one decision.

use jiff::Timestamp;

use super::cases::parse_reference;
use super::decisions::{RecordedDecision, insert_duty};
use super::execution_viewer::ExecutionViewer;
use crate::base::{CaseId, ObjectId, PersonKey, ReferenceCode, TenantId};
use crate::cases::duties::CaseDuty;
use crate::cases::execution_state::{ExecutionStatus, ExecutionTransition};
use crate::cases::policy::CaseAction;
use crate::store::{Db, StoreError, StoredTime, Tx, exec_tx, select_all};

/// Parameters of a new execution.
pub(crate) struct NewExecution<'a> {
    pub(crate) id: &'a str,
    pub(crate) case: CaseId,
    pub(crate) decision: &'a RecordedDecision,
    pub(crate) agent_name: &'a str,
    pub(crate) viewer: ExecutionViewer,
    pub(crate) now: Timestamp,
}

pub(crate) async fn insert_execution(tx: &mut Tx, new: &NewExecution<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_actions (id, case_id, action, verdict_id, basis, two_people, verdict_until,
        approval_id, approval_until, agent, agent_name, shown_to, viewer, at, outcome, detail, ended_at, digest)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, '', NULL, $16)";
    let RecordedDecision { decision, approval, digest, .. } = new.decision;
    insert_duty(tx, &decision.id, (CaseDuty::Executor, decision.agent)).await?;
    exec_tx!(
        tx,
        SQL,
        new.id,
        new.case,
        decision.action,
        &decision.id,
        decision.basis,
        i64::from(decision.requirements.two_people),
        StoredTime(decision.until),
        approval.as_ref().map(|approval| &approval.id),
        approval.as_ref().map(|approval| StoredTime(approval.until)),
        decision.agent,
        new.agent_name,
        new.viewer.as_str(),
        new.viewer.manager(),
        StoredTime(new.now),
        new.viewer.initial_status(),
        digest
    )?;
    Ok(())
}

/// An execution of a case action.
#[derive(Clone, Debug)]
pub(crate) struct ActionExecution {
    pub(crate) action: CaseAction,
    pub(crate) agent_name: String,
    pub(crate) at: Timestamp,
    pub(crate) status: ExecutionStatus,
    pub(crate) detail: String,
    /// Time at which the use of a pass was detected; below, when a sign-in method was last registered after it.
    pub(crate) pass_used_at: Option<Timestamp>,
    pub(crate) method_registered_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct ExecutionRow {
    action: CaseAction,
    agent_name: String,
    at: StoredTime,
    outcome: ExecutionStatus,
    detail: String,
    used_at: Option<StoredTime>,
    method_at: Option<StoredTime>,
}

impl From<ExecutionRow> for ActionExecution {
    fn from(row: ExecutionRow) -> Self {
        Self {
            action: row.action,
            agent_name: row.agent_name,
            at: row.at.0,
            status: row.outcome,
            detail: row.detail,
            pass_used_at: row.used_at.map(|at| at.0),
            method_registered_at: row.method_at.map(|at| at.0),
        }
    }
}

/// Loads the executions of a case, newest first.
pub(crate) async fn load_executions(db: &Db, case: CaseId) -> Result<Vec<ActionExecution>, StoreError> {
    const SQL: &str = "SELECT a.id, a.action, a.agent_name, a.at, a.outcome, a.detail, w.used_at, w.method_at
        FROM case_actions a LEFT JOIN pass_watches w ON w.action_id = a.id
        WHERE a.case_id = $1 ORDER BY a.at DESC, a.id DESC LIMIT 50";
    let rows: Vec<ExecutionRow> = select_all!(db, SQL, case)?;
    Ok(rows.into_iter().map(ActionExecution::from).collect())
}

/// Loads the executions on a person's account, newest first, for the account page of that person.
pub(crate) async fn load_executions_of_person(db: &Db, person: PersonKey) -> Result<Vec<ActionExecution>, StoreError> {
    const SQL: &str = "SELECT a.id, a.action, a.agent_name, a.at, a.outcome, a.detail, w.used_at, w.method_at
        FROM case_actions a JOIN cases c ON c.id = a.case_id LEFT JOIN pass_watches w ON w.action_id = a.id
        WHERE c.tenant = $1 AND c.object = $2 ORDER BY a.at DESC, a.id DESC LIMIT 20";
    let rows: Vec<ExecutionRow> = select_all!(db, SQL, person.tenant, person.object)?;
    Ok(rows.into_iter().map(ActionExecution::from).collect())
}

/// Changes the status of an execution. Returns false if it no longer had the status that the transition starts from.
pub(crate) async fn set_execution_status(
    tx: &mut Tx,
    id: &str,
    transition: ExecutionTransition,
    detail: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE case_actions SET outcome = $3, detail = $4, ended_at = $5 WHERE id = $1 AND outcome = $2";
    let (from, to) = (transition.source_status(), transition.target_status());
    Ok(exec_tx!(tx, SQL, id, from, to, detail, StoredTime(now))? == 1)
}

/// A pass that waits until the manager takes it.
#[derive(Clone, Debug)]
pub(crate) struct WaitingPass {
    pub(crate) execution_id: String,
    pub(crate) reference: ReferenceCode,
    pub(crate) name: String,
    pub(crate) person: PersonKey,
}

/// Loads the passes that wait for this manager.
pub(crate) async fn load_waiting_passes(
    db: &Db,
    manager: ObjectId,
    since: Timestamp,
) -> Result<Vec<WaitingPass>, StoreError> {
    const SQL: &str = "SELECT a.id, c.reference, c.name, c.tenant, c.object
        FROM case_actions a JOIN cases c ON c.id = a.case_id
        WHERE a.viewer = $1 AND a.outcome = 'waiting' AND a.at > $2 AND c.state = 'open' ORDER BY a.at DESC LIMIT 10";
    let rows: Vec<(String, String, String, TenantId, ObjectId)> = select_all!(db, SQL, manager, StoredTime(since))?;
    let pass = |(execution_id, reference, name, tenant, object): (String, String, String, TenantId, ObjectId)| {
        let person = PersonKey { tenant, object };
        Ok(WaitingPass { execution_id, reference: parse_reference(&reference)?, name, person })
    };
    rows.into_iter().map(pass).collect()
}
