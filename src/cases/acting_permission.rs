//! Checks that the acting account may act on a person, before a verification is used up.

use super::error::{CaseError, CaseRefusal};
use super::person_snapshot::PersonSnapshot;
use super::policy::CaseAction;
use crate::base::PersonKey;
use crate::entra::{OperatorError, find_reset_role};
use crate::people::PeopleService;
use crate::state::AppState;
use crate::store::StoreError;

/// Checks that the reset operator is available and may act on this person.
///
/// Only actions at Microsoft need the operator.
pub(super) async fn check_operator_permission(
    app: &AppState,
    action: CaseAction,
    person: &PersonSnapshot,
) -> Result<(), CaseError> {
    if !matches!(action, CaseAction::IssuePass | CaseAction::RevokeSessions) {
        return Ok(());
    }
    let operator = match app.entra.operator.ensure_ready().await {
        Ok(ready) => ready.operator,
        Err(OperatorError::Store(error)) => return Err(error.into()),
        Err(OperatorError::RefreshTimedOut) => return Err(StoreError::RowNotFound.into()),
        Err(error) => {
            tracing::warn!(error = ?error, "case action rejected: operator unavailable");
            return Err(CaseRefusal::OperatorUnavailable.into());
        }
    };
    let profile = person.profile().await?;
    if operator.object == person.key.object {
        return Err(CaseRefusal::AccountProtected.into());
    }
    match PeopleService::new(app).assess_protection(profile, &operator.reset_role).await? {
        Some(_) => Err(CaseRefusal::AccountProtected.into()),
        None => Ok(()),
    }
}

/// Checks that the agent's own account may act on this person.
///
/// Only a role that is active now counts, not one that the agent could activate.
pub(super) async fn check_agent_permission(
    app: &AppState,
    agent: PersonKey,
    person: &PersonSnapshot,
) -> Result<(), CaseError> {
    let held = app.entra.graph.fetch_role_assignments(agent.object).await?;
    let reset_role = find_reset_role(&held).ok_or(CaseRefusal::AgentRoleMissing)?;
    match PeopleService::new(app).assess_protection(person.profile().await?, &reset_role).await? {
        Some(_) => Err(CaseRefusal::AccountProtected.into()),
        None => Ok(()),
    }
}
