//! Reset operator: the service account that calls `resetPassword`.
//!
//! Its tokens are stored sealed in one row that all replicas share.
//!
//! - Each use of the refresh token replaces it.
//! - One replica refreshes at a time. It claims the row first (`refresh_owner`, `refresh_until`): a transaction held
//!   during a request to Entra would block every other writer of a SQLite database for seconds.
//! - The access token is shared through the same row.

mod dispatch;
mod last_moment;
mod link;
mod order;
mod passes;
mod store;
mod validate;

pub(crate) use dispatch::{DispatchOutcome, OperationPoll};
pub(crate) use link::{LinkRefusal, OperatorCandidate, resetting_role, too_much_power};
pub(crate) use order::DispatchPermit;
pub(crate) use passes::{PassStatus, TemporaryAccessPass};
pub(crate) use store::LinkedOperator;
pub(crate) use validate::PasswordValidation;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::agent::{ActingIdentity, ClaimsChallenge};
use super::graph::{GraphClient, GraphError, GraphRefusal};
use super::oauth::{TokenError, TokenSet};
use crate::audit::{AuditActor, AuditEvent, AuditLog};
use crate::base::Secret;
use crate::config::Config;
use crate::store::{Db, Sealer, StoreError};
use store::OperatorStore;

/// Scopes of the operator's sign-in. Short names refer to Graph in every cloud
/// (<https://learn.microsoft.com/graph/sdks/national-clouds>, read 2026-11-23). No request of the operator contains
/// `claims`.
const SCOPES: [&str; 3] = ["offline_access", "UserAuthenticationMethod.ReadWrite.All", "User.RevokeSessions.All"];
/// Scopes of the operator's sign-in with `policy.microsoft_check`, which needs `User.ReadWrite`.
const SCOPES_WITH_CHECK: [&str; 4] =
    ["offline_access", "UserAuthenticationMethod.ReadWrite.All", "User.RevokeSessions.All", "User.ReadWrite"];
