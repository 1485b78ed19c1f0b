//! Signs people and staff in: the redirect to Entra and its callback, sessions, and permission types for handlers.

mod agent_action;
mod attempt;
mod ended_sessions;
mod finishing_store;
mod handlers;
mod pages;
mod permissions;
mod refusals;
mod session;
mod staff;

pub(crate) use attempt::{FinishingSignIn, PendingAction, begin_agent_action, begin_finishing, begin_operator_sign_in};
pub(crate) use ended_sessions::run_ended_session_watcher;
pub(crate) use finishing_store::{
    FinishingOutcome, FinishingStatus, claim_due_finishings, end_finishing, load_finishing_status,
};
pub(crate) use handlers::{CallbackHandlers, HandlerFuture, OperatorSignIn, ResumedAction};
pub(crate) use pages::router;
pub(crate) use permissions::{
    AcknowledgeAlerts, ApproveActions, ManageOperator, PauseResets, StaffPermission, ViewAuditLog, ViewHelpdesk,
    ViewInsights, WorkCases,
};
pub(crate) use session::{LoginSession, ResetViewer, SignedInPerson, read_session_owner};
pub(crate) use staff::{StaffMember, with_staff_navigation};
