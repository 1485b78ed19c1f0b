//! Executes a decided case action, once per decision.
//!
//! A row is stored before anything is done. An action in the portal's own tables is done in the same transaction;
//! `microsoft_actions` performs the others afterwards. `execution_state` has the statuses of the row.
//!
//! - Permission is checked before a verification is used up.
//! - An execution allows one step-up sign-in of its agent.

use jiff::{SignedDuration, Timestamp};

use super::acting_permission::{check_agent_permission, check_operator_permission};
use super::action_outcome::CaseActionOutcome;
use super::case_access::{load_case, lock_open_case};
use super::case_events::case_event;
use super::decision::{SecondPerson, SeenStatus, record_decision};
use super::error::{CaseError, CaseRefusal};
use super::execution_state::ExecutionEvent;
use super::microsoft_actions::{ExecutionContext, ExecutionResult, apply_at_microsoft};
use super::participants::StaffActor;
use super::pass_viewer::{PassViewer, resolve_viewer};
use super::person_snapshot::PersonSnapshot;
use super::policy::{CaseAction, VerificationRequirements};
use super::status::{CaseStatus, check_subject, check_unchanged, load_status, reload_status};
use super::store::{self, ExecutionViewer, HelpdeskCase, NewExecution, RecordedDecision};
use crate::audit::{AuditActor, AuditedTransaction};
use crate::base::{PersonKey, TimestampExt as _};
use crate::config::ActAs;
use crate::directory::DirectoryProbe;
use crate::eligibility::{self, ResetPause};
use crate::entra::{ActingIdentity, TemporaryAccessPass};
use crate::state::AppState;
use crate::store::StoreError;

/// Time after which an unused reset grant expires.
const RESET_GRANT_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Returns whether an action uses the agent's own permission.
///
/// A pass for the manager never does: it is created when the manager takes it, without an agent's session.
pub(crate) fn needs_agent_token(app: &AppState, action: CaseAction, viewer: PassViewer) -> bool {
    app.config.helpdesk.act_as == ActAs::Agent
        && (action == CaseAction::RevokeSessions || (action == CaseAction::IssuePass && viewer == PassViewer::Agent))
}

/// Result of the checks before an execution.
pub(crate) struct PreparedExecution {
    status: CaseStatus,
    person: PersonSnapshot,
    viewer: ExecutionViewer,
    /// The agent would see the pass, as the agent or as the person's manager.
    is_viewer_agent: bool,
    approved_decision: Option<RecordedDecision>,
}

impl PreparedExecution {
    /// Checks that the case is still as the agent read it, and that the action is verified, and approved if it needs an
    /// approval.
    pub(crate) fn check_sufficient(&self, case: &HelpdeskCase, seen: &SeenStatus<'_>) -> Result<(), CaseError> {
        check_unchanged(&self.status, case, seen.digest)?;
        match &self.approved_decision {
            None if self.needs_two_people() => Err(CaseRefusal::NeedsApproval.into()),
            None if self.status.missing.is_some() => Err(CaseRefusal::NotVerified.into()),
            _ => Ok(()),
        }
    }

    fn needs_two_people(&self) -> bool {
        self.status.requirements.two_people || self.is_viewer_agent
    }
}

/// Checks whether the case's action may be executed, under which identity, and who would see a pass.
pub(crate) async fn prepare_execution(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    viewer: PassViewer,
) -> Result<PreparedExecution, CaseError> {
    let person = PersonSnapshot::new(app, check_subject(staff, case)?);
    let status = load_status(app, case, &person, staff.key).await?;
    if case.action == CaseAction::UnlockAccount && !app.directory.as_ref().is_some_and(DirectoryProbe::can_unlock) {
        return Err(CaseRefusal::NotPossible.into());
    }
    if case.action == CaseAction::IssuePass {
        check_not_paused(app).await?;
    }
    if needs_agent_token(app, case.action, viewer) {
        check_agent_permission(app, staff.key, &person).await?;
    } else {
        check_operator_permission(app, case.action, &person).await?;
    }
    let viewer = resolve_viewer(app, case, &person, viewer).await?;
    let approved_decision = find_approved(&status, staff, viewer);
    let is_viewer_agent = viewer.viewing_object(staff.key.object) == Some(staff.key.object);
    Ok(PreparedExecution { status, person, viewer, is_viewer_agent, approved_decision })
}

