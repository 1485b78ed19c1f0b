//! Signs people and staff in: the redirect to Entra and its callback, sessions, and permission types for handlers.

mod agent_action;
mod attempt;
mod callback;
mod ended_sessions;
mod finishing;
mod finishing_store;
mod landing;
mod operator;
mod refusals;
mod routes;
mod session;
mod staff;
mod verdict;

pub(crate) use agent_action::{PendingAction, ResumedAction};
pub(crate) use attempt::begin_agent_action;
pub(crate) use ended_sessions::run_ended_session_watcher;
pub(crate) use finishing::{FinishingSignIn, begin_finishing};
pub(crate) use finishing_store::{
    FinishingOutcome, FinishingStatus, claim_due_finishings, end_finishing, load_finishing_status,
};
pub(crate) use routes::router;
pub(crate) use session::{LoginSession, ResetViewer, SignedInPerson};
pub(crate) use staff::{
    AcknowledgeAlerts, ApproveActions, StaffMember, StaffPermission, ViewAuditLog, ViewHelpdesk, ViewInsights,
    WorkCases, with_staff_navigation,
};
pub(crate) use verdict::{PolicyAssessment, PolicyAssessor, PolicyFinding, run_policy_assessor};
