//! Graph client: sends requests and maps every failure to [`GraphError`].
//!
//! Reads use the application's token. Calls with another token pass it to [`GraphClient::send`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use jiff::SignedDuration;
use reqwest::{Client, RequestBuilder, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::acting_identity::ClaimsChallenge;
use super::app_token::AppTokenProvider;
use super::http_client::{self, HttpError};
use super::oidc::OidcClient;
use super::token_endpoint::TokenError;
use crate::base::{Clock, Metrics, Random, Secret};
use crate::config;
use crate::store::RateLimit;

/// HTTP client for Microsoft Graph, with the application's token for reads.
#[derive(Clone)]
pub(crate) struct GraphClient {
    pub(super) http: Client,
    /// Opens a new connection for each request: for requests that must not be sent twice.
    pub(super) unpooled_http: Client,
    pub(super) base_url: Url,
    pub(super) app_token: AppTokenProvider,
    pub(super) oidc: Arc<OidcClient>,
    pub(super) random: Random,
    pub(super) clock: Clock,
    pub(crate) metrics: Metrics,
    /// Graph's clock minus the local clock in milliseconds, from the `Date` of the last response.
    clock_skew_ms: Arc<AtomicI64>,
    /// True once Graph has returned an administrative unit of any user. The documentation promises type and id also
    /// without permission to read the unit, but an empty list is trusted only after one was returned.
    pub(super) returns_administrative_units: Arc<AtomicBool>,
}

/// Rate limit for all reads of Microsoft's directory audit log, shared under the key `graph:audits`.
///
/// Microsoft allows 5 requests in 10 seconds per application and tenant
/// (<https://learn.microsoft.com/graph/throttling-limits>). One every 3 seconds is at most 4 in any 10 seconds. A burst
/// of 4 followed by one every 2.5 seconds could reach 8.
pub(crate) const AUDIT_LOG_RATE_LIMIT: RateLimit = RateLimit { count: 1, window: SignedDuration::from_secs(3) };

/// Failure of a Graph request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GraphError {
    /// Graph, or something between, responded with a status other than success.
    #[error("Graph request failed with HTTP status {}", .0.status)]
    ErrorResponse(GraphRefusal),
    #[error("cannot reach Graph")]
    Http(#[source] HttpError),
    #[error("Graph response not readable: {0}")]
    Unreadable(String),
    #[error("cannot get an access token for Graph")]
    Token(#[source] TokenError),
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

/// Successful response.
pub(super) struct GraphResponse {
    pub(super) status: StatusCode,
    pub(super) headers: header::HeaderMap,
    pub(super) body: Vec<u8>,
}

impl GraphClient {
    pub(super) fn new(
        settings: &config::EntraConfig,
        oidc: Arc<OidcClient>,
        clock: Clock,
        random: Random,
    ) -> Result<Self, HttpError> {
        let base = settings.graph_url();
        let application = AppTokenProvider::new(Arc::clone(&oidc), &base, clock.clone());
        Ok(Self {
            http: http_client::build_client()?,
            unpooled_http: http_client::build_unpooled_client()?,
            base_url: base,
            app_token: application,
            oidc,
            random,
            clock,
            metrics: Metrics::default(),
            clock_skew_ms: Arc::default(),
            returns_administrative_units: Arc::default(),
        })
    }

    /// Returns how far Graph's clock is ahead of the local clock.
    ///
    /// `Date` has a resolution of one second, so a difference below 2 seconds is reported as zero.
    pub(crate) fn clock_skew(&self) -> SignedDuration {
        let skew = SignedDuration::from_millis(self.clock_skew_ms.load(Ordering::Relaxed));
        if skew.abs() < SignedDuration::from_secs(2) { SignedDuration::ZERO } else { skew }
    }

    /// Stores the clock difference from the `Date` header of a response.
    fn update_clock_skew(&self, headers: &header::HeaderMap) {
        let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
        let theirs = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        if let Some(theirs) = theirs {
            let skew = theirs.timestamp().duration_since(self.clock.now()).as_millis();
            self.clock_skew_ms.store(i64::try_from(skew).unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// Returns a URL below the v1.0 base. Segments are encoded, so that a UPN with `#` stays one segment.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base_url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Returns a URL below the beta version of the API.
    pub(super) fn beta_url(&self, segments: &[&str]) -> Url {
        let mut url = self.base_url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().pop().push("beta").extend(segments);
        }
        url
    }

    /// Requests JSON with the application's token. After HTTP 401 it retries once with a new token.
    pub(super) async fn get_json<T: DeserializeOwned>(&self, url: Url) -> Result<T, GraphError> {
        let answer = match self.get_once(&url).await {
            Err(GraphError::ErrorResponse(refusal)) if refusal.status == StatusCode::UNAUTHORIZED => {
                self.app_token.invalidate().await;
                self.get_once(&url).await?
            }
            other => other?,
        };
        serde_json::from_slice(&answer.body).map_err(|e| GraphError::Unreadable(e.to_string()))
    }

    async fn get_once(&self, url: &Url) -> Result<GraphResponse, GraphError> {
        let token = self.app_token.access_token().await.map_err(GraphError::Token)?;
        self.send(self.http.get(url.clone()).header("ConsistencyLevel", "eventual"), &token).await
    }

    /// Sends a request with a token. Any status but success is an error.
    pub(super) async fn send(&self, request: RequestBuilder, token: &Secret) -> Result<GraphResponse, GraphError> {
        let (status, headers, answer) = self.send_authorized(request, token).await?;
        Ok(GraphResponse { status, headers, body: http_client::read_body(answer).await? })
    }

    /// Sends a request and ignores the body of a success, so that an unreadable body cannot turn success into an error.
    pub(super) async fn send_ignoring_body(
        &self,
        request: RequestBuilder,
        token: &Secret,
    ) -> Result<GraphResponse, GraphError> {
        let (status, headers, _) = self.send_authorized(request, token).await?;
        Ok(GraphResponse { status, headers, body: Vec::new() })
    }

    /// Sends a request with a token and returns a successful response whose body is not read yet.
    async fn send_authorized(
        &self,
        request: RequestBuilder,
        token: &Secret,
    ) -> Result<(StatusCode, header::HeaderMap, reqwest::Response), GraphError> {
        let id = self.random.uuid().to_string();
        let sent = request.bearer_auth(token.expose_secret()).header("client-request-id", &id).send().await;
        self.metrics.count_graph_call(sent.as_ref().map_or(0, |answer| answer.status().as_u16()));
        let answer = sent?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        self.update_clock_skew(&headers);
        if status.is_success() {
            return Ok((status, headers, answer));
        }
        // Without its body the response is still an error, but not proven to come from Graph.
        let body = http_client::read_body(answer).await.unwrap_or_default();
        Err(GraphError::ErrorResponse(parse_refusal(status, &headers, &body)))
    }
}

fn parse_refusal(status: StatusCode, headers: &header::HeaderMap, body: &[u8]) -> GraphRefusal {
    let error = serde_json::from_slice::<GraphErrorBody>(body).ok().map(|b| b.error);
    let (code, message) = error.map_or((None, String::new()), |e| (Some(e.code), e.message));
    let (request_id, retry_after) = (header_text(headers, "request-id"), parse_retry_after(headers));
    GraphRefusal {
        status,
        code,
        message,
        request_id,
        retry_after,
        challenge: parse_claims_challenge(headers).map(Box::new),
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

/// Returns `Retry-After` in seconds, limited to one hour. A longer value is taken for an error of a proxy.
pub(super) fn parse_retry_after(headers: &header::HeaderMap) -> Option<SignedDuration> {
    let seconds: i64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    (seconds >= 0).then(|| SignedDuration::from_secs(seconds.min(3_600)))
}
