//! The application's own token: read only, one for the process, renewed before it ends.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use url::Url;

use super::oauth::TokenError;
use super::oidc::Oidc;
use crate::base::{Clock, Secret};

/// Renewed so long before its end.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// Holds the token.
#[derive(Clone)]
pub(super) struct Application {
    oidc: Arc<Oidc>,
    scope: String,
    clock: Clock,
    token: Arc<Mutex<Option<(Secret, Timestamp)>>>,
}

impl Application {
    pub(super) fn new(oidc: Arc<Oidc>, graph: &Url, clock: Clock) -> Self {
        let scope = format!("{}/.default", graph.origin().ascii_serialization());
        Self { oidc, scope, clock, token: Arc::default() }
    }

    pub(super) async fn token(&self) -> Result<Secret, TokenError> {
        let mut slot = self.token.lock().await;
        let now = self.clock.now();
        if let Some((token, _)) =
            slot.as_ref().filter(|(_, until)| now.saturating_add(MARGIN).is_ok_and(|soon| soon < *until))
        {
            return Ok(token.clone());
        }
        let fresh = self.oidc.application_token(self.scope.clone()).await?;
        let until = now.saturating_add(SignedDuration::from_secs(fresh.seconds)).unwrap_or(now);
        *slot = Some((fresh.access.clone(), until));
        Ok(fresh.access)
    }

    /// Graph did not take it: the next call asks for a new one.
    pub(super) async fn forget(&self) {
        *self.token.lock().await = None;
    }
}
