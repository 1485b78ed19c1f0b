//! Access to the operator's tokens, which all replicas share and one at a time refreshes.

use std::time::Duration;

use jiff::SignedDuration;

use super::account::LinkedOperator;
use super::client::OperatorClient;
use super::error::{OperatorError, OperatorFault};
use super::store::RefreshClaim;
use crate::base::{Secret, TimestampExt as _};
use crate::entra::aadsts::AadstsCode;
use crate::entra::permissions::GraphScope;
use crate::entra::token_endpoint::{TokenError, TokenSet};
use crate::store::StoreError;

/// Scopes of the operator's sign-in. Short names refer to Graph in every cloud
/// (<https://learn.microsoft.com/graph/sdks/national-clouds>, read 2026-11-23). No request of the operator contains
/// `claims`.
static OPERATOR_SCOPES: [GraphScope; 3] =
    [GraphScope::OfflineAccess, GraphScope::UserAuthenticationMethodReadWriteAll, GraphScope::UserRevokeSessionsAll];
/// Scopes of the operator's sign-in with `policy.microsoft_check`, which needs `User.ReadWrite`.
static OPERATOR_SCOPES_WITH_PASSWORD_CHECK: [GraphScope; 4] = [
    GraphScope::OfflineAccess,
    GraphScope::UserAuthenticationMethodReadWriteAll,
    GraphScope::UserRevokeSessionsAll,
    GraphScope::UserReadWrite,
];
/// Time before expiry at which the access token is renewed.
const RENEWAL_MARGIN: SignedDuration = SignedDuration::from_mins(2);
/// Duration of a claim to refresh the tokens. Longer than the request may take.
const REFRESH_CLAIM_DURATION: SignedDuration = SignedDuration::from_secs(30);
/// Number and length of the waits while another replica refreshes the tokens: 5 seconds in all.
const MAX_REFRESH_WAITS: u32 = 50;
const REFRESH_WAIT: Duration = Duration::from_millis(100);

/// Operator that can send now: its access token is valid for longer than a request may take.
pub(crate) struct ReadyOperator {
    pub(crate) operator: LinkedOperator,
    pub(super) access_token: Secret,
}

impl OperatorClient {
    /// Returns the scopes that the operator requests at sign-in.
    pub(crate) fn scopes(&self) -> &'static [GraphScope] {
        if self.microsoft_check { &OPERATOR_SCOPES_WITH_PASSWORD_CHECK } else { &OPERATOR_SCOPES }
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
        for _ in 0..MAX_REFRESH_WAITS {
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
            match self.store.claim_refresh(&self.instance_id, now, REFRESH_CLAIM_DURATION).await? {
                RefreshClaim::Acquired => self.refresh_and_store(&operator).await?,
                // Another replica is renewing the token. Its token will be used.
                RefreshClaim::HeldByOther => tokio::time::sleep(REFRESH_WAIT).await,
            }
        }
        Err(OperatorError::RefreshTimedOut)
    }

    /// Returns the stored access token. `None` if it has expired or cannot be decrypted.
    pub(in crate::entra) async fn load_stored_token(&self) -> Result<Option<Secret>, OperatorError> {
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
    pub(super) async fn exchange_refresh_token(&self, old: &Secret) -> Result<TokenSet, TokenError> {
        match self.graph.oidc.refresh_tokens(old, self.scopes()).await {
            Err(error) if self.microsoft_check && error.aadsts_code() == Some(AadstsCode::DelegationDoesNotExist) => {
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
                    code = error.aadsts_code().map(AadstsCode::number),
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
}

#[cfg(test)]
mod tests {
    use super::super::store::tests::test_candidate;
    use super::*;
    use crate::base::{Clock, Random};
    use crate::entra::EntraClients;
    use crate::store::testing::{test_databases, test_sealer};

    #[tokio::test]
    async fn unfinished_refresh_of_another_replica_times_out() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = toml::from_str(
            "[server]\npublic_url = \"https://reset.contoso.example/\"\n[sealing]\nkeys = []\n[entra]\n\
             tenant_id = \"c0de0000-7e5a-4f00-8000-00000000c0de\"\nclient_id = \"a0000000-0000-4000-8000-0000000000a1\"\n\
             credential = { kind = \"secret\", secret = \"x\" }\n",
        )
        .unwrap();
        let engine = test_databases().await.into_iter().next().unwrap();
        let (clock, random) = (Clock::system(), Random::system());
        let operator = EntraClients::new(&settings, &engine.db, &test_sealer(), &clock, &random).unwrap().operator;
        assert!(matches!(operator.access_token().await, Err(OperatorError::NotLinked)));
        let mut transaction = operator.audit_log.begin().await.unwrap();
        operator.store.replace_operator(transaction.tx(), &test_candidate(), "x", clock.now()).await.unwrap();
        transaction.commit().await.unwrap();
        let claim = operator.store.claim_refresh("another", clock.now(), REFRESH_CLAIM_DURATION).await.unwrap();
        assert_eq!(claim, RefreshClaim::Acquired);
        assert!(matches!(operator.access_token().await, Err(OperatorError::RefreshTimedOut)));
    }
}
