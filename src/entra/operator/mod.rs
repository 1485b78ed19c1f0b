//! Reset operator: the service account that calls `resetPassword`.
//!
//! Its tokens are stored sealed in one row that all replicas share.
//!
//! - Each use of the refresh token replaces it.
//! - One replica refreshes at a time. It claims the row first (`refresh_owner`, `refresh_until`): a transaction held
//!   during a request to Entra would block every other writer of a SQLite database for seconds.
//! - The access token is shared through the same row.

mod deadline_body;
mod dispatch_permit;
mod link;
mod reset_password;
mod store;
mod temporary_access_pass;
mod validate_password;

pub(crate) use dispatch_permit::DispatchPermit;
pub(crate) use link::{LinkRefusal, OperatorCandidate, find_reset_role, is_overprivileged};
pub(crate) use reset_password::{DispatchOutcome, OperationPoll};
pub(crate) use store::LinkedOperator;
pub(crate) use temporary_access_pass::{PassStatus, TemporaryAccessPass};
pub(crate) use validate_password::PasswordValidation;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::acting_identity::{ActingIdentity, ClaimsChallenge};
use super::graph::{GraphClient, GraphError, GraphRefusal};
use super::token_endpoint::{TokenError, TokenSet};
use crate::audit::{AuditActor, AuditEvent, AuditLog};
use crate::base::{Secret, TimestampExt as _};
use crate::config::Config;
use crate::store::{Db, Sealer, StoreError};
use store::OperatorStore;

/// Scopes of the operator's sign-in. Short names refer to Graph in every cloud
/// (<https://learn.microsoft.com/graph/sdks/national-clouds>, read 2026-11-23). No request of the operator contains
/// `claims`.
const OPERATOR_SCOPES: [&str; 3] =
    ["offline_access", "UserAuthenticationMethod.ReadWrite.All", "User.RevokeSessions.All"];
/// Scopes of the operator's sign-in with `policy.microsoft_check`, which needs `User.ReadWrite`.
const OPERATOR_SCOPES_WITH_PASSWORD_CHECK: [&str; 4] =
    ["offline_access", "UserAuthenticationMethod.ReadWrite.All", "User.RevokeSessions.All", "User.ReadWrite"];
/// AADSTS65001: consent for a requested scope is missing
/// (<https://learn.microsoft.com/entra/identity-platform/reference-error-codes>, read 2026-11-23).
const AADSTS_CONSENT_MISSING: u32 = 65_001;
/// Time before expiry at which the access token is renewed.
const RENEWAL_MARGIN: SignedDuration = SignedDuration::from_mins(2);
/// Duration of a claim to refresh the tokens. Longer than the request may take.
const REFRESH_CLAIM_DURATION: SignedDuration = SignedDuration::from_secs(30);

/// Fault that stops the operator until an administrator acts. People see that resets are unavailable.
///
/// The stored names (`token`, `role`, `relink`) are also used by audit events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperatorFault {
    /// The refresh token is rejected or unreadable: sessions revoked, password reset by an administrator, unused for 90
    /// days, or sealed with a missing key.
    Token,
    /// The operator holds no role that may reset passwords.
    Role,
    /// Graph sent a claims challenge: the operator must sign in again. A new token from the same refresh token would be
    /// challenged too.
    Relink,
}

impl OperatorFault {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Role => "role",
            Self::Relink => "relink",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "role" => Self::Role,
            "relink" => Self::Relink,
            _ => Self::Token,
        }
    }
}

