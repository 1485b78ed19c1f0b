//! The person of a case, as Microsoft has them during one request.

use tokio::sync::OnceCell;

use super::error::CaseError;
use crate::base::PersonKey;
use crate::entra::GraphError;
use crate::people::{PeopleService, PersonProfile, PersonSummary};
use crate::state::AppState;

/// Person of a case. Each part is fetched when it is first needed, and at most once per request.
pub(crate) struct PersonSnapshot {
    pub(crate) key: PersonKey,
    people: PeopleService,
    profile: OnceCell<PersonProfile>,
    is_privileged: OnceCell<bool>,
    manager: OnceCell<Option<PersonSummary>>,
}

impl PersonSnapshot {
    pub(crate) fn new(app: &AppState, key: PersonKey) -> Self {
        Self {
            key,
            people: PeopleService::new(app),
            profile: OnceCell::new(),
            is_privileged: OnceCell::new(),
            manager: OnceCell::new(),
        }
    }

    /// Returns the profile from Graph. Fails with [`CaseError::PersonNotFound`] if the tenant has no such person.
    pub(crate) async fn profile(&self) -> Result<&PersonProfile, CaseError> {
        let fetch = || async { self.people.fetch_profile(self.key.object).await };
        self.profile.get_or_try_init(fetch).await.map_err(|error: GraphError| {
            if error.is_not_found() { CaseError::PersonNotFound } else { CaseError::Graph(error) }
        })
    }

    /// Returns whether the person is privileged. Roles that cannot be fetched count as a reason.
    pub(super) async fn is_privileged(&self) -> Result<bool, CaseError> {
        let profile = self.profile().await?;
        let assess = || async { self.people.assess_privilege(profile).await.is_privileged() };
        Ok(*self.is_privileged.get_or_init(assess).await)
    }

    /// Returns the manager, if Entra has one.
    pub(super) async fn manager(&self) -> Result<Option<&PersonSummary>, CaseError> {
        let fetch = || async { self.people.fetch_manager(self.key.object).await };
        Ok(self.manager.get_or_try_init(fetch).await?.as_ref())
    }
}
