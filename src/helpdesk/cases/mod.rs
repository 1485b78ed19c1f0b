//! Helpdesk cases: an agent verifies a caller, obtains an approval if one is needed, and executes one action.
//!
//! - Verification, approval and execution happen only in this order.
//! - No staff member works on a case about themselves.
//! - Every step and every refusal is in the audit log.

mod actions;
mod answer;
mod carry;
mod decide;
mod detail;
mod lines;
mod list;
mod open;
mod own;
mod passes;
mod rules;
mod store;
mod verify;
mod words;

pub(super) use actions::{
    add_case_note, approve_decision, change_action, close_case, execute_action, identify_person, place_hold,
    request_approval, request_override, set_ticket, take_over_case, verify_caller,
};
pub(super) use answer::{claim_waiting_pass, show_account, show_account_change, submit_reply};
pub(super) use detail::{show_case, show_case_change};
pub(super) use lines::{ActionOption, all_action_options};
pub(super) use list::{CaseListItem, load_person_items, load_reset_items, open_case, show_case_list};
pub(super) use open::request_help;
pub(crate) use own::handle_agent_return;
pub(crate) use passes::run_pass_monitor;
pub(crate) use store::erase_old_cases;

use crate::audit::AuditEvent;
use crate::base::ReferenceCode;
use crate::entra::GraphError;
use crate::helpdesk::cases::store::HelpdeskCase;
use crate::signin::{StaffMember, StaffPermission};
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::WebError;

/// Reason why a case operation did not complete: a business rule refused it, or something failed.
#[derive(Debug)]
pub(super) enum CaseError {
    Refused(CaseRefusal),
    Failed(WebError),
}

impl From<CaseRefusal> for CaseError {
    fn from(refused: CaseRefusal) -> Self {
        Self::Refused(refused)
    }
}

impl From<WebError> for CaseError {
    fn from(error: WebError) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for CaseError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<GraphError> for CaseError {
    fn from(error: GraphError) -> Self {
        Self::Failed(WebError::unavailable(&error))
    }
}

/// Refusal by a rule of the helpdesk. The catalogue holds its text as `case-said-<code>`; the audit log holds the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CaseRefusal {
    /// The case is locked or closed.
    NotOpen,
    /// The person of the case is not identified yet.
    PersonUnknown,
    /// The case is about the staff member who acts.
    AboutYourself,
    /// Too many verification requests about this person were denied or answered incorrectly today.
    TooManyFailures,
    /// The same verification request is already open.
    AlreadyRequested,
    NoManager,
    /// The person's manager is the agent.
    ManagerIsAgent,
    /// No phone number has been unchanged for long enough to be eligible for a callback.
    NumberTooNew,
    /// This agent has already attested this, or the person is already identified.
    AlreadyRecorded,
    NotVerified,
    /// The action needs an approval by a second person.
    NeedsApproval,
    /// The approver made the decision.
    OwnApproval,
    /// The two agents would approve each other's decisions about this person.
    ReciprocalApproval,
    /// The decision, request or execution expired, was already used, or belongs to another action.
    Expired,
    NoReason,
    /// The authentication strength of the required context does not accept a Temporary Access Pass.
    PassNotAccepted,
    /// The configuration of the portal, the directory or the tenant does not support it.
    NotPossible,
    /// The operator is unavailable now. No verification was used up.
    OperatorUnavailable,
    /// Microsoft protects this account from the acting account, or it is the operator's own account.
    AccountProtected,
    /// The agent's own account has no active Entra role that allows the action.
    AgentRoleMissing,
    /// Microsoft required a second step-up sign-in for the same execution.
    StepUpRepeated,
}

