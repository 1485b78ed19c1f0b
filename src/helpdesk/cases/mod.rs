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
pub(super) use lines::{Choice, all_actions};
pub(super) use list::{Row as CaseRow, list, of_person, of_reset, opened};
pub(super) use open::ask_for_help;
pub(crate) use own::carry_out;
pub(super) use page::{change, page};
pub(crate) use passes::run as watch_passes;
pub(super) use press::{act, aim, approve, ask, by_override, close, freeze, name, note, second, take, ticket};
pub(crate) use store::forget as forget_cases;

use crate::audit::Event;
use crate::base::Reference;
use crate::entra::GraphError;
use crate::helpdesk::cases::store::Case;
use crate::signin::{Permission, Staff};
use crate::state::App;
use crate::store::StoreError;
use crate::web::Error;

/// Reason why a case operation did not complete: a business rule refused it, or something failed.
#[derive(Debug)]
pub(super) enum Stop {
    Refused(Refused),
    Failed(Error),
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<GraphError> for Stop {
    fn from(error: GraphError) -> Self {
        Self::Failed(Error::unavailable(&error))
    }
}

/// Refusal by a rule of the helpdesk. The catalogue holds its text as `case-said-<code>`; the audit log holds the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
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

impl Refused {
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
pub(super) type Done = Result<&'static str, Stop>;

/// Locks an open case for the rest of the transaction.
///
/// Refuses if the case's action has changed since the caller read it, because earlier checks were made for the old
/// action.
async fn hold(ledger: &mut crate::audit::Ledger, case: &Case, app: &App) -> Result<Case, Stop> {
    let held = store::hold(ledger.tx(), case.id, app.now()).await?;
    let held = held.ok_or(Refused::NotOpen)?;
    if held.action != case.action {
        return Err(Refused::Expired.into());
    }
    Ok(held)
}

/// Returns an audit event by a staff member about a case.
fn event<P: Permission>(kind: &'static str, staff: &Staff<P>, case: &Case) -> Event {
    about(Event::new(kind, staff.actor()), case)
}

fn about(event: Event, case: &Case) -> Event {
    let event = event.with("case", case.reference.to_string()).with("action", case.action.name());
    let event = if let Some(reset) = case.reset { event.reset(reset) } else { event };
    if let Some(person) = case.person { event.about(person) } else { event }
}

/// Records a refusal in the audit log.
async fn refused<P: Permission>(app: &App, staff: &Staff<P>, case: &Case, refusal: Refused) -> Result<(), StoreError> {
    app.auditor.note(event("case.refused", staff, case).with("code", refusal.code())).await
}

/// Logs and counts a helpdesk alert. The audit log has its own event for the same incident.
fn alarm(app: &App, kind: &'static str, case: &Case) {
    tracing::error!(kind, case.reference = %case.reference, "helpdesk alert raised");
    app.metrics.desk_alarm(kind);
}

async fn find(app: &App, reference: &str) -> Result<Case, Error> {
    let found = match reference.parse::<Reference>() {
        Ok(reference) => store::by_reference(&app.db, &reference).await?,
        Err(_) => None,
    };
    found.ok_or(Error::NotFound)
}
