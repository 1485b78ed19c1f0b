//! The reset operator: the one account through which passwords are reset.
//!
//! Its refresh token is sealed, and replaced on each use. One replica refreshes at a time: it claims the row first
//! (`refresh_owner`, `refresh_until`), because holding a transaction over a request to Entra would stop every other
//! writer of a SQLite database for seconds. The access token is shared, sealed, through the same row.

mod dispatch;
mod last_moment;
mod link;
mod order;
mod passes;
mod store;
mod validate;

pub(crate) use dispatch::{Dispatch, Poll};
pub(crate) use link::{Candidate, LinkRefused, resetting_role, too_much_power};
pub(crate) use order::Order;
pub(crate) use passes::{Pass, PassStands};
pub(crate) use store::Operator;
pub(crate) use validate::PasswordVerdict;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::agent::{Challenge, Hand};
use super::graph::{Graph, GraphError, Refusal};
use super::oauth::{TokenError, Tokens};
use crate::audit::{Actor, Auditor, Event};
use crate::base::Secret;
use crate::config::Config;
use crate::store::{Db, Sealer, StoreError};
use store::OperatorStore;

/// What the operator asks for at Entra. Short names mean Graph, in every cloud
/// (<https://learn.microsoft.com/graph/sdks/national-clouds>, read 2026-11-23). No request of its own carries `claims`.
const SCOPES: [&str; 3] = ["offline_access", "UserAuthenticationMethod.ReadWrite.All", "User.RevokeSessions.All"];
/// The same, and what Microsoft's word on a password before its reset takes.
const SCOPES_WITH_CHECK: [&str; 4] =
    ["offline_access", "UserAuthenticationMethod.ReadWrite.All", "User.RevokeSessions.All", "User.ReadWrite"];
/// AADSTS65001: nobody consented to what is asked for (reference-error-codes.md, read 2026-11-23).
const NO_CONSENT: u32 = 65_001;
/// A token is renewed so long before it ends.
const MARGIN: SignedDuration = SignedDuration::from_mins(2);
/// A claim to refresh lasts longer than the request may.
const CLAIM: SignedDuration = SignedDuration::from_secs(30);

/// Why the operator cannot work: people read "resets are paused".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Its grant is over: signed out, password reset by an administrator, unused for 90 days.
    Token,
    /// It holds no role that may reset.
    Role,
    /// Graph wants it to sign in again (a claims challenge): a new token of the old grant would not be taken either.
    Relink,
}