/// AADSTS65001: consent for a requested scope is missing
/// (<https://learn.microsoft.com/entra/identity-platform/reference-error-codes>, read 2026-11-23).
const NO_CONSENT: u32 = 65_001;
/// Time before expiry at which the access token is renewed.
const MARGIN: SignedDuration = SignedDuration::from_mins(2);
/// Duration of a claim to refresh the tokens. Longer than the request may take.
const CLAIM: SignedDuration = SignedDuration::from_secs(30);

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
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Role => "role",
            Self::Relink => "relink",
        }
    }

    fn read(name: &str) -> Self {
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
    #[error("operator unavailable ({}): link it again or restore its role", .0.name())]
    Trouble(OperatorFault),
    #[error("cannot get an access token for the operator")]
    Token(#[source] TokenError),
    #[error("the operator cannot reset its own password")]
    Itself,
    #[error("Microsoft did not respond in time")]
    Late,
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
    token: Secret,
}

/// Client for Graph calls with the operator's token, or with an agent's own.
#[derive(Clone)]
pub(crate) struct OperatorClient {
    pub(super) graph: GraphClient,
    store: OperatorStore,
    auditor: AuditLog,
    tenant_wide: bool,
    /// Passwords are checked with Microsoft before a reset begins.
    microsoft_check: bool,
    me: String,
}

impl OperatorClient {
    pub(super) fn new(graph: GraphClient, db: Db, sealer: Sealer, settings: &Config) -> Self {
        let (clock, random) = (graph.clock.clone(), graph.random.clone());
        let auditor = AuditLog::new(db.clone(), sealer.clone(), clock, random.clone());
        let (tenant_wide, microsoft_check) = (settings.operator.tenant_wide, settings.policy.microsoft_check);
        Self { graph, store: OperatorStore::new(db, sealer), auditor, tenant_wide, microsoft_check, me: random.token() }
    }

    /// Returns the scopes that the operator requests at sign-in.
    pub(crate) fn scopes(&self) -> &'static [&'static str] {
        if self.microsoft_check { &SCOPES_WITH_CHECK } else { &SCOPES }
    }

    fn now(&self) -> Timestamp {
        self.graph.clock.now()
    }

    /// Loads the linked operator. `None` if no operator is linked.
    pub(crate) async fn current(&self) -> Result<Option<LinkedOperator>, StoreError> {
        self.store.read().await
    }

    /// Ensures that a reset could be sent now.
    ///
    /// Renews the access token if needed, so that a rejected refresh token is detected before a person enters a
    /// password.
    pub(crate) async fn ready(&self) -> Result<ReadyOperator, OperatorError> {
        self.token().await.map(|(operator, token)| ReadyOperator { operator, token })
    }

    /// Returns the operator with an access token that is valid for at least 2 more minutes.
    ///
    /// Renews it if needed. Waits at most 5 seconds while another replica renews it.
    pub(super) async fn token(&self) -> Result<(LinkedOperator, Secret), OperatorError> {
        for _ in 0..50 {
            let operator = self.store.read().await?.ok_or(OperatorError::NotLinked)?;
            if let Some(trouble) = operator.trouble {
                return Err(OperatorError::Trouble(trouble));
            }
            let now = self.now();
            if operator.access_until > now.saturating_add(MARGIN).unwrap_or(now)
                // If its sealing key is missing, the refresh below reports it: the refresh token is sealed likewise.
                && let Ok(token) = self.store.access(&operator)
            {
                return Ok((operator, token));
            }
            if self.store.claim(&self.me, now, CLAIM).await? {
                self.refresh(&operator).await?;
            } else {
                // Another replica is renewing the token. Its token will be used.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Err(OperatorError::Store(StoreError::NoRow))
    }

    /// Returns the stored access token. `None` if it has expired or cannot be decrypted.
    pub(super) async fn kept_token(&self) -> Result<Option<Secret>, OperatorError> {
        let Some(operator) = self.store.read().await? else { return Ok(None) };
        let good = operator.access_until > self.now();
        Ok(if good { self.store.access(&operator).ok() } else { None })
    }

    /// Returns true if the stored tokens can be decrypted with the configured sealing keys.
    pub(crate) fn tokens_open(&self, operator: &LinkedOperator) -> bool {
        self.store.refresh_token(operator).is_ok()
    }

    /// Requests new tokens.
    ///
    /// If only the consent for the Microsoft password check is missing, it continues without that scope: resets matter
    /// more than the check.
    async fn renew(&self, old: &Secret) -> Result<TokenSet, TokenError> {
        match self.graph.oidc.refresh(old, self.scopes()).await {
            Err(error) if self.microsoft_check && error.code() == Some(NO_CONSENT) => {
                tracing::error!("Microsoft password check disabled: admin consent for User.ReadWrite missing");
                self.graph.oidc.refresh(old, &SCOPES).await
            }
            other => other,
        }
    }

    /// Renews the tokens and stores them. The caller must hold the claim to refresh.
    async fn refresh(&self, operator: &LinkedOperator) -> Result<(), OperatorError> {
        let old = match self.store.refresh_token(operator) {
            Ok(old) => old,
            Err(StoreError::Seal(error)) => {
                tracing::error!(error = ?error, "operator token unreadable: sealing key missing, link the operator again");
                self.troubled(operator, OperatorFault::Token, None).await?;
                return Err(OperatorError::Trouble(OperatorFault::Token));
            }
            Err(error) => return Err(error.into()),
        };
        match self.renew(&old).await {
            Ok(fresh) => {
                let now = self.now();
                let until = now.saturating_add(SignedDuration::from_secs(fresh.seconds)).unwrap_or(now);
                // Without a new refresh token the old one stays valid, because use does not revoke it:
                // <https://learn.microsoft.com/entra/identity-platform/refresh-tokens>.
                let refresh = fresh.refresh.unwrap_or(old);
                self.store.renewed(&self.me, &refresh, &fresh.access, until, now).await?;
                Ok(())
            }
            Err(error) if error.is_final() => {
                tracing::error!(
                    code = error.code(),
                    "operator refresh token rejected: resets unavailable until it is linked again"
                );
                self.troubled(operator, OperatorFault::Token, error.code()).await?;
                Err(OperatorError::Trouble(OperatorFault::Token))
            }
            Err(error) => {
                self.store.release(&self.me).await?;
                Err(OperatorError::Token(error))
            }
        }
    }

    /// Marks the stored access token as expired after Graph rejected it, so that the next use renews it.
    pub(crate) async fn token_refused(&self) -> Result<(), StoreError> {
        self.store.expire_access().await
    }

    /// Fetches the operator's roles and stores the one that may reset passwords.
    ///
    /// Without such a role it stores [`OperatorFault::Role`] and returns an error. Returns true if the operator is
    /// overprivileged (see [`is_overprivileged`]).
    pub(crate) async fn check_role(&self) -> Result<bool, OperatorError> {
        let operator = self.store.read().await?.ok_or(OperatorError::NotLinked)?;
        let held = self.graph.roles(operator.object).await?;
        let Some((role, scope)) = link::resetting_role(&held) else {
            self.troubled(&operator, OperatorFault::Role, None).await?;
            return Err(OperatorError::Trouble(OperatorFault::Role));
        };
        self.store.hold(&operator, role, &scope).await?;
        Ok(link::too_much_power(&held))
    }

    /// Renews the tokens and checks the operator's role.
    ///
    /// A refresh token expires after 90 days without use, so this must run regularly. Returns true if the operator is
    /// overprivileged (see [`is_overprivileged`]).
    pub(crate) async fn keep_alive(&self) -> Result<bool, OperatorError> {
        self.store.expire_access().await?;
        self.token().await?;
        self.check_role().await
    }

    /// Detects a claims challenge and stores [`OperatorFault::Relink`].
    ///
    /// The operator does not declare the client capability `cp1`, because no person is present to answer a challenge.
    /// Graph should therefore not send one. If it does, an administrator must link the operator again.
    pub(super) async fn heed(&self, operator: &LinkedOperator, error: &GraphError) -> Result<(), OperatorError> {
        if matches!(error, GraphError::Answered(refusal) if refusal.challenge.is_some()) {
            tracing::error!("operator token challenged: resets unavailable until it is linked again");
            self.troubled(operator, OperatorFault::Relink, None).await?;
        }
        Ok(())
    }

    /// Returns the token of the acting identity, and the operator if it is the one that acts.
    async fn token_of(&self, identity: ActingIdentity<'_>) -> Result<(Option<LinkedOperator>, Secret), OperatorError> {
        match identity {
            ActingIdentity::Operator => self.token().await.map(|(operator, token)| (Some(operator), token)),
            ActingIdentity::Agent(agent) => Ok((None, agent.token.clone())),
        }
    }

    /// Maps the result of a Graph call, handling a claims challenge to the operator or to the agent.
    async fn heard<T>(
        &self,
        operator: Option<&LinkedOperator>,
        answer: Result<T, GraphError>,
    ) -> Result<T, OperatorError> {
        match (operator, answer) {
            (_, Ok(done)) => Ok(done),
            (Some(operator), Err(error)) => {
                self.heed(operator, &error).await?;
                Err(error.into())
            }
            (None, Err(GraphError::Answered(GraphRefusal { challenge: Some(challenge), .. }))) => {
                Err(OperatorError::Challenged(*challenge))
            }
            (None, Err(error)) => Err(error.into()),
        }
    }

    /// Stores a fault of the operator and records it in the audit log, unless one is stored already.
    async fn troubled(
        &self,
        operator: &LinkedOperator,
        trouble: OperatorFault,
        code: Option<u32>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.auditor.begin().await?;
        if store::set_trouble(transaction.tx(), operator, trouble, self.now()).await? {
            let event = AuditEvent::new("operator.trouble", AuditActor::Portal)
                .with("trouble", trouble.name())
                .with("aadsts", code);
            transaction.record(event.with("operator", operator.object.to_string()));
        }
        transaction.commit().await
    }
}
