//! Errors of case operations: a rule of the helpdesk refused, or something failed.

use super::action_outcome::CaseActionOutcome;
use crate::entra::GraphError;
use crate::store::StoreError;

/// Result of a case operation that ends in a message on the case page.
pub(crate) type CaseResult = Result<CaseActionOutcome, CaseError>;

/// Reason why a case operation did not complete.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaseError {
    #[error("case operation refused ({})", .0.as_str())]
    Refused(CaseRefusal),
    #[error("case not found")]
    CaseNotFound,
    #[error("person not found in the tenant")]
    PersonNotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl From<CaseRefusal> for CaseError {
    fn from(refusal: CaseRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Refusal by a rule of the helpdesk. The catalogue holds its text as `case-said-<code>`; the audit log holds the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseRefusal {
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
    /// The case is no longer as the member of staff read it, so they did not decide about it.
    Changed,
    /// The member of staff has another part in this decision that does not go with this one.
    DutiesConflict,
    /// The authentication strength of the required context does not accept a Temporary Access Pass.
    PassNotAccepted,
    /// The configuration of the portal, the directory or the tenant does not support it.
    NotPossible,
    /// All resets are paused, and passes with them.
    Paused,
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
    pub(crate) const ALL: [Self; 24] = [
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
        Self::Changed,
        Self::DutiesConflict,
        Self::PassNotAccepted,
        Self::NotPossible,
        Self::Paused,
        Self::OperatorUnavailable,
        Self::AccountProtected,
        Self::AgentRoleMissing,
        Self::StepUpRepeated,
    ];

    pub(crate) fn as_str(self) -> &'static str {
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
            Self::Changed => "C-CHANGED",
            Self::DutiesConflict => "C-DUTIES",
            Self::PassNotAccepted => "C-PASS-NOT-TAKEN",
            Self::NotPossible => "C-NOT-POSSIBLE",
            Self::Paused => "C-PAUSED",
            Self::OperatorUnavailable => "C-OPERATOR",
            Self::AccountProtected => "C-PROTECTED",
            Self::AgentRoleMissing => "C-OWN-ROLE",
            Self::StepUpRepeated => "C-AGAIN-ASKED",
        }
    }
}
