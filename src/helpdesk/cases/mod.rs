//! Helpdesk cases: an agent verifies a caller, obtains an approval if one is needed, and executes one action.
//!
//! - Verification, approval and execution happen only in this order.
//! - No staff member works on a case about themselves.
//! - Every step and every refusal is in the audit log.

mod answer;
mod carry;
mod decide;
mod lines;
mod list;
mod open;
mod own;
mod page;
mod passes;
mod press;
mod rules;
mod store;
mod verify;
mod words;

pub(super) use answer::{account, account_change, answer as answer_check, show_pass};
pub(super) use lines::{ActionOption, all_actions};
pub(super) use list::{CaseListItem as CaseRow, list, of_person, of_reset, opened};
pub(super) use open::ask_for_help;
pub(crate) use own::carry_out;
pub(super) use page::{change, page};
pub(crate) use passes::run as watch_passes;
pub(super) use press::{act, aim, approve, ask, by_override, close, freeze, name, note, second, take, ticket};
pub(crate) use store::forget as forget_cases;

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
    Nobody,
    /// The case is about the staff member who acts.
    Yourself,
    /// Too many verification requests about this person were denied or answered incorrectly today.
    TooOften,
    /// The same verification request is already open.
    Waiting,
    NoManager,
    /// The person's manager is the agent.
    ManagerIsYou,
    /// No phone number has been unchanged for long enough to be eligible for a callback.
    NumberNew,
    /// This agent has already attested this, or the person is already identified.
    SaidAlready,
    NotEnough,
    /// The action needs an approval by a second person.
    NeedsApproval,
    /// The approver made the decision.
    OwnApproval,
    /// The two agents would approve each other's decisions about this person.
    Turns,
    /// The decision, request or execution expired, was already used, or belongs to another action.
    Expired,
    NoReason,
    /// The authentication strength of the required context does not accept a Temporary Access Pass.
    PassNotTaken,
    /// The configuration of the portal, the directory or the tenant does not support it.
    NotPossible,
    /// The operator is unavailable now. No verification was used up.
    Operator,
    /// Microsoft protects this account from the acting account, or it is the operator's own account.
    Protected,
    /// The agent's own account has no active Entra role that allows the action.
    OwnRole,
    /// Microsoft required a second step-up sign-in for the same execution.
    AgainAsked,
}

impl CaseRefusal {
    pub(super) const ALL: [Self; 21] = [
        Self::NotOpen,
        Self::Nobody,
        Self::Yourself,
        Self::TooOften,
        Self::Waiting,
        Self::NoManager,
        Self::ManagerIsYou,
        Self::NumberNew,
        Self::SaidAlready,
        Self::NotEnough,
        Self::NeedsApproval,
        Self::OwnApproval,
        Self::Turns,
        Self::Expired,
        Self::NoReason,
        Self::PassNotTaken,
        Self::NotPossible,
        Self::Operator,
        Self::Protected,
        Self::OwnRole,
        Self::AgainAsked,
    ];

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::NotOpen => "C-NOT-OPEN",
            Self::Nobody => "C-NOBODY",
            Self::Yourself => "C-YOURSELF",
            Self::TooOften => "C-TOO-OFTEN",
            Self::Waiting => "C-WAITING",
            Self::NoManager => "C-NO-MANAGER",
            Self::ManagerIsYou => "C-MANAGER-IS-YOU",
            Self::NumberNew => "C-NUMBER-NEW",
            Self::SaidAlready => "C-SAID-ALREADY",
            Self::NotEnough => "C-NOT-ENOUGH",
            Self::NeedsApproval => "C-NEEDS-APPROVAL",
            Self::OwnApproval => "C-OWN-APPROVAL",
            Self::Turns => "C-TURNS",
            Self::Expired => "C-EXPIRED",
            Self::NoReason => "C-NO-REASON",
            Self::PassNotTaken => "C-PASS-NOT-TAKEN",
            Self::NotPossible => "C-NOT-POSSIBLE",
            Self::Operator => "C-OPERATOR",
            Self::Protected => "C-PROTECTED",
            Self::OwnRole => "C-OWN-ROLE",
            Self::AgainAsked => "C-AGAIN-ASKED",
        }
    }
}

/// Result of a case operation: a code for the page, whose text is `case-said-<code>`.
pub(super) type CaseResult = Result<&'static str, CaseError>;

/// Locks an open case for the rest of the transaction.
///
/// Refuses if the case's action has changed since the caller read it, because earlier checks were made for the old
/// action.
async fn hold(
    ledger: &mut crate::audit::AuditedTransaction,
    case: &HelpdeskCase,
    app: &AppState,
) -> Result<HelpdeskCase, CaseError> {
    let held = store::hold(ledger.tx(), case.id, app.now()).await?;
    let held = held.ok_or(CaseRefusal::NotOpen)?;
    if held.action != case.action {
        return Err(CaseRefusal::Expired.into());
    }
    Ok(held)
}

/// Returns an audit event by a staff member about a case.
fn event<P: StaffPermission>(kind: &'static str, staff: &StaffMember<P>, case: &HelpdeskCase) -> AuditEvent {
    about(AuditEvent::new(kind, staff.actor()), case)
}

fn about(event: AuditEvent, case: &HelpdeskCase) -> AuditEvent {
    let event = event.with("case", case.reference.to_string()).with("action", case.action.name());
    let event = if let Some(reset) = case.reset { event.reset(reset) } else { event };
    if let Some(person) = case.person { event.about(person) } else { event }
}

/// Records a refusal in the audit log.
async fn refused<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    refusal: CaseRefusal,
) -> Result<(), StoreError> {
    app.auditor.note(event("case.refused", staff, case).with("code", refusal.code())).await
}

/// Logs and counts a helpdesk alert. The audit log has its own event for the same incident.
fn alarm(app: &AppState, kind: &'static str, case: &HelpdeskCase) {
    tracing::error!(kind, case.reference = %case.reference, "helpdesk alert raised");
    app.metrics.desk_alarm(kind);
}

async fn find(app: &AppState, reference: &str) -> Result<HelpdeskCase, WebError> {
    let found = match reference.parse::<ReferenceCode>() {
        Ok(reference) => store::by_reference(&app.db, &reference).await?,
        Err(_) => None,
    };
    found.ok_or(WebError::NotFound)
}
