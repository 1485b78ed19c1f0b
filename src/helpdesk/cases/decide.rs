//! Decides whether a case action may be executed, records the decision and its approval, and starts the execution.
//!
//! A decision binds the verifications that justify it. An approval by a second person refers to one decision, and an
//! execution uses up exactly one decision.
//!
//! - Every permission follows from stored rows; the database constraints check the same rules again.
//! - An approver never approves their own decision.
//! - An override needs a reason and an approval, and raises a helpdesk alert.

use axum::extract::FromRef as _;
use jiff::{SignedDuration, Timestamp};

use super::carry::{ExecutionContext, apply_at_microsoft, check_agent_permission, check_operator_permission};
use super::rules::{
    CallerVerification, CaseAction, CaseRisk, MissingVerification, VerificationRequirements, select_sufficient,
};
use super::store::{self, CaseDecision, HelpdeskCase, NewExecution, PassViewer, RecordedDecision};
use super::{CaseError, CaseRefusal, CaseResult, case_event, lock_open_case, open, own, raise_helpdesk_alert};
use crate::audit::{AuditActor, AuditedTransaction};
use crate::base::{PersonKey, TimestampExt as _};
use crate::conditional_access::PolicyAssessor;
use crate::directory::DirectoryProbe;
use crate::eligibility;
use crate::entra::{ActingIdentity, ClaimsChallenge, TemporaryAccessPass};
use crate::people::PeopleService;
use crate::signin::{StaffMember, StaffPermission};
use crate::state::AppState;
use crate::store::StoreError;

/// Time after which an unused reset grant expires.
const RESET_GRANT_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// Period in which two agents cannot approve each other's decisions about the same person.
const RECIPROCAL_APPROVAL_WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// Allowed length of an override reason, in characters. The minimum asks for a meaningful text.
const OVERRIDE_REASON_CHARS: std::ops::RangeInclusive<usize> = 10..=500;

/// Verification status of a case: its risk, the requirements, the valid verifications, and what is missing.
pub(super) struct CaseStatus {
    pub(super) risk: CaseRisk,
    pub(super) requirements: VerificationRequirements,
    pub(super) verifications: Vec<CallerVerification>,
    pub(super) missing: Option<MissingVerification>,
    /// Newest usable decision about the case's action.
    pub(super) decision: Option<RecordedDecision>,
}

/// Loads the current verification status of a case.
pub(super) async fn load_status(app: &AppState, case: &HelpdeskCase) -> Result<CaseStatus, CaseError> {
    let risk = open::assess_risk(app, case).await?;
    let needs = open::requirements_for(app, case.action, risk);
    let now = app.now();
    let all = store::load_unused_verifications(&app.db, case.id).await?;
    let good: Vec<CallerVerification> =
        all.into_iter().filter(|(action, one)| *action == case.action && now < one.until).map(|(_, one)| one).collect();
    let verdicts = store::load_decisions(&app.db, case.id).await?;
    let concluded = verdicts.into_iter().find(|c| c.decision.action == case.action && c.is_usable(now));
    let missing = select_sufficient(needs, &good).err();
    Ok(CaseStatus { risk, requirements: needs, verifications: good, missing, decision: concluded })
}

/// Records a decision that the verifications are sufficient.
///
/// With `second`, an approval by a second person is required whatever the risk is.
async fn record_decision<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    transaction: &mut AuditedTransaction,
    (case, standing): (&HelpdeskCase, &CaseStatus),
    second: bool,
) -> Result<RecordedDecision, CaseError> {
    let mut needs = standing.requirements;
    needs.two_people |= second;
    needs.beyond_own_session |= second;
    let chosen = select_sufficient(needs, &standing.verifications).map_err(|_| CaseRefusal::NotVerified)?;
    let now = app.now();
    let until = chosen.iter().map(|one| one.until).min().unwrap_or(now);
    let verdict = new_decision(app, staff, case.action, needs, (now, until));
    store::insert_decision(transaction.tx(), case.id, &verdict, &chosen).await?;
    let methods: Vec<&str> = chosen.iter().map(|one| one.method.as_str()).collect();
    transaction.record_event(
        case_event("case.verified", staff, case).with_detail("methods", methods).with_detail("threshold", needs.points),
    );
    Ok(RecordedDecision { decision: verdict, approval: None, is_used: false })
}

fn new_decision<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    action: CaseAction,
    needs: VerificationRequirements,
    (at, until): (Timestamp, Timestamp),
) -> CaseDecision {
    CaseDecision {
        id: app.random.uuid_at(at).to_string(),
        action,
        is_override: false,
        requirements: needs,
        reason: String::new(),
        agent: staff.login.key.object,
        agent_name: staff.login.name.clone(),
        at,
        until,
    }
}

/// Requests the approval of a second person for sufficient verifications.
pub(super) async fn request_approval<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
) -> CaseResult {
    let standing = check_agent(app, staff, case).await?;
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    record_decision(app, staff, &mut transaction, (&held, &standing), true).await?;
    transaction.commit().await?;
    Ok("approval-asked")
}

