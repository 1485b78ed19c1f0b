//! Cases: one caller, verified, approved and helped, in this order and no other.

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

/// Why something is not done. The catalogue holds `case-said-<code>`; the audit holds the code.
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

/// Refusals of the desk's own rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Locked or closed.
    NotOpen,
    /// It is not known yet whom it is about.
    Nobody,
    /// Nobody verifies or helps themselves.
    Yourself,
    /// Too many questions about this person were refused or answered wrongly today.
    TooOften,
    /// The same question is open already.
    Waiting,
    NoManager,
    /// The manager is the agent.
    ManagerIsYou,
    /// No number on record has been the same for long enough.
    NumberNew,
    /// This agent said so already.
    SaidAlready,
    NotEnough,
    /// It takes a second person.
    NeedsApproval,
    /// An approval of one's own.
    OwnApproval,
    /// These two approved for each other about this person.
    Turns,
    /// Nothing is there to be approved or done any more.
    Expired,
    NoReason,
    /// The strength behind the context does not take a pass.
    PassNotTaken,
    /// Microsoft's or the directory's side is not set up for it.
    NotPossible,
    /// The operator cannot work at the moment: nothing was used up.
    Operator,
    /// Microsoft protects this account from the operator, or it is the operator's own.
    Protected,
    /// The agent's own account holds no role in Entra that may do this.
    OwnRole,
    /// Microsoft asked the agent to sign in again twice.
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

/// What a press came to: a word for the page, whose text is `case-said-<word>`.
pub(super) type Done = Result<&'static str, Stop>;

/// An open case's row, held for the rest of the transaction. What was looked at before was looked at for what the case is for: one
/// that is for something else by now is another case.
async fn hold(ledger: &mut crate::audit::Ledger, case: &Case, app: &App) -> Result<Case, Stop> {
    let held = store::hold(ledger.tx(), case.id, app.now()).await?;
    let held = held.ok_or(Refused::NotOpen)?;
    if held.action != case.action {
        return Err(Refused::Expired.into());
    }
    Ok(held)
}

/// An event of a case by a member of staff.
fn event<P: Permission>(kind: &'static str, staff: &Staff<P>, case: &Case) -> Event {
    about(Event::new(kind, staff.actor()), case)
}

fn about(event: Event, case: &Case) -> Event {
    let event = event.with("case", case.reference.to_string()).with("action", case.action.name());
    let event = if let Some(reset) = case.reset { event.reset(reset) } else { event };
    if let Some(person) = case.person { event.about(person) } else { event }
}

/// A refusal is history too.
async fn refused<P: Permission>(app: &App, staff: &Staff<P>, case: &Case, why: Refused) -> Result<(), StoreError> {
    app.auditor.note(event("case.refused", staff, case).with("code", why.code())).await
}

/// An alarm: in the audit by its event, in the log, and counted for whoever watches.
fn alarm(app: &App, kind: &'static str, case: &Case) {
    tracing::error!(kind, case = %case.reference, "the helpdesk must look");
    app.metrics.desk_alarm(kind);
}

async fn find(app: &App, reference: &str) -> Result<Case, Error> {
    let found = match reference.parse::<Reference>() {
        Ok(reference) => store::by_reference(&app.db, &reference).await?,
        Err(_) => None,
    };
    found.ok_or(Error::NotFound)
}
