//! Device code: somebody signs in in a browser anywhere, for a command that waits for it.
//!
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code> (read 2026-11-25): no `verification_uri_complete`; a
//! refusal is `authorization_declined`. An app that proves itself has to do so here too (AADSTS7000218 otherwise).

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

use super::{Authorized, KEYS_AT_LEAST, Known, Oidc, SignInFailed};
use crate::entra::http::{HttpError, bridge};
use crate::entra::oauth::{Answer, TokenError, Tokens, aadsts_codes};

/// What proves the application is good for five minutes, a code for fifteen: it is proved anew this often.
const PROVED: SignedDuration = SignedDuration::from_mins(4);

/// What discovery says beside the standard.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct DeviceEndpoint {
    #[serde(default)]
    pub(super) device_authorization_endpoint: Option<DeviceAuthorizationUrl>,
}

impl AdditionalProviderMetadata for DeviceEndpoint {}

pub(super) type Metadata = ProviderMetadata<
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

/// A code that waits for somebody.
pub(crate) struct DeviceCode {
    /// Where they go.
    pub(crate) address: String,
    /// What they type there.
    pub(crate) code: String,
    pub(crate) until: Timestamp,
    known: Arc<Known>,
    asked: StandardDeviceAuthorizationResponse,
}

impl Oidc {
    /// Asks for a code.
    pub(crate) async fn device_code(&self, scopes: &[&str]) -> Result<DeviceCode, TokenError> {
        let known = self.known(KEYS_AT_LEAST).await?;
        let none = || TokenError::Discovery("it offers no device code".to_owned());
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

    /// Waits until somebody signed in with the code, or it is over.
    pub(crate) async fn device_sign_in(&self, code: &DeviceCode) -> Result<Authorized, SignInFailed> {
        loop {
            let began = self.clock.now();
            match self.wait(code).await {
                Ok(answer) => return self.authorized(&code.known, Tokens::from(&answer), None).await,
                // Not the code's end but that of what proves us.
                Err(RequestTokenError::ServerResponse(said))
                    if *said.error() == DeviceCodeErrorResponseType::ExpiredToken
                        && self.clock.now().duration_since(began) >= PROVED
                        && self.clock.now() < code.until => {}
                Err(error) => return Err(failed(error).into()),
            }
        }
    }

    async fn wait(&self, code: &DeviceCode) -> Result<Answer, RequestTokenError<HttpError, DeviceCodeErrorResponse>> {
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
        RequestTokenError::ServerResponse(said) => TokenError::Refused {
            error: said.error().to_string(),
            codes: aadsts_codes(said.error_description().map_or("", String::as_str)),
            trace_id: None,
        },
        RequestTokenError::Request(error) => TokenError::Http(error),
        RequestTokenError::Parse(error, _) => TokenError::Unreadable(error.to_string()),
        RequestTokenError::Other(text) => TokenError::Unreadable(text),
    }
}
