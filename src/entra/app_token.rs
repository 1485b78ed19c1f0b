//! Access token of the application itself.
//!
//! One token is shared by the entire process and renewed before it expires. The portal uses it for reads, sending mail
//! and dismissing risks.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use url::Url;

use super::oidc::OidcClient;
use super::token_endpoint::TokenError;
use crate::base::{Clock, Secret, TimestampExt as _};

/// Time before expiry at which the token is renewed.
const RENEWAL_MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// Caches the application's access token and requests a new one when needed.
#[derive(Clone)]
pub(super) struct AppTokenProvider {
    oidc: Arc<OidcClient>,
    scope: String,
    clock: Clock,
    cached_token: Arc<Mutex<Option<(Secret, Timestamp)>>>,
}

impl AppTokenProvider {
    pub(super) fn new(oidc: Arc<OidcClient>, graph: &Url, clock: Clock) -> Self {
        let scope = format!("{}/.default", graph.origin().ascii_serialization());
        Self { oidc, scope, clock, cached_token: Arc::default() }
    }

    /// Returns the cached token, or requests a new one. Concurrent callers wait for the same request.
    pub(super) async fn access_token(&self) -> Result<Secret, TokenError> {
        let mut slot = self.cached_token.lock().await;
        let now = self.clock.now();
        if let Some((token, _)) =
            slot.as_ref().filter(|(_, until)| now.saturating_add(RENEWAL_MARGIN).is_ok_and(|soon| soon < *until))
        {
            return Ok(token.clone());
        }
        let fresh = self.oidc.fetch_application_token(self.scope.clone()).await?;
        let until = now.later(SignedDuration::from_secs(fresh.lifetime_seconds));
        *slot = Some((fresh.access_token.clone(), until));
        Ok(fresh.access_token)
    }

    /// Drops the cached token after Graph rejected it, so that the next call requests a new one.
    pub(super) async fn invalidate(&self) {
        *self.cached_token.lock().await = None;
    }
}
