//! Decides whether a case action may be executed, and records the decision and its approval.
//!
//! A decision binds the verifications that justify it. An approval by a second person refers to one decision, and an
//! execution uses up exactly one decision.
//!
//! - Every permission follows from stored rows; the database constraints check the same rules again.
//! - An approver has no other part in the decision (`duties`), and approves the decision that they read: its id and digest
//!   are compared under the lock of the case.
//! - An override needs a reason and an approval, and raises a helpdesk alert.

use jiff::{SignedDuration, Timestamp};

use super::action_outcome::CaseActionOutcome;
use super::case_access::lock_open_case;
use super::case_events::{case_event, raise_helpdesk_alert};
use super::duties::{CaseDuty, are_separated};
use super::error::{CaseError, CaseRefusal, CaseResult};
use super::participants::StaffActor;
use super::pass_viewer::{PassViewer, resolve_viewer};
use super::person_snapshot::PersonSnapshot;
use super::policy::{VerificationRequirements, duties_of, select_sufficient};
use super::status::{CaseStatus, check_subject, check_unchanged, load_status, own_duties, reload_status};
use super::store::{self, CaseDecision, DecisionBasis, ExecutionViewer, HelpdeskCase, NewApproval, RecordedDecision};
use crate::audit::AuditedTransaction;
use crate::base::TimestampExt as _;
use crate::state::AppState;
use crate::store::StoreError;

/// Period in which two agents cannot approve each other's decisions about the same person.
const RECIPROCAL_APPROVAL_WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// Allowed length of an override reason, in characters. The minimum asks for a meaningful text.
const OVERRIDE_REASON_CHARS: std::ops::RangeInclusive<usize> = 10..=500;

/// When a decision needs the approval of a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecondPerson {
    /// As the requirements of the case say.
    IfRequired,
    /// Whatever the risk is, because the agent requested an approval.
    Always,
}

/// Records a decision that the verifications are sufficient.
pub(super) async fn record_decision(
    app: &AppState,
    staff: &StaffActor,
    transaction: &mut AuditedTransaction,
    case: &HelpdeskCase,
    status: &CaseStatus,
    (viewer, second): (ExecutionViewer, SecondPerson),
) -> Result<RecordedDecision, CaseError> {
    let mut needs = status.requirements;
    if second == SecondPerson::Always {
        (needs.two_people, needs.beyond_own_session) = (true, true);
    }
    let person = check_subject(staff, case)?;
    let mut duties = own_duties(person, staff.key);
    duties.extend(viewer.viewing_object(staff.key.object).map(|object| (CaseDuty::Viewer, object)));
    let chosen = select_sufficient(needs, &status.verifications, &duties)
        .map_err(|missing| if missing.separation { CaseRefusal::DutiesConflict } else { CaseRefusal::NotVerified })?;
    duties.extend(duties_of(&chosen));
    // The executor is recorded with the execution.
    duties.retain(|(duty, _)| *duty != CaseDuty::Executor);
    let now = app.now();
    let until = chosen.iter().map(|one| one.until).min().unwrap_or(now);
    let decision = CaseDecision {
        evidence: chosen.iter().map(|one| one.id.clone()).collect(),
        ..new_decision(app, staff, case, status, (viewer, needs), until)
    };
    store::insert_decision(transaction.tx(), case.id, &decision, &chosen, &duties).await?;
    let digest = decision.digest(case.id);
    let methods: Vec<&str> = chosen.iter().map(|one| one.method.as_str()).collect();
    transaction.record_event(
        case_event("case.verified", staff, case)
            .with_detail("methods", methods)
            .with_detail("threshold", needs.points)
            .with_detail("decision", decision.id.clone())
            .with_detail("digest", digest.clone()),
    );
    Ok(RecordedDecision { decision, approval: None, is_used: false, digest, is_void: false })
}

fn new_decision(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    status: &CaseStatus,
    (viewer, needs): (ExecutionViewer, VerificationRequirements),
    until: Timestamp,
) -> CaseDecision {
    let at = app.now();
    CaseDecision {
        id: app.random.uuid_at(at).to_string(),
        action: case.action,
        basis: DecisionBasis::Verification,
        requirements: needs,
        reason: String::new(),
        subject: case.person.map(|person| person.object),
        viewer,
        risk: status.risk,
        evidence: Vec::new(),
        agent: staff.key.object,
        agent_name: staff.name.clone(),
        at,
        until,
    }
}

/// What a member of staff read on the page whose form they sent.
pub(crate) struct SeenStatus<'a> {
    pub(crate) viewer: PassViewer,
    /// Digest of the case's status.
    pub(crate) digest: &'a str,
}

/// Requests the approval of a second person for sufficient verifications.
pub(crate) async fn request_approval(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    seen: &SeenStatus<'_>,
) -> CaseResult {
    let snapshot = PersonSnapshot::new(app, check_subject(staff, case)?);
    let before = load_status(app, case, &snapshot, staff.key).await?;
    let viewer = resolve_viewer(app, case, &snapshot, seen.viewer).await?;
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let status = reload_status(app, &held, (snapshot.key, staff.key), &before).await?;
    check_unchanged(&status, &held, seen.digest)?;
    record_decision(app, staff, &mut transaction, &held, &status, (viewer, SecondPerson::Always)).await?;
    transaction.commit().await?;
    Ok(CaseActionOutcome::ApprovalRequested)
}

