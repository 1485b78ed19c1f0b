//! Who sees a Temporary Access Pass, as decisions and executions store it.

use crate::base::ObjectId;
use crate::cases::execution_state::ExecutionStatus;

/// Who sees the Temporary Access Pass of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExecutionViewer {
    /// The action issues no pass.
    NoOne,
    Manager(ObjectId),
    Agent,
}

impl ExecutionViewer {
    /// Reads the columns `shown_to` and `viewer`.
    pub(super) fn from_columns(shown_to: Option<&str>, viewer: Option<ObjectId>) -> Self {
        match (shown_to, viewer) {
            (Some("manager"), Some(manager)) => Self::Manager(manager),
            (Some("agent"), _) => Self::Agent,
            _ => Self::NoOne,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NoOne => "nobody",
            Self::Manager(_) => "manager",
            Self::Agent => "agent",
        }
    }

    pub(crate) fn manager(self) -> Option<ObjectId> {
        match self {
            Self::Manager(manager) => Some(manager),
            Self::NoOne | Self::Agent => None,
        }
    }

    /// Returns who sees the pass, if there is one.
    pub(crate) fn viewing_object(self, agent: ObjectId) -> Option<ObjectId> {
        match self {
            Self::NoOne => None,
            Self::Manager(manager) => Some(manager),
            Self::Agent => Some(agent),
        }
    }

    /// Returns the status with which the execution starts: a pass for the manager waits until the manager takes it.
    pub(crate) fn initial_status(self) -> ExecutionStatus {
        match self {
            Self::Manager(_) => ExecutionStatus::Waiting,
            Self::NoOne | Self::Agent => ExecutionStatus::Started,
        }
    }
}