impl CaseRefusal {
    pub(super) const ALL: [Self; 21] = [
        Self::NotOpen,
        Self::PersonUnknown,
        Self::AboutYourself,
        Self::TooManyFailures,
        Self::AlreadyRequested,
        Self::NoManager,
        Self::ManagerIsAgent,
        Self::NumberTooNew,
        Self::AlreadyRecorded,
        Self::NotVerified,
        Self::NeedsApproval,
        Self::OwnApproval,
        Self::ReciprocalApproval,
        Self::Expired,
        Self::NoReason,
        Self::PassNotAccepted,
        Self::NotPossible,
        Self::OperatorUnavailable,
        Self::AccountProtected,
        Self::AgentRoleMissing,
        Self::StepUpRepeated,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NotOpen => "C-NOT-OPEN",
            Self::PersonUnknown => "C-NOBODY",
            Self::AboutYourself => "C-YOURSELF",
            Self::TooManyFailures => "C-TOO-OFTEN",
            Self::AlreadyRequested => "C-WAITING",
            Self::NoManager => "C-NO-MANAGER",
            Self::ManagerIsAgent => "C-MANAGER-IS-YOU",
            Self::NumberTooNew => "C-NUMBER-NEW",
            Self::AlreadyRecorded => "C-SAID-ALREADY",
            Self::NotVerified => "C-NOT-ENOUGH",
            Self::NeedsApproval => "C-NEEDS-APPROVAL",
            Self::OwnApproval => "C-OWN-APPROVAL",
            Self::ReciprocalApproval => "C-TURNS",
            Self::Expired => "C-EXPIRED",
            Self::NoReason => "C-NO-REASON",
            Self::PassNotAccepted => "C-PASS-NOT-TAKEN",
            Self::NotPossible => "C-NOT-POSSIBLE",
            Self::OperatorUnavailable => "C-OPERATOR",
            Self::AccountProtected => "C-PROTECTED",
            Self::AgentRoleMissing => "C-OWN-ROLE",
            Self::StepUpRepeated => "C-AGAIN-ASKED",
        }
    }
}

/// Result of a case operation: a code for the page, whose text is `case-said-<code>`.
pub(super) type CaseResult = Result<&'static str, CaseError>;

/// Locks an open case for the rest of the transaction.
///
/// Refuses if the case's action has changed since the caller read it, because earlier checks were made for the old
/// action.
async fn lock_open_case(
    transaction: &mut crate::audit::AuditedTransaction,
    case: &HelpdeskCase,
    app: &AppState,
) -> Result<HelpdeskCase, CaseError> {
    let held = store::lock_if_open(transaction.tx(), case.id, app.now()).await?;
    let held = held.ok_or(CaseRefusal::NotOpen)?;
    if held.action != case.action {
        return Err(CaseRefusal::Expired.into());
    }
    Ok(held)
}

/// Returns an audit event by a staff member about a case.
fn case_event<P: StaffPermission>(kind: &'static str, staff: &StaffMember<P>, case: &HelpdeskCase) -> AuditEvent {
    with_case(AuditEvent::new(kind, staff.audit_actor()), case)
}

fn with_case(event: AuditEvent, case: &HelpdeskCase) -> AuditEvent {
    let event = event.with_detail("case", case.reference.to_string()).with_detail("action", case.action.as_str());
    let event = if let Some(reset) = case.reset { event.with_reset(reset) } else { event };
    if let Some(person) = case.person { event.with_subject(person) } else { event }
}

/// Records a refusal in the audit log.
async fn record_refusal<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    refusal: CaseRefusal,
) -> Result<(), StoreError> {
    app.audit_log.append(case_event("case.refused", staff, case).with_detail("code", refusal.as_str())).await
}

/// Logs and counts a helpdesk alert. The audit log has its own event for the same incident.
fn raise_helpdesk_alert(app: &AppState, kind: &'static str, case: &HelpdeskCase) {
    tracing::error!(kind, case.reference = %case.reference, "helpdesk alert raised");
    app.metrics.count_alert(kind);
}

async fn load_case(app: &AppState, reference: &str) -> Result<HelpdeskCase, WebError> {
    let found = match reference.parse::<ReferenceCode>() {
        Ok(reference) => store::load_case_by_reference(&app.db, &reference).await?,
        Err(_) => None,
    };
    found.ok_or(WebError::NotFound)
}
