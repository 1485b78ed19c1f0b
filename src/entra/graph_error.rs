//! Failures of Graph requests, and what the headers of a response say about them.

use jiff::SignedDuration;
use reqwest::{StatusCode, header};
use serde::Deserialize;

use super::claims_challenge::ClaimsChallenge;
use super::http_client::HttpError;
use super::token_endpoint::TokenError;

/// Maximum wait that a `Retry-After` header can ask for. A longer one is taken for an error of a proxy.
const MAX_RETRY_AFTER_SECONDS: i64 = 3_600;

/// Failure of a Graph request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GraphError {
    /// Graph, or something between, responded with a status other than success.
    #[error("Graph request failed with HTTP status {}", .0.status)]
    ErrorResponse(GraphRefusal),
    #[error("cannot reach Graph")]
    Http(#[source] HttpError),
    #[error("Graph response not readable: {0}")]
    Unreadable(UnreadableResponse),
    #[error("cannot serialize the request to Graph")]
    Request(#[source] serde_json::Error),
    #[error("cannot get an access token for Graph")]
    Token(#[source] TokenError),
    /// The portal's own limit for this kind of request was reached, so nothing was sent.
    #[error("rate limit for Graph requests reached")]
    RateLimitReached,
}

/// Reason why a successful response cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnreadableResponse {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("no {0}")]
    Empty(&'static str),
    /// Has only the position, because the response contains a Temporary Access Pass.
    #[error("Temporary Access Pass, column {column}")]
    Pass { column: usize },
}

/// Response with a status other than success, with Graph's error details.
#[derive(Clone, Debug)]
pub(crate) struct GraphRefusal {
    pub(crate) status: StatusCode,
    /// `OData` error code. `None` if the body is not Graph's: a proxy on the way may have responded.
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<SignedDuration>,
    /// Claims challenge: the token is valid, but its owner must sign in again before Graph accepts it
    /// (<https://learn.microsoft.com/entra/identity-platform/claims-challenge>, read 2026-11-23).
    pub(super) challenge: Option<Box<ClaimsChallenge>>,
}

#[derive(Deserialize)]
struct GraphErrorBody {
    error: GraphErrorDetail,
}

#[derive(Deserialize)]
struct GraphErrorDetail {
    code: String,
    #[serde(default)]
    message: String,
}

impl GraphError {
    /// Returns true if Graph responded with HTTP 404.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::ErrorResponse(refusal) if refusal.status == StatusCode::NOT_FOUND)
    }

    /// Returns the error for a response that is not the expected JSON.
    pub(super) fn unreadable_json(error: serde_json::Error) -> Self {
        Self::Unreadable(error.into())
    }
}

impl From<HttpError> for GraphError {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl From<reqwest::Error> for GraphError {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error.into())
    }
}

impl GraphRefusal {
    /// Reads Graph's error details from a response.
    pub(super) fn from_response(status: StatusCode, headers: &header::HeaderMap, body: &[u8]) -> Self {
        let error = serde_json::from_slice::<GraphErrorBody>(body).ok().map(|b| b.error);
        let (code, message) = error.map_or((None, String::new()), |e| (Some(e.code), e.message));
        Self {
            status,
            code,
            message,
            request_id: header_text(headers, "request-id"),
            retry_after: parse_retry_after(headers),
            challenge: parse_claims_challenge(headers).map(Box::new),
        }
    }
}

/// Returns the claims challenge in the headers, for any status: Microsoft's older pages have 403 instead of 401.
///
/// A challenge that cannot be parsed becomes an empty one, which requires a new sign-in without further claims.
fn parse_claims_challenge(headers: &header::HeaderMap) -> Option<ClaimsChallenge> {
    let values = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let mut challenges = values.filter(|value| value.to_ascii_lowercase().contains("error=\"insufficient_claims\""));
    challenges.next().map(|value| ClaimsChallenge::from_header(value).unwrap_or_default())
}

/// Returns a header as text, cut to 200 characters.
pub(super) fn header_text(headers: &header::HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.chars().take(200).collect())
}

/// Returns `Retry-After` in seconds, limited to [`MAX_RETRY_AFTER_SECONDS`].
pub(super) fn parse_retry_after(headers: &header::HeaderMap) -> Option<SignedDuration> {
    let seconds: i64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    (seconds >= 0).then(|| SignedDuration::from_secs(seconds.min(MAX_RETRY_AFTER_SECONDS)))
}
