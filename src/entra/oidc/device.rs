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
    DeviceCodeErrorResponse, DeviceCodeErrorResponseType, RequestTokenError, StandardDeviceAuthorizationResponse,
};

use super::client::{AuthorizedSignIn, OidcClient, PROVIDER_REFRESH_INTERVAL, SignInError, sign_in_scopes};
use super::provider::DiscoveredProvider;
use crate::base::TimestampExt as _;
use crate::entra::aadsts::parse_aadsts_codes;
use crate::entra::http_client::{HttpError, send_oauth_request};
use crate::entra::permissions::GraphScope;
use crate::entra::token_endpoint::{DiscoveryProblem, EntraTokenResponse, TokenError, TokenSet};

/// Interval at which the client authentication is rebuilt while waiting. An assertion is valid for 5 minutes, a device
/// code for 15.
const AUTHENTICATION_RENEWAL_INTERVAL: SignedDuration = SignedDuration::from_mins(4);

/// Device code that waits for a person to sign in.
pub(crate) struct DeviceCode {
    /// Page on which the person enters the code.
    pub(crate) verification_url: String,
    /// Code that the person enters.
    pub(crate) user_code: String,
    pub(crate) expires_at: Timestamp,
    provider: Arc<DiscoveredProvider>,
    response: StandardDeviceAuthorizationResponse,
}

impl OidcClient {
    /// Requests a device code.
    pub(crate) async fn request_device_code(&self, scopes: &[GraphScope]) -> Result<DeviceCode, TokenError> {
        let known = self.provider(PROVIDER_REFRESH_INTERVAL).await?;
        let none = || TokenError::Discovery(DiscoveryProblem::EndpointMissing("device_authorization_endpoint"));
        let oauth = self
            .oauth_client(&known)
            .set_device_authorization_url(known.device_authorization_endpoint.clone().ok_or_else(none)?);
        let http = self.http.clone();
        let send = move |request| send_oauth_request(http.clone(), request);
        let asked: StandardDeviceAuthorizationResponse =
            oauth.exchange_device_code().add_scopes(sign_in_scopes(scopes)).request_async(&send).await?;
        let lasts = SignedDuration::try_from(asked.expires_in()).unwrap_or(SignedDuration::from_mins(15));
        Ok(DeviceCode {
            verification_url: asked.verification_uri().to_string(),
            user_code: asked.user_code().secret().clone(),
            expires_at: self.clock.now().later(lasts),
            provider: known,
            response: asked,
        })
    }

    /// Waits until a person has signed in with the code, refused, or let it expire.
    pub(crate) async fn await_device_sign_in(&self, code: &DeviceCode) -> Result<AuthorizedSignIn, SignInError> {
        loop {
            let began = self.clock.now();
            match self.poll_device_token(code).await {
                Ok(answer) => return self.verify_tokens(&code.provider, TokenSet::from(&answer), None).await,
                // The client authentication expired, not the device code: poll again with a new one.
                Err(RequestTokenError::ServerResponse(response))
                    if *response.error() == DeviceCodeErrorResponseType::ExpiredToken
                        && self.clock.now().duration_since(began) >= AUTHENTICATION_RENEWAL_INTERVAL
                        && self.clock.now() < code.expires_at => {}
                Err(error) => return Err(token_error_from(error).into()),
            }
        }
    }

    /// Polls the token endpoint until it responds, or the client authentication must be rebuilt.
    async fn poll_device_token(
        &self,
        code: &DeviceCode,
    ) -> Result<EntraTokenResponse, RequestTokenError<HttpError, DeviceCodeErrorResponse>> {
        let other = |error: TokenError| RequestTokenError::Other(error.to_string());
        let proof = self.client_authentication(&code.provider).await.map_err(other)?;
        let oauth = self.oauth_client(&code.provider);
        let clock = self.clock.clone();
        let mut request = oauth
            .exchange_device_access_token(&code.response)
            .set_time_fn(move || chrono::DateTime::from_timestamp(clock.now().as_second(), 0).unwrap_or_default());
        for (name, value) in proof.form_fields() {
            request = request.add_extra_param(name, value);
        }
        let http = self.http.clone();
        let send = move |request| send_oauth_request(http.clone(), request);
        let proved = Duration::try_from(AUTHENTICATION_RENEWAL_INTERVAL).unwrap_or(Duration::from_mins(4));
        request.request_async(&send, tokio::time::sleep, Some(proved)).await
    }
}

fn token_error_from(error: RequestTokenError<HttpError, DeviceCodeErrorResponse>) -> TokenError {
    match error {
        RequestTokenError::ServerResponse(response) => TokenError::Refused {
            error: response.error().to_string().into(),
            codes: parse_aadsts_codes(response.error_description().map_or("", String::as_str)),
            trace_id: None,
        },
        RequestTokenError::Request(error) => TokenError::Http(error),
        RequestTokenError::Parse(error, _) => TokenError::Unreadable(error.to_string()),
        RequestTokenError::Other(text) => TokenError::Unreadable(text),
    }
}
