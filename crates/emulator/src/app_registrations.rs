//! Seed types for app registrations: identity, client credentials, redirect URIs and consented permissions.

use serde::Deserialize;
use uuid::Uuid;

/// An app registration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppRegistration {
    pub(super) client_id: Uuid,
    pub(super) name: String,
    #[serde(default)]
    pub(super) secret: Option<String>,
    /// PEM certificates. Their private keys may sign client assertions.
    #[serde(default)]
    pub(super) certificates: Vec<String>,
    /// Federated identity credentials: other issuers whose tokens authenticate the app.
    #[serde(default)]
    pub(super) federated: Vec<FederatedCredential>,
    #[serde(default)]
    pub(super) redirect_uris: Vec<String>,
    /// Redirect URIs of the platform "single-page application". Their refresh tokens expire 24 hours after sign-in.
    #[serde(default)]
    pub(super) spa_redirect_uris: Vec<String>,
    /// Graph application permissions with admin consent.
    #[serde(default)]
    pub(super) application: Vec<String>,
    /// Graph delegated permissions with admin consent.
    #[serde(default)]
    pub(super) delegated: Vec<String>,
}

/// A federated identity credential: issuer, subject and audience of the tokens that an app may use as its assertion.
///
/// Entra reads the issuer's keys from its discovery document. Here the seed contains them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FederatedCredential {
    pub(super) issuer: String,
    pub(super) subject: String,
    #[serde(default = "default_audience")]
    pub(super) audience: String,
    /// The issuer's RSA public keys as JSON Web Keys.
    pub(super) keys: Vec<jsonwebtoken::jwk::Jwk>,
}

fn default_audience() -> String {
    "api://AzureADTokenExchange".to_owned()
}