/// Requests an override: the action without sufficient verification, for a stated reason.
///
/// Only a second person can approve it, and it raises a helpdesk alert.
pub(crate) async fn request_override(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    seen: &SeenStatus<'_>,
    reason: &str,
) -> CaseResult {
    let reason = reason.trim();
    if !OVERRIDE_REASON_CHARS.contains(&reason.chars().count()) {
        return Err(CaseRefusal::NoReason.into());
    }
    let snapshot = PersonSnapshot::new(app, check_subject(staff, case)?);
    let before = load_status(app, case, &snapshot, staff.key).await?;
    let viewer = resolve_viewer(app, case, &snapshot, seen.viewer).await?;
    let until = app.now().later(approval_lifetime(app));
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let status = reload_status(app, &held, (snapshot.key, staff.key), &before).await?;
    check_unchanged(&status, &held, seen.digest)?;
    let needs = VerificationRequirements { two_people: true, ..status.requirements };
    let decision = CaseDecision {
        basis: DecisionBasis::Override,
        reason: reason.to_owned(),
        ..new_decision(app, staff, &held, &status, (viewer, needs), until)
    };
    let mut duties = own_duties(snapshot.key, staff.key);
    duties.extend(viewer.viewing_object(staff.key.object).map(|object| (CaseDuty::Viewer, object)));
    if !are_separated(&duties) {
        return Err(CaseRefusal::DutiesConflict.into());
    }
    duties.retain(|(duty, _)| *duty != CaseDuty::Executor);
    store::insert_decision(transaction.tx(), held.id, &decision, &[], &duties).await?;
    let asked = case_event("case.override_asked", staff, &held)
        .with_detail("decision", decision.id.clone())
        .with_detail("digest", decision.digest(held.id));
    transaction.record_event(asked.with_personal_detail("reason", reason));
    transaction.commit().await?;
    raise_helpdesk_alert(app, "override", &held);
    Ok(CaseActionOutcome::ApprovalRequested)
}

fn approval_lifetime(app: &AppState) -> SignedDuration {
    SignedDuration::from_secs(app.config.helpdesk.approval_seconds)
}

/// The decision that an approver read: its id and its digest.
pub(crate) struct SeenDecision<'a> {
    pub(crate) id: &'a str,
    pub(crate) digest: &'a str,
}

/// Approves the decision that the second person read.
pub(crate) async fn approve_decision(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    seen: &SeenDecision<'_>,
) -> CaseResult {
    let person = check_subject(staff, case)?;
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let recorded = find_pending(app, &held, seen).await?;
    let decision = &recorded.decision;
    if decision.agent == staff.key.object {
        return Err(CaseRefusal::OwnApproval.into());
    }
    let mut duties = store::load_duties(transaction.tx(), &decision.id).await?;
    duties.push((CaseDuty::Approver, staff.key.object));
    if !are_separated(&duties) {
        return Err(CaseRefusal::DutiesConflict.into());
    }
    let since = now.earlier(RECIPROCAL_APPROVAL_WINDOW);
    if store::has_reciprocal_approval(transaction.tx(), staff.key.object, decision.agent, person, since).await? {
        return Err(CaseRefusal::ReciprocalApproval.into());
    }
    let until = now.later(approval_lifetime(app)).min(decision.until);
    let id = app.random.uuid_at(now).to_string();
    let approval = NewApproval { id: &id, decision, digest: &recorded.digest, person, approver: staff, now, until };
    match store::insert_approval(transaction.tx(), &approval).await {
        Err(StoreError::AlreadyExists) => return Err(CaseRefusal::Expired.into()),
        done => done?,
    }
    let approved = case_event("case.approved", staff, &held)
        .with_detail("for", decision.agent.to_string())
        .with_detail("approval", &*id)
        .with_detail("decision", decision.id.clone())
        .with_detail("digest", recorded.digest.clone());
    transaction.record_event(approved.with_detail("override", decision.is_override()));
    transaction.commit().await?;
    Ok(CaseActionOutcome::Approved)
}

/// Returns the decision that was read, if it still waits for an approval and is the newest one for the case's action.
async fn find_pending(
    app: &AppState,
    held: &HelpdeskCase,
    seen: &SeenDecision<'_>,
) -> Result<RecordedDecision, CaseError> {
    let decisions = store::load_decisions(&app.db, held.id).await?;
    let newest = decisions.into_iter().find(|one| one.decision.action == held.action && one.is_usable(app.now()));
    let pending = newest.filter(|one| one.approval.is_none() && one.decision.requirements.two_people);
    let pending = pending.ok_or(CaseRefusal::Expired)?;
    if pending.decision.id == seen.id && pending.digest == seen.digest {
        Ok(pending)
    } else {
        Err(CaseRefusal::Changed.into())
    }
}