/// Requests an override: the action without sufficient verification, for a stated reason.
///
/// Only a second person can approve it, and it raises a helpdesk alert.
pub(super) async fn request_override<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    reason: &str,
) -> CaseResult {
    let reason = reason.trim();
    if !OVERRIDE_REASON_CHARS.contains(&reason.chars().count()) {
        return Err(CaseRefusal::NoReason.into());
    }
    let standing = check_agent(app, staff, case).await?;
    let now = app.now();
    let until = add_seconds(now, app.config.helpdesk.approval_seconds);
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let needs = VerificationRequirements { two_people: true, ..standing.requirements };
    let plain = new_decision(app, staff, held.action, needs, (now, until));
    let verdict = CaseDecision { is_override: true, reason: reason.to_owned(), ..plain };
    store::insert_decision(transaction.tx(), held.id, &verdict, &[]).await?;
    transaction.record_event(case_event("case.override_asked", staff, &held).with_personal_detail("reason", reason));
    transaction.commit().await?;
    raise_helpdesk_alert(app, "override", &held);
    Ok("approval-asked")
}

fn add_seconds(now: Timestamp, seconds: i64) -> Timestamp {
    now.later(SignedDuration::from_secs(seconds))
}

/// Checks that the case's person is identified and is not the staff member, and loads the status of the case.
async fn check_agent<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
) -> Result<CaseStatus, CaseError> {
    let person = case.person.ok_or(CaseRefusal::PersonUnknown)?;
    if person == staff.login.key {
        return Err(CaseRefusal::AboutYourself.into());
    }
    load_status(app, case).await
}

/// Approves the pending decision as the second person.
pub(super) async fn approve_decision<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
) -> CaseResult {
    let standing = check_agent(app, staff, case).await?;
    let person = case.person.ok_or(CaseRefusal::PersonUnknown)?;
    let concluded = standing.decision.filter(|c| c.approval.is_none() && c.decision.requirements.two_people);
    let verdict = concluded.ok_or(CaseRefusal::Expired)?.decision;
    let approver = staff.login.key.object;
    if verdict.agent == approver {
        return Err(CaseRefusal::OwnApproval.into());
    }
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let since = now.earlier(RECIPROCAL_APPROVAL_WINDOW);
    if store::has_reciprocal_approval(transaction.tx(), (approver, verdict.agent), person, since).await? {
        return Err(CaseRefusal::ReciprocalApproval.into());
    }
    let until = add_seconds(now, app.config.helpdesk.approval_seconds).min(verdict.until);
    let id = app.random.uuid_at(now).to_string();
    let by = (approver, staff.login.name.as_str());
    match store::insert_approval(transaction.tx(), (&id, &verdict), person, by, (now, until)).await {
        Err(StoreError::AlreadyExists) => return Err(CaseRefusal::Expired.into()),
        done => done?,
    }
    let approval = case_event("case.approved", staff, &held).with_detail("for", verdict.agent.to_string());
    transaction.record_event(approval.with_detail("override", verdict.is_override));
    transaction.commit().await?;
    Ok("approved")
}

/// Result of executing a case action.
pub(super) enum ExecutionResult {
    Done(&'static str),
    /// A Temporary Access Pass for the agent, approved by a second person. It is shown once and never stored.
    Pass(TemporaryAccessPass),
    /// Microsoft requires the agent to sign in again. The execution waits for that sign-in.
    StepUpRequired {
        execution_id: String,
        challenge: ClaimsChallenge,
    },
}

/// Result of the checks before an execution.
pub(super) struct PreparedExecution {
    status: CaseStatus,
    person: PersonKey,
    viewer: PassViewer,
    approved_decision: Option<RecordedDecision>,
}

impl PreparedExecution {
    /// Checks that the action is verified, and approved if it needs an approval.
    pub(super) fn check_sufficient(&self) -> Result<(), CaseError> {
        match &self.approved_decision {
            None if self.needs_two_people() => Err(CaseRefusal::NeedsApproval.into()),
            None if self.status.missing.is_some() => Err(CaseRefusal::NotVerified.into()),
            _ => Ok(()),
        }
    }

    fn needs_two_people(&self) -> bool {
        self.status.requirements.two_people || self.viewer == PassViewer::Agent
    }
}

/// Checks whether the case's action may be executed, under which identity, and who would see a pass.
pub(super) async fn prepare_execution<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    to_agent: bool,
) -> Result<PreparedExecution, CaseError> {
    let standing = check_agent(app, staff, case).await?;
    let person = case.person.ok_or(CaseRefusal::PersonUnknown)?;
    if case.action == CaseAction::UnlockAccount && !app.directory.as_ref().is_some_and(DirectoryProbe::can_unlock) {
        return Err(CaseRefusal::NotPossible.into());
    }
    if own::needs_agent_token(app, case.action, to_agent) {
        check_agent_permission(app, staff.login.key, person).await?;
    } else {
        check_operator_permission(app, case.action, person).await?;
    }
    let shown_to = resolve_viewer(app, case, person, to_agent).await?;
    let mine = standing.decision.clone().filter(|c| c.decision.agent == staff.login.key.object);
    let approved = mine.filter(|c| c.approval.is_some() && is_still_sufficient(c, standing.requirements));
    Ok(PreparedExecution { status: standing, person, viewer: shown_to, approved_decision: approved })
}

