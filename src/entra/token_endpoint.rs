//! Types for Entra's token endpoint: responses and errors, on top of the `oauth2` crate.

use std::fmt;

use oauth2::basic::{BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType};
use oauth2::{
    EndpointNotSet, EndpointSet, ErrorResponse, ExtraTokenFields, RequestTokenError, StandardRevocableToken,
    StandardTokenResponse,
};
use serde::{Deserialize, Serialize};

use super::{CredentialError, HttpError};
use crate::base::Secret;

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
    Refused { error: String, codes: Vec<u32>, trace_id: Option<String> },
    #[error("cannot reach Entra")]
    Http(#[source] HttpError),
    #[error("Entra response not readable: {0}")]
    Unreadable(String),
    #[error("OpenID discovery failed: {0}")]
    Discovery(String),
    #[error("client authentication failed")]
    Credential(#[from] CredentialError),
}

impl TokenError {
    /// Returns the first AADSTS code, under which Microsoft documents the error.
    pub(crate) fn aadsts_code(&self) -> Option<u32> {
        if let Self::Refused { codes, .. } = self { codes.first().copied() } else { None }
    }

    /// Returns true if Entra rejected the refresh token, so that its owner must sign in again.
    ///
    /// False if Entra is unreachable or rejected the portal's own credential: that is fixed without a new sign-in.
    pub(crate) fn needs_new_sign_in(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if matches!(error.as_str(), "invalid_grant" | "interaction_required"))
    }
}

impl From<RequestTokenError<HttpError, EntraTokenError>> for TokenError {
    fn from(error: RequestTokenError<HttpError, EntraTokenError>) -> Self {
        match error {
            RequestTokenError::ServerResponse(response) => {
                Self::Refused { error: response.error, codes: response.error_codes, trace_id: response.trace_id }
            }
            RequestTokenError::Request(error) => Self::Http(error),
            RequestTokenError::Parse(error, _) => Self::Unreadable(error.to_string()),
            RequestTokenError::Other(text) => Self::Unreadable(text),
        }
    }
}

/// Returns the AADSTS codes in an error description. An error of the authorize endpoint has them nowhere else.
pub(crate) fn parse_aadsts_codes(description: &str) -> Vec<u32> {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    description.split("AADSTS").skip(1).filter_map(digits).collect()
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

    #[test]
    fn aadsts_codes_are_parsed_from_error_description() {
        assert_eq!(parse_aadsts_codes("AADSTS50105: not assigned. Trace ID: 1"), [50105]);
        assert!(parse_aadsts_codes("access_denied").is_empty());
    }
}
