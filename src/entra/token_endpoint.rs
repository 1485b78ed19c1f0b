//! Types for Entra's token endpoint: responses and errors, on top of the `oauth2` crate.

use std::fmt;

use oauth2::basic::{BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType};
use oauth2::{
    EndpointNotSet, EndpointSet, ErrorResponse, ExtraTokenFields, RequestTokenError, StandardRevocableToken,
    StandardTokenResponse,
};
use serde::{Deserialize, Serialize};

use super::aadsts::AadstsCode;
use super::credential::CredentialError;
use super::http_client::HttpError;
use super::wire_value::wire_enum;
use crate::base::Secret;

wire_enum! {
    /// Error of an OAuth endpoint (`error`): RFC 6749, RFC 8628 and OpenID Connect Core 1.0.
    OauthErrorCode, exact {
        AccessDenied = "access_denied",
        /// The person refused the sign-in with a device code. RFC 8628 has `access_denied` for it.
        AuthorizationDeclined = "authorization_declined",
        ConsentRequired = "consent_required",
        ExpiredToken = "expired_token",
        InteractionRequired = "interaction_required",
        InvalidClient = "invalid_client",
        InvalidGrant = "invalid_grant",
        InvalidScope = "invalid_scope",
        LoginRequired = "login_required",
        ServerError = "server_error",
        TemporarilyUnavailable = "temporarily_unavailable",
        UnauthorizedClient = "unauthorized_client",
    }
}

/// Field that OpenID Connect adds to an OAuth token response.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct IdTokenField {
    #[serde(default)]
    pub(super) id_token: Option<String>,
}

impl fmt::Debug for IdTokenField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdTokenField(hidden)")
    }
}

impl ExtraTokenFields for IdTokenField {}

/// Error response of Entra's token endpoint. Code branches on `error`, `error_codes` and `suberror`, never on the text.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct EntraTokenError {
    error: String,
    #[serde(default)]
    error_codes: Vec<u32>,
    #[serde(default)]
    suberror: Option<String>,
    #[serde(default)]
    trace_id: Option<String>,
}

impl fmt::Display for EntraTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.error, self.error_codes)
    }
}

impl ErrorResponse for EntraTokenError {}

/// Successful response of Entra's token endpoint.
pub(super) type EntraTokenResponse = StandardTokenResponse<IdTokenField, BasicTokenType>;
/// OAuth client with an authorization and a token endpoint.
pub(super) type EntraOauthClient = oauth2::Client<
    EntraTokenError,
    EntraTokenResponse,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Failure of a token request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// Entra responded with an OAuth error. Retrying does not help until someone fixes the cause.
    #[error("Entra refused: {error} {codes:?}")]
    Refused { error: OauthErrorCode, codes: Vec<AadstsCode>, trace_id: Option<String> },
    #[error("cannot reach Entra")]
    Http(#[source] HttpError),
    #[error("Entra response not readable: {0}")]
    Unreadable(String),
    #[error("OpenID discovery failed: {0}")]
    Discovery(DiscoveryProblem),
    #[error("client authentication failed")]
    Credential(#[from] CredentialError),
}

/// Problem with Entra's discovery document.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiscoveryProblem {
    /// The authority from the configuration is not an issuer.
    #[error(transparent)]
    Issuer(#[from] url::ParseError),
    /// Has no source, because the log entry written at the same time contains it.
    #[error("discovery document or keys not readable")]
    Unreadable,
    #[error("{0} missing")]
    EndpointMissing(&'static str),
}

impl TokenError {
    /// Returns the first AADSTS code, under which Microsoft documents the error.
    pub(crate) fn aadsts_code(&self) -> Option<AadstsCode> {
        if let Self::Refused { codes, .. } = self { codes.first().copied() } else { None }
    }

    /// Returns true if Entra rejected the refresh token, so that its owner must sign in again.
    ///
    /// False if Entra is unreachable or rejected the portal's own credential: that is fixed without a new sign-in.
    pub(crate) fn needs_new_sign_in(&self) -> bool {
        matches!(self, Self::Refused { error: OauthErrorCode::InvalidGrant | OauthErrorCode::InteractionRequired, .. })
    }
}

impl From<RequestTokenError<HttpError, EntraTokenError>> for TokenError {
    fn from(error: RequestTokenError<HttpError, EntraTokenError>) -> Self {
        match error {
            RequestTokenError::ServerResponse(response) => Self::Refused {
                error: response.error.into(),
                codes: response.error_codes.into_iter().map(AadstsCode::from).collect(),
                trace_id: response.trace_id,
            },
            RequestTokenError::Request(error) => Self::Http(error),
            RequestTokenError::Parse(error, _) => Self::Unreadable(error.to_string()),
            RequestTokenError::Other(text) => Self::Unreadable(text),
        }
    }
}

/// Tokens from a token response.
pub(super) struct TokenSet {
    pub(super) access_token: Secret,
    pub(super) lifetime_seconds: i64,
    pub(super) refresh_token: Option<Secret>,
    pub(super) id_token: Option<String>,
}

impl From<&EntraTokenResponse> for TokenSet {
    fn from(answer: &EntraTokenResponse) -> Self {
        use oauth2::TokenResponse as _;
        let lifetime = answer.expires_in().map_or(300, |d| i64::try_from(d.as_secs()).unwrap_or(300));
        Self {
            access_token: Secret::new(answer.access_token().secret().clone()),
            lifetime_seconds: lifetime,
            refresh_token: answer.refresh_token().map(|t| Secret::new(t.secret().clone())),
            id_token: answer.extra_fields().id_token.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

    fn refused_token_error(error: &str, codes: &[u32]) -> TokenError {
        let response = serde_json::json!({ "error": error, "error_codes": codes, "suberror": null });
        RequestTokenError::<HttpError, _>::ServerResponse(serde_json::from_value::<EntraTokenError>(response).unwrap())
            .into()
    }

    #[test]
    fn oauth_error_keeps_its_text_and_is_compared_exactly() {
        check_wire_values::<OauthErrorCode>();
        assert!(!accepts_any_case::<OauthErrorCode>());
        let error = refused_token_error("invalid_grant", &[50_173, 1]);
        assert_eq!(error.to_string(), "Entra refused: invalid_grant [50173, 1]");
        assert_eq!(error.aadsts_code(), Some(AadstsCode::FreshTokenNeeded));
        let log = r#"Refused { error: "invalid_grant", codes: [50173, 1], trace_id: None }"#;
        assert_eq!(format!("{error:?}"), log);
        assert_eq!(refused_token_error("made_up", &[]).to_string(), "Entra refused: made_up []");
    }

    #[test]
    fn only_rejected_refresh_token_needs_new_sign_in() {
        for (error, needed) in [("invalid_grant", true), ("interaction_required", true), ("invalid_client", false)] {
            assert_eq!(refused_token_error(error, &[]).needs_new_sign_in(), needed, "{error}");
        }
        assert!(!TokenError::Discovery(DiscoveryProblem::Unreadable).needs_new_sign_in());
    }
}
