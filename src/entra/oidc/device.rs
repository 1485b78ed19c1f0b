//! Device authorization grant: a person signs in with a code in any browser while a command waits.
//!
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code> (read 2026-11-25):
//!
//! - Entra returns no `verification_uri_complete`, and reports a refusal as `authorization_declined`.
//! - A confidential client must authenticate here too (AADSTS7000218 otherwise).

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use oauth2::{
    DeviceAuthorizationUrl, DeviceCodeErrorResponse, DeviceCodeErrorResponseType, RequestTokenError, Scope,
    StandardDeviceAuthorizationResponse,
};
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, LogoutProviderMetadata, ProviderMetadata};
use serde::{Deserialize, Serialize};

use super::{AuthorizedSignIn, DiscoveredProvider, KEYS_AT_LEAST, OidcClient, SignInError};
use crate::entra::http::{HttpError, bridge};
use crate::entra::oauth::{EntraTokenResponse, TokenError, TokenSet, aadsts_codes};

/// Interval at which the client authentication is rebuilt while waiting. An assertion is valid for 5 minutes, a device
/// code for 15.
const PROVED: SignedDuration = SignedDuration::from_mins(4);

/// Discovery metadata for the device authorization grant (RFC 8628).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct DeviceEndpoint {
    #[serde(default)]
    pub(super) device_authorization_endpoint: Option<DeviceAuthorizationUrl>,
}

impl AdditionalProviderMetadata for DeviceEndpoint {}

/// Discovery document of Entra, with logout and device authorization endpoints.
pub(super) type EntraProviderMetadata = ProviderMetadata<
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

/// Device code that waits for a person to sign in.
pub(crate) struct DeviceCode {
    /// Page on which the person enters the code.
    pub(crate) address: String,
    /// Code that the person enters.
    pub(crate) code: String,
    pub(crate) until: Timestamp,
    known: Arc<DiscoveredProvider>,
    asked: StandardDeviceAuthorizationResponse,
}

impl OidcClient {
    /// Requests a device code.
    pub(crate) async fn device_code(&self, scopes: &[&str]) -> Result<DeviceCode, TokenError> {
        let known = self.known(KEYS_AT_LEAST).await?;
        let none = || TokenError::Discovery("device_authorization_endpoint missing".to_owned());
        let oauth = self.oauth(&known).set_device_authorization_url(known.device.clone().ok_or_else(none)?);
        let scopes = ["openid", "profile"].iter().chain(scopes).map(|scope| Scope::new((*scope).to_owned()));
        let http = self.http.clone();
        let send = move |request| bridge(http.clone(), request);
        let asked: StandardDeviceAuthorizationResponse =
            oauth.exchange_device_code().add_scopes(scopes).request_async(&send).await?;
        let lasts = SignedDuration::try_from(asked.expires_in()).unwrap_or(SignedDuration::from_mins(15));
        Ok(DeviceCode {
            address: asked.verification_uri().to_string(),
            code: asked.user_code().secret().clone(),
            until: self.clock.now().saturating_add(lasts).unwrap_or(Timestamp::MAX),
            known,
            asked,
        })
    }

    /// Waits until a person has signed in with the code, refused, or let it expire.
    pub(crate) async fn device_sign_in(&self, code: &DeviceCode) -> Result<AuthorizedSignIn, SignInError> {
        loop {
            let began = self.clock.now();
            match self.wait(code).await {
                Ok(answer) => return self.authorized(&code.known, TokenSet::from(&answer), None).await,
                // The client authentication expired, not the device code: poll again with a new one.
                Err(RequestTokenError::ServerResponse(response))
                    if *response.error() == DeviceCodeErrorResponseType::ExpiredToken
                        && self.clock.now().duration_since(began) >= PROVED
                        && self.clock.now() < code.until => {}
                Err(error) => return Err(failed(error).into()),
            }
        }
    }

    /// Polls the token endpoint until it responds, or the client authentication must be rebuilt.
    async fn wait(
        &self,
        code: &DeviceCode,
    ) -> Result<EntraTokenResponse, RequestTokenError<HttpError, DeviceCodeErrorResponse>> {
        let other = |error: TokenError| RequestTokenError::Other(error.to_string());
        let proof = self.proof(&code.known).await.map_err(other)?;
        let oauth = self.oauth(&code.known);
        let clock = self.clock.clone();
        let mut request = oauth
            .exchange_device_access_token(&code.asked)
            .set_time_fn(move || chrono::DateTime::from_timestamp(clock.now().as_second(), 0).unwrap_or_default());
        for (name, value) in proof.fields() {
            request = request.add_extra_param(name, value);
        }
        let http = self.http.clone();
        let send = move |request| bridge(http.clone(), request);
        let proved = Duration::try_from(PROVED).unwrap_or(Duration::from_mins(4));
        request.request_async(&send, tokio::time::sleep, Some(proved)).await
    }
}

fn failed(error: RequestTokenError<HttpError, DeviceCodeErrorResponse>) -> TokenError {
    match error {
        RequestTokenError::ServerResponse(response) => TokenError::Refused {
            error: response.error().to_string(),
            codes: aadsts_codes(response.error_description().map_or("", String::as_str)),
            trace_id: None,
        },
        RequestTokenError::Request(error) => TokenError::Http(error),
        RequestTokenError::Parse(error, _) => TokenError::Unreadable(error.to_string()),
        RequestTokenError::Other(text) => TokenError::Unreadable(text),
    }
}
