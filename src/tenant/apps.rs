//! App registrations: who they are, what proves them, what they may do.

use serde::Deserialize;
use uuid::Uuid;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct App {
    pub(super) client_id: Uuid,
    pub(super) name: String,
    #[serde(default)]
    pub(super) secret: Option<String>,
    /// PEM certificates whose keys may sign client assertions.
    #[serde(default)]
    pub(super) certificates: Vec<String>,
    /// Federated identity credentials: tokens of others that prove the app.
    #[serde(default)]
    pub(super) federated: Vec<Federated>,
    #[serde(default)]
    pub(super) redirect_uris: Vec<String>,
    /// Redirect addresses of the platform "single-page application": refresh tokens that come of them end after 24 hours.
    #[serde(default)]
    pub(super) spa_redirect_uris: Vec<String>,
    /// Graph application permissions with admin consent.
    #[serde(default)]
    pub(super) application: Vec<String>,
    /// Graph delegated permissions with admin consent.
    #[serde(default)]
    pub(super) delegated: Vec<String>,
}

/// Whose tokens an app takes. Entra reads the issuer's keys from its discovery; here they stand beside it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Federated {
    pub(super) issuer: String,
    pub(super) subject: String,
    #[serde(default = "exchange")]
    pub(super) audience: String,
    /// JSON Web Keys, RSA.
    pub(super) keys: Vec<jsonwebtoken::jwk::Jwk>,
}

fn exchange() -> String {
    "api://AzureADTokenExchange".to_owned()
}