impl Trouble {
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

/// Why there is no token of the operator's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OperatorError {
    #[error("no operator is linked")]
    NotLinked,
    #[error("the operator must be linked again ({})", .0.name())]
    Trouble(Trouble),
    #[error("Entra gave no token")]
    Token(#[source] TokenError),
    #[error("the operator does not reset itself")]
    Itself,
    #[error("no answer in time")]
    Late,
    /// To an agent's own token: they sign in again, and it goes on.
    #[error("Microsoft wants the agent to sign in again")]
    Challenged(Challenge),
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An operator that can send now: its token lasts longer than a request may take.
pub(crate) struct Ready {
    pub(crate) operator: Operator,
    token: Secret,
}

/// The operator and what it may do.
#[derive(Clone)]
pub(crate) struct Operators {
    pub(super) graph: Graph,
    store: OperatorStore,
    auditor: Auditor,
    tenant_wide: bool,
    /// Microsoft is asked about passwords before a reset begins.
    microsoft_check: bool,
    me: String,
}

impl Operators {
    pub(super) fn new(graph: Graph, db: Db, sealer: Sealer, settings: &Config) -> Self {
        let (clock, random) = (graph.clock.clone(), graph.random.clone());
        let auditor = Auditor::new(db.clone(), sealer.clone(), clock, random.clone());
        let (tenant_wide, microsoft_check) = (settings.operator.tenant_wide, settings.policy.microsoft_check);
        Self { graph, store: OperatorStore::new(db, sealer), auditor, tenant_wide, microsoft_check, me: random.token() }
    }

    /// What the operator asks for when it signs in.
    pub(crate) fn scopes(&self) -> &'static [&'static str] {
        if self.microsoft_check { &SCOPES_WITH_CHECK } else { &SCOPES }
    }

    fn now(&self) -> Timestamp {
        self.graph.clock.now()
    }

    /// The linked operator, if there is one.
    pub(crate) async fn current(&self) -> Result<Option<Operator>, StoreError> {
        self.store.read().await
    }

    /// Whether a reset could be sent now. Renews the token if it must be, so that a dead one is noticed before
    /// anybody types.
    pub(crate) async fn ready(&self) -> Result<Ready, OperatorError> {
        self.token().await.map(|(operator, token)| Ready { operator, token })
    }

    /// The operator with an access token that lasts.
    pub(super) async fn token(&self) -> Result<(Operator, Secret), OperatorError> {
        for _ in 0..50 {
            let operator = self.store.read().await?.ok_or(OperatorError::NotLinked)?;
            if let Some(trouble) = operator.trouble {
                return Err(OperatorError::Trouble(trouble));
            }
            let now = self.now();
            if operator.access_until > now.saturating_add(MARGIN).unwrap_or(now)
                // Sealed with a key that is gone: a new token needs the refresh token, which shows the same below.
                && let Ok(token) = self.store.access(&operator)
            {
                return Ok((operator, token));
            }
            if self.store.claim(&self.me, now, CLAIM).await? {
                self.refresh(&operator).await?;
            } else {
                // Another replica is at it; its token will be ours.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Err(OperatorError::Store(StoreError::NoRow))
    }

    /// The access token of the moment, as it is kept. `None`: none that is still good, or none that opens.
    pub(super) async fn kept_token(&self) -> Result<Option<Secret>, OperatorError> {
        let Some(operator) = self.store.read().await? else { return Ok(None) };
        let good = operator.access_until > self.now();
        Ok(if good { self.store.access(&operator).ok() } else { None })
    }

    /// Whether the kept tokens open with the keys that are there.
    pub(crate) fn tokens_open(&self, operator: &Operator) -> bool {
        self.store.refresh_token(operator).is_ok()
    }

    /// New tokens. Without consent to what only the password check takes, all the rest goes on: it is not worth a pause.
    async fn renew(&self, old: &Secret) -> Result<Tokens, TokenError> {
        match self.graph.oidc.refresh(old, self.scopes()).await {
            Err(error) if self.microsoft_check && error.code() == Some(NO_CONSENT) => {
                tracing::error!("policy.microsoft_check does nothing: an administrator must consent to User.ReadWrite");
                self.graph.oidc.refresh(old, &SCOPES).await
            }
            other => other,
        }
    }

    async fn refresh(&self, operator: &Operator) -> Result<(), OperatorError> {
        let old = match self.store.refresh_token(operator) {
            Ok(old) => old,
            Err(StoreError::Seal(error)) => {
                tracing::error!(cause = ?error, "the operator's token was sealed with a key that is gone: link it again");
                self.troubled(operator, Trouble::Token, None).await?;
                return Err(OperatorError::Trouble(Trouble::Token));
            }
            Err(error) => return Err(error.into()),
        };
        match self.renew(&old).await {
            Ok(fresh) => {
                let now = self.now();
                let until = now.saturating_add(SignedDuration::from_secs(fresh.seconds)).unwrap_or(now);
                // Without a new refresh token the old one stays good: it is not revoked by use (refresh-tokens.md).
                let refresh = fresh.refresh.unwrap_or(old);
                self.store.renewed(&self.me, &refresh, &fresh.access, until, now).await?;
                Ok(())
            }
            Err(error) if error.is_final() => {
                tracing::error!(
                    code = error.code(),
                    "the operator's grant is over: resets are paused until it is linked again"
                );
                self.troubled(operator, Trouble::Token, error.code()).await?;
                Err(OperatorError::Trouble(Trouble::Token))
            }
            Err(error) => {
                self.store.release(&self.me).await?;
                Err(OperatorError::Token(error))
            }
        }
    }

    /// Graph did not take the access token: the next use renews it.
    pub(crate) async fn token_refused(&self) -> Result<(), StoreError> {
        self.store.expire_access().await
    }

    /// Looks whether the operator still holds a role that may reset; remembers it if not, and what it may do if so. True: it
    /// holds one with too much power.
    pub(crate) async fn check_role(&self) -> Result<bool, OperatorError> {
        let operator = self.store.read().await?.ok_or(OperatorError::NotLinked)?;
        let held = self.graph.roles(operator.object).await?;
        let Some((role, scope)) = link::resetting_role(&held) else {
            self.troubled(&operator, Trouble::Role, None).await?;
            return Err(OperatorError::Trouble(Trouble::Role));
        };
        self.store.hold(&operator, role, &scope).await?;
        Ok(link::too_much_power(&held))
    }

    /// Uses the operator's permission, which ends by itself after 90 days without use, and looks at its role. True: it holds
    /// one with too much power.
    pub(crate) async fn keep_alive(&self) -> Result<bool, OperatorError> {
        self.store.expire_access().await?;
        self.token().await?;
        self.check_role().await
    }

    /// Notices a claims challenge. The operator does not declare `cp1`, because nobody is there to answer one: it is not
    /// supposed to come, and if it does, an administrator has to link the operator again.
    pub(super) async fn heed(&self, operator: &Operator, error: &GraphError) -> Result<(), OperatorError> {
        if matches!(error, GraphError::Answered(refusal) if refusal.challenge.is_some()) {
            tracing::error!("Graph wants the operator to sign in again: resets are paused until it is linked again");
            self.troubled(operator, Trouble::Relink, None).await?;
        }
        Ok(())
    }

    /// The token of whoever acts; the operator is there to be told of a challenge.
    async fn token_of(&self, hand: Hand<'_>) -> Result<(Option<Operator>, Secret), OperatorError> {
        match hand {
            Hand::Operator => self.token().await.map(|(operator, token)| (Some(operator), token)),
            Hand::Agent(agent) => Ok((None, agent.token.clone())),
        }
    }

    /// What Graph answered to whoever acts.
    async fn heard<T>(&self, operator: Option<&Operator>, answer: Result<T, GraphError>) -> Result<T, OperatorError> {
        match (operator, answer) {
            (_, Ok(done)) => Ok(done),
            (Some(operator), Err(error)) => {
                self.heed(operator, &error).await?;
                Err(error.into())
            }
            (None, Err(GraphError::Answered(Refusal { challenge: Some(challenge), .. }))) => {
                Err(OperatorError::Challenged(*challenge))
            }
            (None, Err(error)) => Err(error.into()),
        }
    }

    async fn troubled(&self, operator: &Operator, trouble: Trouble, code: Option<u32>) -> Result<(), StoreError> {
        let mut ledger = self.auditor.begin().await?;
        if store::set_trouble(ledger.tx(), operator, trouble, self.now()).await? {
            let event =
                Event::new("operator.trouble", Actor::Portal).with("trouble", trouble.name()).with("aadsts", code);
            ledger.record(event.with("operator", operator.object.to_string()));
        }
        ledger.commit().await
    }
}
