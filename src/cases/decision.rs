//! Decides whether a case action may be executed, and records the decision and its approval.
//!
//! A decision binds the verifications that justify it. An approval by a second person refers to one decision, and an
//! execution uses up exactly one decision.
//!
//! - Every permission follows from stored rows; the database constraints check the same rules again.
//! - An approver never approves their own decision.
//! - An override needs a reason and an approval, and raises a helpdesk alert.

use jiff::{SignedDuration, Timestamp};

use super::action_outcome::CaseActionOutcome;
use super::case_access::lock_open_case;
use super::case_events::{case_event, raise_helpdesk_alert};
use super::error::{CaseError, CaseRefusal, CaseResult};
use super::participants::StaffActor;
use super::person_snapshot::PersonSnapshot;
use super::policy::{CaseAction, VerificationRequirements, select_sufficient};
use super::status::{CaseStatus, check_subject, load_status};
use super::store::{self, CaseDecision, DecisionBasis, HelpdeskCase, NewApproval, RecordedDecision};
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
    second: SecondPerson,
) -> Result<RecordedDecision, CaseError> {
    let mut needs = status.requirements;
    if second == SecondPerson::Always {
        (needs.two_people, needs.beyond_own_session) = (true, true);
    }
    let chosen = select_sufficient(needs, &status.verifications).map_err(|_| CaseRefusal::NotVerified)?;
    let now = app.now();
    let until = chosen.iter().map(|one| one.until).min().unwrap_or(now);
    let decision = new_decision(app, staff, case.action, needs, now, until);
    store::insert_decision(transaction.tx(), case.id, &decision, &chosen).await?;
    let methods: Vec<&str> = chosen.iter().map(|one| one.method.as_str()).collect();
    transaction.record_event(
        case_event("case.verified", staff, case)
            .with_detail("decision", &*decision.id)
            .with_detail("methods", methods)
            .with_detail("threshold", needs.points),
    );
    Ok(RecordedDecision { decision, approval: None, is_used: false })
}

fn new_decision(
    app: &AppState,
    staff: &StaffActor,
    action: CaseAction,
    needs: VerificationRequirements,
    at: Timestamp,
    until: Timestamp,
) -> CaseDecision {
    CaseDecision {
        id: app.random.uuid_at(at).to_string(),
        action,
        basis: DecisionBasis::Verification,
        requirements: needs,
        reason: String::new(),
        agent: staff.key.object,
        agent_name: staff.name.clone(),
        at,
        until,
    }
}

/// Requests the approval of a second person for sufficient verifications.
pub(crate) async fn request_approval(app: &AppState, staff: &StaffActor, case: &HelpdeskCase) -> CaseResult {
    let status = load_status_for(app, staff, case).await?;
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    record_decision(app, staff, &mut transaction, &held, &status, SecondPerson::Always).await?;
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
    reason: &str,
) -> CaseResult {
    let reason = reason.trim();
    if !OVERRIDE_REASON_CHARS.contains(&reason.chars().count()) {
        return Err(CaseRefusal::NoReason.into());
    }
    let status = load_status_for(app, staff, case).await?;
    let now = app.now();
    let until = now.later(approval_lifetime(app));
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let needs = VerificationRequirements { two_people: true, ..status.requirements };
    let plain = new_decision(app, staff, held.action, needs, now, until);
    let decision = CaseDecision { basis: DecisionBasis::Override, reason: reason.to_owned(), ..plain };
    store::insert_decision(transaction.tx(), held.id, &decision, &[]).await?;
    let requested = case_event("case.override_asked", staff, &held).with_detail("decision", &*decision.id);
    transaction.record_event(requested.with_personal_detail("reason", reason));
    transaction.commit().await?;
    raise_helpdesk_alert(app, "override", &held);
    Ok(CaseActionOutcome::ApprovalRequested)
}

fn approval_lifetime(app: &AppState) -> SignedDuration {
    SignedDuration::from_secs(app.config.helpdesk.approval_seconds)
}

/// Loads the status of a case after checking that it is not about the staff member.
async fn load_status_for(app: &AppState, staff: &StaffActor, case: &HelpdeskCase) -> Result<CaseStatus, CaseError> {
    let person = check_subject(staff, case)?;
    load_status(app, case, &PersonSnapshot::new(app, person)).await
}

/// Approves the pending decision as the second person.
pub(crate) async fn approve_decision(app: &AppState, staff: &StaffActor, case: &HelpdeskCase) -> CaseResult {
    let person = check_subject(staff, case)?;
    let status = load_status_for(app, staff, case).await?;
    let pending = status.decision.filter(|c| c.approval.is_none() && c.decision.requirements.two_people);
    let decision = pending.ok_or(CaseRefusal::Expired)?.decision;
    if decision.agent == staff.key.object {
        return Err(CaseRefusal::OwnApproval.into());
    }
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let since = now.earlier(RECIPROCAL_APPROVAL_WINDOW);
    if store::has_reciprocal_approval(transaction.tx(), staff.key.object, decision.agent, person, since).await? {
        return Err(CaseRefusal::ReciprocalApproval.into());
    }
    let until = now.later(approval_lifetime(app)).min(decision.until);
    let id = app.random.uuid_at(now).to_string();
    let approval = NewApproval { id: &id, decision: &decision, person, approver: staff, now, until };
    match store::insert_approval(transaction.tx(), &approval).await {
        Err(StoreError::AlreadyExists) => return Err(CaseRefusal::Expired.into()),
        done => done?,
    }
    let approved = case_event("case.approved", staff, &held).with_detail("for", decision.agent.to_string());
    let approved = approved.with_detail("approval", &*id).with_detail("decision", &*decision.id);
    transaction.record_event(approved.with_detail("override", decision.is_override()));
    transaction.commit().await?;
    Ok(CaseActionOutcome::Approved)
}
