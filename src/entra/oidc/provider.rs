//! Discovers Entra's endpoints and signing keys.

use jiff::Timestamp;
use oauth2::{AuthUrl, DeviceAuthorizationUrl, TokenUrl};
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
    CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, IssuerUrl, LogoutProviderMetadata, ProviderMetadata};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::entra::http_client::send_oauth_request;
use crate::entra::token_endpoint::DiscoveryProblem;

/// Discovery metadata for the device authorization grant (RFC 8628).
#[derive(Clone, Debug, Deserialize, Serialize)]
struct DeviceEndpoint {
    #[serde(default)]
    device_authorization_endpoint: Option<DeviceAuthorizationUrl>,
}

impl AdditionalProviderMetadata for DeviceEndpoint {}

/// Discovery document of Entra, with logout and device authorization endpoints.
type EntraProviderMetadata = ProviderMetadata<
    LogoutProviderMetadata<DeviceEndpoint>,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Entra's endpoints and signing keys from discovery.
pub(super) struct DiscoveredProvider {
    pub(super) authorization_endpoint: AuthUrl,
    pub(super) token_endpoint: TokenUrl,
    pub(super) device_authorization_endpoint: Option<DeviceAuthorizationUrl>,
    pub(super) end_session_endpoint: Option<Url>,
    pub(super) issuer: IssuerUrl,
    pub(super) signing_keys: CoreJsonWebKeySet,
    pub(super) fetched_at: Timestamp,
}

impl DiscoveredProvider {
    /// Fetches discovery document and keys.
    pub(super) async fn fetch(http: &Client, authority: &Url, now: Timestamp) -> Result<Self, DiscoveryProblem> {
        // A URL without a path ends with a slash, an issuer does not.
        let issuer = match authority.path() {
            "/" => authority.as_str().trim_end_matches('/').to_owned(),
            _ => authority.to_string(),
        };
        let issuer = IssuerUrl::new(issuer)?;
        let send = |request| send_oauth_request(http.clone(), request);
        let metadata = EntraProviderMetadata::discover_async(issuer.clone(), &send).await.map_err(|e| {
            tracing::warn!(error = ?e, "OpenID discovery failed: sign-in unavailable");
            DiscoveryProblem::Unreadable
        })?;
        let token_endpoint = metadata.token_endpoint().cloned();
        let more = metadata.additional_metadata();
        Ok(Self {
            authorization_endpoint: metadata.authorization_endpoint().clone(),
            token_endpoint: token_endpoint.ok_or(DiscoveryProblem::EndpointMissing("token_endpoint"))?,
            device_authorization_endpoint: more.additional_metadata.device_authorization_endpoint.clone(),
            end_session_endpoint: more.end_session_endpoint.as_ref().map(|at| at.url().clone()),
            issuer,
            signing_keys: metadata.jwks().clone(),
            fetched_at: now,
        })
    }
}