/// Failure of a call with the operator's or an agent's token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OperatorError {
    #[error("no operator is linked: link one at /admin/operator")]
    NotLinked,
    #[error("operator unavailable ({}): link it again or restore its role", .0.as_str())]
    Fault(OperatorFault),
    #[error("cannot get an access token for the operator")]
    Token(#[source] TokenError),
    #[error("the operator cannot reset its own password")]
    SelfReset,
    #[error("Microsoft did not respond in time")]
    TimedOut,
    /// Claims challenge to an agent's own token. The action resumes after the agent has signed in again.
    #[error("Graph requires the agent to sign in again")]
    Challenged(ClaimsChallenge),
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Operator that can send now: its access token is valid for longer than a request may take.
pub(crate) struct ReadyOperator {
    pub(crate) operator: LinkedOperator,
    access_token: Secret,
}

/// Client for Graph calls with the operator's token, or with an agent's own.
#[derive(Clone)]
pub(crate) struct OperatorClient {
    pub(super) graph: GraphClient,
    store: OperatorStore,
    audit_log: AuditLog,
    allows_tenant_wide_role: bool,
    /// Passwords are checked with Microsoft before a reset begins.
    microsoft_check: bool,
    instance_id: String,
}

impl OperatorClient {
    pub(super) fn new(graph: GraphClient, db: Db, sealer: Sealer, settings: &Config) -> Self {
        let (clock, random) = (graph.clock.clone(), graph.random.clone());
        let audit_log = AuditLog::new(db.clone(), sealer.clone(), clock, random.clone());
        let (tenant_wide, microsoft_check) = (settings.operator.tenant_wide, settings.policy.microsoft_check);
        Self {
            graph,
            store: OperatorStore::new(db, sealer),
            audit_log,
            allows_tenant_wide_role: tenant_wide,
            microsoft_check,
            instance_id: random.token(),
        }
    }

    /// Returns the scopes that the operator requests at sign-in.
    pub(crate) fn scopes(&self) -> &'static [&'static str] {
        if self.microsoft_check { &OPERATOR_SCOPES_WITH_PASSWORD_CHECK } else { &OPERATOR_SCOPES }
    }

    fn now(&self) -> Timestamp {
        self.graph.clock.now()
    }

    /// Loads the linked operator. `None` if no operator is linked.
    pub(crate) async fn load_operator(&self) -> Result<Option<LinkedOperator>, StoreError> {
        self.store.load_operator().await
    }

    /// Ensures that a reset could be sent now.
    ///
    /// Renews the access token if needed, so that a rejected refresh token is detected before a person enters a
    /// password.
    pub(crate) async fn ensure_ready(&self) -> Result<ReadyOperator, OperatorError> {
        self.access_token().await.map(|(operator, token)| ReadyOperator { operator, access_token: token })
    }

    /// Returns the operator with an access token that is valid for at least 2 more minutes.
    ///
    /// Renews it if needed. Waits at most 5 seconds while another replica renews it.
    pub(super) async fn access_token(&self) -> Result<(LinkedOperator, Secret), OperatorError> {
        for _ in 0..50 {
            let operator = self.store.load_operator().await?.ok_or(OperatorError::NotLinked)?;
            if let Some(trouble) = operator.fault {
                return Err(OperatorError::Fault(trouble));
            }
            let now = self.now();
            if operator.access_expires_at > now.later(RENEWAL_MARGIN)
                // If its sealing key is missing, the refresh below reports it: the refresh token is sealed likewise.
                && let Ok(token) = self.store.access_token(&operator)
            {
                return Ok((operator, token));
            }
            if self.store.claim_refresh(&self.instance_id, now, REFRESH_CLAIM_DURATION).await? {
                self.refresh_and_store(&operator).await?;
            } else {
                // Another replica is renewing the token. Its token will be used.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Err(OperatorError::Store(StoreError::RowNotFound))
    }

    /// Returns the stored access token. `None` if it has expired or cannot be decrypted.
    pub(super) async fn load_stored_token(&self) -> Result<Option<Secret>, OperatorError> {
        let Some(operator) = self.store.load_operator().await? else { return Ok(None) };
        let good = operator.access_expires_at > self.now();
        Ok(if good { self.store.access_token(&operator).ok() } else { None })
    }

    /// Returns true if the stored tokens can be decrypted with the configured sealing keys.
    pub(crate) fn can_decrypt_tokens(&self, operator: &LinkedOperator) -> bool {
        self.store.refresh_token(operator).is_ok()
    }

    /// Requests new tokens.
    ///
    /// If only the consent for the Microsoft password check is missing, it continues without that scope: resets matter
    /// more than the check.
    async fn exchange_refresh_token(&self, old: &Secret) -> Result<TokenSet, TokenError> {
        match self.graph.oidc.refresh_tokens(old, self.scopes()).await {
            Err(error) if self.microsoft_check && error.aadsts_code() == Some(AADSTS_CONSENT_MISSING) => {
                tracing::error!("Microsoft password check disabled: admin consent for User.ReadWrite missing");
                self.graph.oidc.refresh_tokens(old, &OPERATOR_SCOPES).await
            }
            other => other,
        }
    }

    /// Renews the tokens and stores them. The caller must hold the claim to refresh.
    async fn refresh_and_store(&self, operator: &LinkedOperator) -> Result<(), OperatorError> {
        let old = match self.store.refresh_token(operator) {
            Ok(old) => old,
            Err(StoreError::Seal(error)) => {
                tracing::error!(error = ?error, "operator token unreadable: sealing key missing, link the operator again");
                self.mark_fault(operator, OperatorFault::Token, None).await?;
                return Err(OperatorError::Fault(OperatorFault::Token));
            }
            Err(error) => return Err(error.into()),
        };
        match self.exchange_refresh_token(&old).await {
            Ok(fresh) => {
                let now = self.now();
                let until = now.later(SignedDuration::from_secs(fresh.lifetime_seconds));
                // Without a new refresh token the old one stays valid, because use does not revoke it:
                // <https://learn.microsoft.com/entra/identity-platform/refresh-tokens>.
                let refresh = fresh.refresh_token.unwrap_or(old);
                self.store.update_tokens(&self.instance_id, &refresh, &fresh.access_token, until, now).await?;
                Ok(())
            }
            Err(error) if error.needs_new_sign_in() => {
                tracing::error!(
                    code = error.aadsts_code(),
                    "operator refresh token rejected: resets unavailable until linked again"
                );
                self.mark_fault(operator, OperatorFault::Token, error.aadsts_code()).await?;
                Err(OperatorError::Fault(OperatorFault::Token))
            }
            Err(error) => {
                self.store.release_refresh(&self.instance_id).await?;
                Err(OperatorError::Token(error))
            }
        }
    }

    /// Marks the stored access token as expired after Graph rejected it, so that the next use renews it.
    pub(crate) async fn expire_access_token(&self) -> Result<(), StoreError> {
        self.store.mark_access_expired().await
    }

    /// Fetches the operator's roles and stores the one that may reset passwords.
    ///
    /// Without such a role it stores [`OperatorFault::Role`] and returns an error. Returns true if the operator is
    /// overprivileged (see [`is_overprivileged`]).
    pub(crate) async fn check_role(&self) -> Result<bool, OperatorError> {
        let operator = self.store.load_operator().await?.ok_or(OperatorError::NotLinked)?;
        let held = self.graph.fetch_role_assignments(operator.object).await?;
        let Some((role, scope)) = link::find_reset_role(&held) else {
            self.mark_fault(&operator, OperatorFault::Role, None).await?;
            return Err(OperatorError::Fault(OperatorFault::Role));
        };
        self.store.update_role(&operator, role, &scope).await?;
        Ok(link::is_overprivileged(&held))
    }

    /// Renews the tokens and checks the operator's role.
    ///
    /// A refresh token expires after 90 days without use, so this must run regularly. Returns true if the operator is
    /// overprivileged (see [`is_overprivileged`]).
    pub(crate) async fn refresh_and_check_role(&self) -> Result<bool, OperatorError> {
        self.store.mark_access_expired().await?;
        self.access_token().await?;
        self.check_role().await
    }

    /// Detects a claims challenge and stores [`OperatorFault::Relink`].
    ///
    /// The operator does not declare the client capability `cp1`, because no person is present to answer a challenge.
    /// Graph should therefore not send one. If it does, an administrator must link the operator again.
    pub(super) async fn detect_challenge(
        &self,
        operator: &LinkedOperator,
        error: &GraphError,
    ) -> Result<(), OperatorError> {
        if matches!(error, GraphError::ErrorResponse(refusal) if refusal.challenge.is_some()) {
            tracing::error!("operator token challenged: resets unavailable until linked again");
            self.mark_fault(operator, OperatorFault::Relink, None).await?;
        }
        Ok(())
    }

    /// Returns the token of the acting identity, and the operator if it is the one that acts.
    async fn token_for(&self, identity: ActingIdentity<'_>) -> Result<(Option<LinkedOperator>, Secret), OperatorError> {
        match identity {
            ActingIdentity::Operator => self.access_token().await.map(|(operator, token)| (Some(operator), token)),
            ActingIdentity::Agent(agent) => Ok((None, agent.token.clone())),
        }
    }

    /// Maps the result of a Graph call, handling a claims challenge to the operator or to the agent.
    async fn map_result<T>(
        &self,
        operator: Option<&LinkedOperator>,
        answer: Result<T, GraphError>,
    ) -> Result<T, OperatorError> {
        match (operator, answer) {
            (_, Ok(done)) => Ok(done),
            (Some(operator), Err(error)) => {
                self.detect_challenge(operator, &error).await?;
                Err(error.into())
            }
            (None, Err(GraphError::ErrorResponse(GraphRefusal { challenge: Some(challenge), .. }))) => {
                Err(OperatorError::Challenged(*challenge))
            }
            (None, Err(error)) => Err(error.into()),
        }
    }

    /// Stores a fault of the operator and records it in the audit log, unless one is stored already.
    async fn mark_fault(
        &self,
        operator: &LinkedOperator,
        trouble: OperatorFault,
        code: Option<u32>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.audit_log.begin().await?;
        if store::mark_fault(transaction.tx(), operator, trouble, self.now()).await? {
            let event = AuditEvent::new("operator.trouble", AuditActor::Portal)
                .with_detail("trouble", trouble.as_str())
                .with_detail("aadsts", code);
            transaction.record_event(event.with_detail("operator", operator.object.to_string()));
        }
        transaction.commit().await
    }
}
