//! Links the operator: an administrator signs in as the operator, checks the account, and confirms it.
//!
//! - The previous link stays until the new refresh token has been used successfully.

use jiff::SignedDuration;

use super::account::OperatorCandidate;
use super::client::OperatorClient;
use super::error::OperatorError;
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{PersonKey, Secret, TimestampExt as _};
use crate::entra::oidc::AuthorizedSignIn;
use crate::entra::roles::{find_reset_role, is_overprivileged};
use crate::store::StoreError;

/// Time in which an administrator must confirm a candidate.
const CANDIDATE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

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
        let reset_role = find_reset_role(&held).ok_or(LinkRefusal::NoRole)?;
        if reset_role.scope.is_entire_tenant() && !self.allows_tenant_wide_role {
            return Err(LinkRefusal::TenantWide);
        }
        let refresh = sign_in.refresh_token.ok_or(LinkRefusal::NoRefreshToken)?;
        let access_lifetime = SignedDuration::from_secs(sign_in.access_lifetime_seconds);
        Ok(OperatorCandidate {
            key: sign_in.identity.key,
            upn: sign_in.identity.upn,
            name: sign_in.identity.name,
            reset_role,
            refresh: refresh.expose_secret().to_owned(),
            access: sign_in.access_token.expose_secret().to_owned(),
            access_expires_at: self.now().later(access_lifetime),
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
        candidate.access_expires_at = now.later(SignedDuration::from_secs(fresh.lifetime_seconds));
        fresh.access_token.expose_secret().clone_into(&mut candidate.access);
        if let Some(refresh) = fresh.refresh_token {
            refresh.expose_secret().clone_into(&mut candidate.refresh);
        }
        let mut transaction = self.audit_log.begin().await?;
        self.store.replace_operator(transaction.tx(), &candidate, by, now).await?;
        let event = AuditEvent::new("operator.linked", actor).with_subject(candidate.key);
        transaction.record_event(
            event
                .with_detail("role", candidate.reset_role.role.as_str())
                .with_detail("scope", candidate.reset_role.scope.as_str())
                .with_personal_detail("upn", candidate.upn.clone()),
        );
        transaction.commit().await?;
        Ok(())
    }
}
