//! Signs people and staff in: the redirect to Entra and its callback, sessions, and permission types for handlers.

mod acting;
mod attempt;
mod callback;
mod finish;
mod landing;
mod operator;
mod refusals;
mod routes;
mod session;
mod staff;
mod verdict;
mod watch;

pub(crate) use acting::{PendingAction, ResumedAction};
pub(crate) use attempt::begin_agent_action;
pub(crate) use finish::{FinishingSignIn, begin_finishing};
pub(crate) use routes::router;
pub(crate) use session::{LoginSession, ResetViewer, SignedInPerson};
pub(crate) use staff::{
    AcknowledgeAlerts, ApproveActions, StaffMember, StaffPermission, ViewAuditLog, ViewHelpdesk, ViewInsights,
    WorkCases, with_staff_navigation,
};
pub(crate) use verdict::{PolicyAssessment, PolicyAssessor, PolicyFinding, run_policy_assessor};
pub(crate) use watch::run_ended_session_watcher;