/// Refuses while all resets are paused: a pass is another way to a new password.
async fn check_not_paused(app: &AppState) -> Result<(), CaseError> {
    match ResetPause::new(app.db.clone()).load_pause_reason().await? {
        Some(_) => Err(CaseRefusal::Paused.into()),
        None => Ok(()),
    }
}

/// Returns the agent's own approved decision, if it names who is to see the pass and the risk has not increased since.
fn find_approved(status: &CaseStatus, staff: &StaffActor, viewer: ExecutionViewer) -> Option<RecordedDecision> {
    let mine = status.decision.clone().filter(|c| c.decision.agent == staff.key.object && c.approval.is_some())?;
    (mine.decision.viewer == viewer && is_still_sufficient(&mine, status.requirements)).then_some(mine)
}

/// Returns whether an approved decision still meets the requirements, because the risk may have increased since.
fn is_still_sufficient(approved: &RecordedDecision, needs: VerificationRequirements) -> bool {
    approved.decision.is_override() || approved.decision.requirements.points >= needs.points
}

/// Executes the case's action.
pub(crate) async fn execute_action(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    seen: &SeenStatus<'_>,
    identity: ActingIdentity<'_>,
) -> Result<ExecutionResult, CaseError> {
    let prepared = prepare_execution(app, staff, case, seen.viewer).await?;
    let needs_approval = prepared.needs_two_people();
    let PreparedExecution { status: before, person, viewer, .. } = prepared;
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let status = reload_status(app, &held, (person.key, staff.key), &before).await?;
    check_unchanged(&status, &held, seen.digest)?;
    let basis = match find_approved(&status, staff, viewer) {
        Some(approved) => approved,
        None if needs_approval => return Err(CaseRefusal::NeedsApproval.into()),
        None => {
            record_decision(app, staff, &mut transaction, &held, &status, (viewer, SecondPerson::IfRequired)).await?
        }
    };
    let id = app.random.uuid_at(now).to_string();
    let new = NewExecution { id: &id, case: held.id, decision: &basis, agent_name: &staff.name, viewer, now };
    match store::insert_execution(transaction.tx(), &new).await {
        Err(StoreError::AlreadyExists) => return Err(CaseRefusal::Expired.into()),
        done => done?,
    }
    let started = case_event("case.acted", staff, &held)
        .with_detail("override", basis.decision.is_override())
        .with_detail("execution", &*id)
        .with_detail("decision", basis.decision.id.clone())
        .with_detail("digest", basis.digest.clone());
    transaction.record_event(started.with_detail("approved", basis.approval.is_some()));
    let actor = staff.audit_actor();
    let work = ExecutionContext { actor, execution_id: &id, case: &held, person: &person, identity, started_at: now };
    let done = apply_in_database(app, &mut transaction, &work).await?;
    transaction.commit().await?;
    match (done, viewer) {
        (Some(outcome), _) => Ok(ExecutionResult::Done(outcome)),
        (None, ExecutionViewer::Manager(_)) => Ok(ExecutionResult::Done(CaseActionOutcome::PassWaiting)),
        (None, ExecutionViewer::NoOne | ExecutionViewer::Agent) => apply_at_microsoft(app, &work).await,
    }
}

