//! Links the operator: an administrator signs in as the operator, checks the account, and confirms it.
//!
//! - The previous link stays until the new refresh token has been used successfully.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{OperatorClient, OperatorError};
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{PersonKey, Secret};
use crate::entra::oidc::AuthorizedSignIn;
use crate::entra::reads::RoleAssignment;
use crate::store::StoreError;

/// Template id of the role Global Administrator.
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
/// Roles that may reset passwords *and* read operations, least privileged first. The first element is the template id.
///
/// <https://learn.microsoft.com/graph/api/authenticationmethod-resetpassword>,
/// <https://learn.microsoft.com/graph/api/longrunningoperation-get>
const RESETTING: [(&str, &str); 2] = [
    ("c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator"),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Privileged Authentication Administrator"),
];
/// Time in which an administrator must confirm a candidate.
const WAITS: SignedDuration = SignedDuration::from_mins(10);

/// Account that signed in to become the operator. Stored sealed until it is confirmed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OperatorCandidate {
    pub(crate) key: PersonKey,
    pub(crate) upn: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) scope: String,
    pub(super) refresh: String,
    pub(super) access: String,
    /// Unix milliseconds.
    pub(super) access_until: i64,
}

/// Reason why an account cannot become the operator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkRefusal {
    #[error("an administrator cannot link their own account: sign in with the service account")]
    Yourself,
    #[error("a Global Administrator must not be the operator")]
    GlobalAdministrator,
    #[error("the account holds no role that may reset passwords")]
    NoRole,
    #[error("the role covers the entire tenant: assign it to an administrative unit or set operator.tenant_wide")]
    TenantWide,
    #[error("Entra returned no refresh token")]
    NoRefreshToken,
    #[error("no operator sign-in is waiting for confirmation")]
    NoCandidate,
    #[error(transparent)]
    Operator(#[from] OperatorError),
}

impl From<StoreError> for LinkRefusal {
    fn from(error: StoreError) -> Self {
        Self::Operator(error.into())
    }
}

impl OperatorClient {
    /// Checks the account that signed in and stores it as candidate for this administrator's session.
    pub(crate) async fn propose(
        &self,
        session: &str,
        admin: PersonKey,
        sign_in: AuthorizedSignIn,
    ) -> Result<(), LinkRefusal> {
        if sign_in.identity.key == admin {
            return Err(LinkRefusal::Yourself);
        }
        let candidate = self.candidate(sign_in).await?;
        let now = self.now();
        Ok(self.store.keep(session, &candidate, now.saturating_add(WAITS).unwrap_or(now)).await?)
    }

    /// Checks that the account that signed in can become the operator.
    pub(crate) async fn candidate(&self, sign_in: AuthorizedSignIn) -> Result<OperatorCandidate, LinkRefusal> {
        let held = self.graph.roles(sign_in.identity.key.object).await.map_err(OperatorError::from)?;
        if too_much_power(&held) {
            return Err(LinkRefusal::GlobalAdministrator);
        }
        let (role, scope) = resetting_role(&held).ok_or(LinkRefusal::NoRole)?;
        if scope == "/" && !self.tenant_wide {
            return Err(LinkRefusal::TenantWide);
        }
        let refresh = sign_in.refresh.ok_or(LinkRefusal::NoRefreshToken)?;
        let now = self.now();
        let until = now.saturating_add(SignedDuration::from_secs(sign_in.access_seconds)).unwrap_or(now);
        Ok(OperatorCandidate {
            key: sign_in.identity.key,
            upn: sign_in.identity.upn,
            name: sign_in.identity.name,
            role: role.to_owned(),
            scope,
            refresh: refresh.expose_secret().to_owned(),
            access: sign_in.access.expose_secret().to_owned(),
            access_until: until.as_millisecond(),
        })
    }

    /// Loads the candidate that waits for confirmation in this session.
    pub(crate) async fn proposed(&self, session: &str) -> Result<Option<OperatorCandidate>, StoreError> {
        self.store.candidate(session, self.now()).await
    }

    /// Makes the candidate the operator after its refresh token has been used successfully. Until then the old link
    /// stays.
    pub(crate) async fn confirm(&self, session: &str, admin: PersonKey) -> Result<(), LinkRefusal> {
        let candidate = self.proposed(session).await?.ok_or(LinkRefusal::NoCandidate)?;
        self.make_operator(candidate, &admin.to_string(), AuditActor::Staff(admin)).await?;
        self.store.drop_candidate(session, self.now()).await?;
        Ok(())
    }

    /// Links an operator from the command line, whose user has access to the portal's configuration and keys.
    pub(crate) async fn link_by_command(&self, candidate: OperatorCandidate) -> Result<(), LinkRefusal> {
        self.make_operator(candidate, "command", AuditActor::Command).await
    }

    /// Uses the candidate's refresh token once, then stores the candidate as operator.
    async fn make_operator(
        &self,
        mut candidate: OperatorCandidate,
        by: &str,
        actor: AuditActor,
    ) -> Result<(), LinkRefusal> {
        let old = Secret::new(candidate.refresh.clone());
        let fresh = self.renew(&old).await.map_err(OperatorError::Token)?;
        let now = self.now();
        candidate.access_until =
            now.saturating_add(SignedDuration::from_secs(fresh.seconds)).unwrap_or(now).as_millisecond();
        fresh.access.expose_secret().clone_into(&mut candidate.access);
        if let Some(refresh) = fresh.refresh {
            refresh.expose_secret().clone_into(&mut candidate.refresh);
        }
        let mut transaction = self.auditor.begin().await?;
        self.store.replace(transaction.tx(), &candidate, by, now).await?;
        let event = AuditEvent::new("operator.linked", actor).about(candidate.key);
        transaction.record(
            event
                .with("role", candidate.role.clone())
                .with("scope", candidate.scope.clone())
                .personal("upn", candidate.upn.clone()),
        );
        transaction.commit().await?;
        Ok(())
    }
}

/// Returns true if the account holds, or is eligible for, the role Global Administrator.
///
/// Anyone with the portal's database and keys would then control the tenant.
pub(crate) fn too_much_power(held: &[RoleAssignment]) -> bool {
    held.iter().any(|role| role.template == GLOBAL_ADMINISTRATOR)
}

/// Returns the name and scope of an active role that may reset passwords. A scoped assignment is preferred to a
/// tenant-wide one.
pub(crate) fn resetting_role(held: &[RoleAssignment]) -> Option<(&'static str, String)> {
    let mut active: Vec<&RoleAssignment> = held.iter().filter(|r| !r.eligible).collect();
    active.sort_by_key(|r| r.scope == "/");
    let named = |r: &&RoleAssignment| {
        RESETTING.iter().find(|(id, _)| *id == r.template).map(|(_, name)| (*name, r.scope.clone()))
    };
    active.iter().find_map(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(template: &str, scope: &str, eligible: bool) -> RoleAssignment {
        RoleAssignment { template: template.to_owned(), scope: scope.to_owned(), eligible }
    }

    #[test]
    fn a_scoped_role_is_preferred_and_an_eligible_one_does_not_count() {
        let id = RESETTING[0].0;
        let both = [role(id, "/", false), role(id, "/administrativeUnits/1", false)];
        assert_eq!(resetting_role(&both).unwrap().1, "/administrativeUnits/1");
        assert_eq!(resetting_role(&[role(id, "/", true)]), None);
        assert_eq!(resetting_role(&[role(GLOBAL_ADMINISTRATOR, "/", false)]), None);
    }
}
