//! Links the operator: an administrator signs in as the operator, checks the account, and confirms it.
//!
//! - The previous link stays until the new refresh token has been used successfully.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{OperatorClient, OperatorError};
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{PersonKey, Secret, TimestampExt as _};
use crate::entra::oidc::AuthorizedSignIn;
use crate::entra::reads::RoleAssignment;
use crate::store::StoreError;

/// Template id of the role Global Administrator.
const GLOBAL_ADMINISTRATOR_ROLE: &str = "62e90394-69f5-4237-9190-012177145e10";
/// Roles that may reset passwords *and* read operations, least privileged first. The first element is the template id.
///
/// <https://learn.microsoft.com/graph/api/authenticationmethod-resetpassword>,
/// <https://learn.microsoft.com/graph/api/longrunningoperation-get>
const RESET_ROLES: [(&str, &str); 2] = [
    ("c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator"),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Privileged Authentication Administrator"),
];
/// Time in which an administrator must confirm a candidate.
const CANDIDATE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

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
    SameAccount,
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
    pub(crate) async fn propose_candidate(
        &self,
        session: &str,
        admin: PersonKey,
        sign_in: AuthorizedSignIn,
    ) -> Result<(), LinkRefusal> {
        if sign_in.identity.key == admin {
            return Err(LinkRefusal::SameAccount);
        }
        let candidate = self.assess_candidate(sign_in).await?;
        let now = self.now();
        Ok(self.store.insert_candidate(session, &candidate, now.later(CANDIDATE_LIFETIME)).await?)
    }

    /// Checks that the account that signed in can become the operator.
    pub(crate) async fn assess_candidate(&self, sign_in: AuthorizedSignIn) -> Result<OperatorCandidate, LinkRefusal> {
        let held = self.graph.fetch_role_assignments(sign_in.identity.key.object).await.map_err(OperatorError::from)?;
        if is_overprivileged(&held) {
            return Err(LinkRefusal::GlobalAdministrator);
        }
        let (role, scope) = find_reset_role(&held).ok_or(LinkRefusal::NoRole)?;
        if scope == "/" && !self.allows_tenant_wide_role {
            return Err(LinkRefusal::TenantWide);
        }
        let refresh = sign_in.refresh_token.ok_or(LinkRefusal::NoRefreshToken)?;
        let now = self.now();
        let until = now.later(SignedDuration::from_secs(sign_in.access_lifetime_seconds));
        Ok(OperatorCandidate {
            key: sign_in.identity.key,
            upn: sign_in.identity.upn,
            name: sign_in.identity.name,
            role: role.to_owned(),
            scope,
            refresh: refresh.expose_secret().to_owned(),
            access: sign_in.access_token.expose_secret().to_owned(),
            access_until: until.as_millisecond(),
        })
    }

    /// Loads the candidate that waits for confirmation in this session.
    pub(crate) async fn load_candidate(&self, session: &str) -> Result<Option<OperatorCandidate>, StoreError> {
        self.store.load_candidate(session, self.now()).await
    }

    /// Makes the candidate the operator after its refresh token has been used successfully. Until then the old link
    /// stays.
    pub(crate) async fn confirm_candidate(&self, session: &str, admin: PersonKey) -> Result<(), LinkRefusal> {
        let candidate = self.load_candidate(session).await?.ok_or(LinkRefusal::NoCandidate)?;
        self.link_operator(candidate, &admin.to_string(), AuditActor::Staff(admin)).await?;
        self.store.delete_candidate(session, self.now()).await?;
        Ok(())
    }

    /// Links an operator from the command line, whose user has access to the portal's configuration and keys.
    pub(crate) async fn link_from_cli(&self, candidate: OperatorCandidate) -> Result<(), LinkRefusal> {
        self.link_operator(candidate, "command", AuditActor::Command).await
    }

    /// Uses the candidate's refresh token once, then stores the candidate as operator.
    async fn link_operator(
        &self,
        mut candidate: OperatorCandidate,
        by: &str,
        actor: AuditActor,
    ) -> Result<(), LinkRefusal> {
        let old = Secret::new(candidate.refresh.clone());
        let fresh = self.exchange_refresh_token(&old).await.map_err(OperatorError::Token)?;
        let now = self.now();
        candidate.access_until = now.later(SignedDuration::from_secs(fresh.lifetime_seconds)).as_millisecond();
        fresh.access_token.expose_secret().clone_into(&mut candidate.access);
        if let Some(refresh) = fresh.refresh_token {
            refresh.expose_secret().clone_into(&mut candidate.refresh);
        }
        let mut transaction = self.audit_log.begin().await?;
        self.store.replace_operator(transaction.tx(), &candidate, by, now).await?;
        let event = AuditEvent::new("operator.linked", actor).with_subject(candidate.key);
        transaction.record_event(
            event
                .with_detail("role", candidate.role.clone())
                .with_detail("scope", candidate.scope.clone())
                .with_personal_detail("upn", candidate.upn.clone()),
        );
        transaction.commit().await?;
        Ok(())
    }
}

/// Returns true if the account holds, or is eligible for, the role Global Administrator.
///
/// Anyone with the portal's database and keys would then control the tenant.
pub(crate) fn is_overprivileged(held: &[RoleAssignment]) -> bool {
    held.iter().any(|role| role.role_template_id == GLOBAL_ADMINISTRATOR_ROLE)
}

/// Returns the name and scope of an active role that may reset passwords. A scoped assignment is preferred to a
/// tenant-wide one.
pub(crate) fn find_reset_role(held: &[RoleAssignment]) -> Option<(&'static str, String)> {
    let mut active: Vec<&RoleAssignment> = held.iter().filter(|r| !r.is_eligible).collect();
    active.sort_by_key(|r| r.scope == "/");
    let named = |r: &&RoleAssignment| {
        RESET_ROLES.iter().find(|(id, _)| *id == r.role_template_id).map(|(_, name)| (*name, r.scope.clone()))
    };
    active.iter().find_map(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role_assignment(template: &str, scope: &str, eligible: bool) -> RoleAssignment {
        RoleAssignment { role_template_id: template.to_owned(), scope: scope.to_owned(), is_eligible: eligible }
    }

    #[test]
    fn scoped_role_is_preferred_and_eligible_role_is_ignored() {
        let id = RESET_ROLES[0].0;
        let both = [role_assignment(id, "/", false), role_assignment(id, "/administrativeUnits/1", false)];
        assert_eq!(find_reset_role(&both).unwrap().1, "/administrativeUnits/1");
        assert_eq!(find_reset_role(&[role_assignment(id, "/", true)]), None);
        assert_eq!(find_reset_role(&[role_assignment(GLOBAL_ADMINISTRATOR_ROLE, "/", false)]), None);
    }
}