/// Performs an action that only changes portal tables, in the transaction of its execution row.
///
/// Returns `None` for an action at Microsoft or in the directory.
async fn apply_in_database(
    app: &AppState,
    transaction: &mut AuditedTransaction,
    work: &ExecutionContext<'_>,
) -> Result<Option<CaseActionOutcome>, CaseError> {
    let (id, person, now) = (work.execution_id, work.person.key, app.now());
    let done = match work.case.action {
        CaseAction::AllowReset => {
            eligibility::insert_reset_grant(transaction.tx(), id, person, now.later(RESET_GRANT_LIFETIME)).await?;
            CaseActionOutcome::ResetAllowed
        }
        CaseAction::LiftHold => {
            eligibility::lift_hold(transaction, person, work.actor.clone(), now).await?;
            CaseActionOutcome::HoldLifted
        }
        CaseAction::IssuePass | CaseAction::RevokeSessions | CaseAction::UnlockAccount => return Ok(None),
    };
    store::set_execution_status(transaction.tx(), id, ExecutionEvent::Succeeded.transition(), "", now).await?;
    Ok(Some(done))
}

/// Resumes an execution of this agent with the token of another sign-in.
///
/// This happens once, and only while the case is open. `action` is the action of the execution: the case's action may
/// have changed since.
pub(crate) async fn resume_execution(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    execution_id: &str,
    action: CaseAction,
    identity: ActingIdentity<'_>,
) -> Result<ExecutionResult, CaseError> {
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let resumed = ExecutionEvent::Resumed.transition();
    if !store::set_execution_status(transaction.tx(), execution_id, resumed, "", app.now()).await? {
        return Err(CaseRefusal::Expired.into());
    }
    transaction.commit().await?;
    let person = PersonSnapshot::new(app, held.person.ok_or(CaseRefusal::PersonUnknown)?);
    let held = HelpdeskCase { action, ..held };
    let actor = staff.audit_actor();
    let work = ExecutionContext { actor, execution_id, case: &held, person: &person, identity, started_at: app.now() };
    match apply_at_microsoft(app, &work).await? {
        // Allows one step-up sign-in, because repeated claims challenges could loop without end.
        ExecutionResult::StepUpRequired { .. } => {
            let detail = "Microsoft asked for another sign-in again";
            work.record_event(app, ExecutionEvent::StepUpRepeated, detail).await?;
            Err(CaseRefusal::StepUpRepeated.into())
        }
        done => Ok(done),
    }
}

/// Creates the pass that waits for this manager. It is returned once and never stored.
///
/// Returns `None` if the pass is not meant for this manager, or was already taken.
pub(crate) async fn claim_pass(
    app: &AppState,
    manager: PersonKey,
    execution_id: &str,
) -> Result<Option<TemporaryAccessPass>, CaseError> {
    let waiting = store::load_waiting_passes(&app.db, manager.object, waiting_pass_cutoff(app)).await?;
    let Some(waiting) = waiting.into_iter().find(|pass| pass.execution_id == execution_id) else { return Ok(None) };
    let person = PersonSnapshot::new(app, waiting.person);
    check_not_paused(app).await?;
    check_operator_permission(app, CaseAction::IssuePass, &person).await?;
    // The execution is for a pass. The case's action may have changed since, and nothing was verified for the new one.
    let case = HelpdeskCase { action: CaseAction::IssuePass, ..load_case(app, &waiting.reference.to_string()).await? };
    let (actor, identity) = (AuditActor::Person(manager), ActingIdentity::Operator);
    let work = ExecutionContext { actor, execution_id, case: &case, person: &person, identity, started_at: app.now() };
    // The status changes first, so that only one of two simultaneous requests creates a pass.
    if !work.record_event(app, ExecutionEvent::Resumed, "").await? {
        return Ok(None);
    }
    match apply_at_microsoft(app, &work).await? {
        ExecutionResult::Pass(pass) => Ok(Some(pass)),
        ExecutionResult::Done(_) | ExecutionResult::StepUpRequired { .. } => Err(CaseRefusal::NotPossible.into()),
    }
}

/// Returns the time before which a waiting pass has expired: it waits no longer than a verification is valid.
pub(crate) fn waiting_pass_cutoff(app: &AppState) -> Timestamp {
    let lasts = SignedDuration::from_secs(app.config.helpdesk.verification_seconds);
    app.now().earlier(lasts)
}
