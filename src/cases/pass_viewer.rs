//! Who sees a Temporary Access Pass.

use super::error::{CaseError, CaseRefusal};
use super::person_snapshot::PersonSnapshot;
use super::policy::CaseAction;
use super::store::{ExecutionViewer, HelpdeskCase};
use crate::conditional_access::PolicyAssessor;
use crate::state::AppState;

/// Who the agent wants to see a Temporary Access Pass. Other actions ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassViewer {
    /// The person's manager, on their own page.
    Manager,
    /// The agent, which needs the approval of a second person.
    Agent,
}

/// Determines who sees a pass: the manager, unless the agent requested to see it.
pub(super) async fn resolve_viewer(
    app: &AppState,
    case: &HelpdeskCase,
    person: &PersonSnapshot,
    viewer: PassViewer,
) -> Result<ExecutionViewer, CaseError> {
    if case.action != CaseAction::IssuePass {
        return Ok(ExecutionViewer::NoOne);
    }
    if !PolicyAssessor::new(app).accepts_pass().await? {
        return Err(CaseRefusal::PassNotAccepted.into());
    }
    match viewer {
        PassViewer::Agent => Ok(ExecutionViewer::Agent),
        PassViewer::Manager => {
            let manager = person.manager().await?.ok_or(CaseRefusal::NoManager)?;
            Ok(ExecutionViewer::Manager(manager.id))
        }
    }
}
