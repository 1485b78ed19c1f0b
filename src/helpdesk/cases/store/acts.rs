//! Execution rows: each one executes an action on the basis of one decision.

use jiff::Timestamp;

use super::chain::RecordedDecision;
use super::{parse_column, timestamp_from_millis};
use crate::base::{CaseId, ObjectId, PersonKey, ReferenceCode};
use crate::helpdesk::cases::rules::CaseAction;
use crate::store::{Db, StoreError, Tx, exec_tx, select_all};

/// Who sees a Temporary Access Pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassViewer {
    NoOne,
    Manager(ObjectId),
    Agent,
}

/// Parameters of a new execution.
pub(crate) struct NewExecution<'a> {
    pub(crate) id: &'a str,
    pub(crate) case: CaseId,
    pub(crate) decision: &'a RecordedDecision,
    pub(crate) agent_name: &'a str,
    pub(crate) viewer: PassViewer,
    pub(crate) now: Timestamp,
    pub(crate) outcome: &'a str,
}

pub(crate) async fn insert_execution(tx: &mut Tx, acting: &NewExecution<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_actions (id, case_id, action, verdict_id, basis, two_people, verdict_until,
        approval_id, approval_until, agent, agent_name, shown_to, viewer, at, outcome, detail, ended_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, '', NULL)";
    let RecordedDecision { decision: verdict, approval: approved, .. } = acting.decision;
    let (shown_to, viewer) = match acting.viewer {
        PassViewer::NoOne => ("nobody", None),
        PassViewer::Manager(manager) => ("manager", Some(manager.to_string())),
        PassViewer::Agent => ("agent", None),
    };
    exec_tx!(
        tx,
        SQL,
        acting.id,
        acting.case.to_string(),
        verdict.action.as_str(),
        &verdict.id,
        if verdict.is_override { "override" } else { "methods" },
        i64::from(verdict.requirements.two_people),
        verdict.until.as_millisecond(),
        approved.as_ref().map(|approved| approved.id.clone()),
        approved.as_ref().map(|approved| approved.until.as_millisecond()),
        verdict.agent.to_string(),
        acting.agent_name,
        shown_to,
        viewer,
        acting.now.as_millisecond(),
        acting.outcome
    )?;
    Ok(())
}

/// An execution of a case action.
#[derive(Clone, Debug)]
pub(crate) struct ActionExecution {
    pub(crate) action: CaseAction,
    pub(crate) agent_name: String,
    pub(crate) at: Timestamp,
    /// `begun`, `waiting` (for the manager or the agent's sign-in), `done` or `failed`.
    pub(crate) outcome: String,
    pub(crate) detail: String,
    /// Time at which the use of a pass was detected; below, when a sign-in method was last registered after it.
    pub(crate) pass_used_at: Option<Timestamp>,
    pub(crate) method_registered_at: Option<Timestamp>,
}

type ExecutionRow = (String, String, String, i64, String, String, Option<i64>, Option<i64>);

/// Loads the executions of a case, newest first.
pub(crate) async fn load_executions(db: &Db, case: CaseId) -> Result<Vec<ActionExecution>, StoreError> {
    const SQL: &str = "SELECT a.id, a.action, a.agent_name, a.at, a.outcome, a.detail, w.used_at, w.method_at
        FROM case_actions a LEFT JOIN pass_watches w ON w.action_id = a.id
        WHERE a.case_id = $1 ORDER BY a.at DESC, a.id DESC LIMIT 50";
    let id = case.to_string();
    let rows: Vec<ExecutionRow> = select_all!(db, SQL, &id)?;
    rows.into_iter().map(execution_from_row).collect()
}

fn execution_from_row(row: ExecutionRow) -> Result<ActionExecution, StoreError> {
    let (id, action, agent_name, when, outcome, detail, used, method) = row;
    let action = CaseAction::from_name(&action)
        .ok_or_else(|| StoreError::InvalidRow { table: "case_actions", problem: format!("action of {id}") })?;
    let (used_at, method_at) = (used.map(timestamp_from_millis), method.map(timestamp_from_millis));
    Ok(ActionExecution {
        action,
        agent_name,
        at: timestamp_from_millis(when),
        outcome,
        detail,
        pass_used_at: used_at,
        method_registered_at: method_at,
    })
}

/// Loads the executions on a person's account, newest first, for the account page of that person.
pub(crate) async fn load_executions_of_person(db: &Db, person: PersonKey) -> Result<Vec<ActionExecution>, StoreError> {
    const SQL: &str = "SELECT a.id, a.action, a.agent_name, a.at, a.outcome, a.detail, w.used_at, w.method_at
        FROM case_actions a JOIN cases c ON c.id = a.case_id LEFT JOIN pass_watches w ON w.action_id = a.id
        WHERE c.tenant = $1 AND c.object = $2 ORDER BY a.at DESC, a.id DESC LIMIT 20";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    let rows: Vec<ExecutionRow> = select_all!(db, SQL, &tenant, &object)?;
    rows.into_iter().map(execution_from_row).collect()
}

/// Changes the status of an execution. Returns false if it no longer had the expected status.
pub(crate) async fn set_execution_status(
    tx: &mut Tx,
    id: &str,
    (from, outcome): (&str, &str),
    detail: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE case_actions SET outcome = $3, detail = $4, ended_at = $5 WHERE id = $1 AND outcome = $2";
    let now = now.as_millisecond();
    let rows = exec_tx!(tx, SQL, id, from, outcome, detail, now)?;
    Ok(rows == 1)
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
    let (manager, since) = (manager.to_string(), since.as_millisecond());
    let rows: Vec<(String, String, String, String, String)> = select_all!(db, SQL, &manager, since)?;
    let one = |(action, reference, name, tenant, object): (String, String, String, String, String)| {
        let person = PersonKey { tenant: parse_column(&tenant, "tenant")?, object: parse_column(&object, "object")? };
        Ok(WaitingPass { execution_id: action, reference: parse_column(&reference, "reference")?, name, person })
    };
    rows.into_iter().map(one).collect()
}