/// Executes the case's action.
pub(super) async fn execute_action<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    to_agent: bool,
    hand: ActingIdentity<'_>,
) -> Result<ExecutionResult, CaseError> {
    let prepared = prepare_execution(app, staff, case, to_agent).await?;
    let two = prepared.needs_two_people();
    let PreparedExecution { status: standing, person, viewer: shown_to, approved_decision: approved } = prepared;
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let on = match approved {
        Some(approved) => approved,
        None if two => return Err(CaseRefusal::NeedsApproval.into()),
        None => record_decision(app, staff, &mut transaction, (&held, &standing), false).await?,
    };
    let id = app.random.uuid_at(now).to_string();
    let outcome = match shown_to {
        PassViewer::Manager(_) => "waiting",
        _ => "begun",
    };
    let acting = NewExecution {
        id: &id,
        case: held.id,
        decision: &on,
        agent_name: &staff.login.name,
        viewer: shown_to,
        now,
        outcome,
    };
    match store::insert_execution(transaction.tx(), &acting).await {
        Err(StoreError::AlreadyExists) => return Err(CaseRefusal::Expired.into()),
        done => done?,
    }
    let begun = case_event("case.acted", staff, &held).with_detail("override", on.decision.is_override);
    transaction.record_event(begun.with_detail("approved", on.approval.is_some()));
    if let Some(done) = apply_in_database(app, &mut transaction, (&id, &held), person, staff.audit_actor()).await? {
        transaction.commit().await?;
        return Ok(ExecutionResult::Done(done));
    }
    transaction.commit().await?;
    if outcome == "waiting" {
        return Ok(ExecutionResult::Done("pass-waits"));
    }
    apply_at_microsoft(
        app,
        &ExecutionContext { actor: staff.audit_actor(), execution_id: &id, case: &held, person, identity: hand },
    )
    .await
}

/// Returns whether an approved decision still meets the requirements, because the risk may have increased since.
fn is_still_sufficient(concluded: &RecordedDecision, needs: VerificationRequirements) -> bool {
    concluded.decision.is_override || concluded.decision.requirements.points >= needs.points
}

/// Determines who sees a pass: the manager, unless the agent requested to see it.
async fn resolve_viewer(
    app: &AppState,
    case: &HelpdeskCase,
    person: PersonKey,
    to_agent: bool,
) -> Result<PassViewer, CaseError> {
    if case.action != CaseAction::IssuePass {
        return Ok(PassViewer::NoOne);
    }
    if !PolicyAssessor::from_ref(app).accepts_pass().await? {
        return Err(CaseRefusal::PassNotAccepted.into());
    }
    if to_agent {
        return Ok(PassViewer::Agent);
    }
    let manager = PeopleService::from_ref(app).fetch_manager(person.object).await?;
    Ok(PassViewer::Manager(manager.ok_or(CaseRefusal::NoManager)?.id))
}

/// Performs an action that only changes portal tables, in the transaction of its execution row.
///
/// Returns `None` for an action at Microsoft or in the directory.
async fn apply_in_database(
    app: &AppState,
    transaction: &mut AuditedTransaction,
    (id, case): (&str, &HelpdeskCase),
    person: PersonKey,
    actor: AuditActor,
) -> Result<Option<&'static str>, CaseError> {
    let now = app.now();
    let done = match case.action {
        CaseAction::AllowReset => {
            eligibility::insert_reset_grant(transaction.tx(), id, person, now.later(RESET_GRANT_LIFETIME)).await?;
            "granted"
        }
        CaseAction::LiftHold => {
            eligibility::lift_hold(transaction, person, actor, now).await?;
            "thawed"
        }
        CaseAction::IssuePass | CaseAction::RevokeSessions | CaseAction::UnlockAccount => return Ok(None),
    };
    store::set_execution_status(transaction.tx(), id, ("begun", "done"), "", now).await?;
    Ok(Some(done))
}

/// Places a hold on the resets of the case's person.
///
/// It needs no verification, because it only protects that person.
pub(super) async fn place_hold<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
) -> CaseResult {
    let person = case.person.ok_or(CaseRefusal::PersonUnknown)?;
    let mut transaction = app.audit_log.begin().await?;
    let frozen = eligibility::place_hold_by_staff(&mut transaction, person, staff.audit_actor(), app.now()).await?;
    transaction.commit().await?;
    if frozen {
        app.metrics.count_hold();
    }
    Ok("frozen")
}
