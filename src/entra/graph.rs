//! One request to Graph, and one mapping of everything that can go wrong with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use jiff::SignedDuration;
use reqwest::{Client, RequestBuilder, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::agent::Challenge;
use super::application::Application;
use super::http::{self, HttpError};
use super::oauth::TokenError;
use super::oidc::Oidc;
use crate::base::{Clock, Metrics, Random, Secret};
use crate::config;
use crate::store::Limit;

/// Graph, with the application's token for reads.
#[derive(Clone)]
pub(crate) struct Graph {
    pub(super) http: Client,
    pub(super) once: Client,
    pub(super) base: Url,
    pub(super) application: Application,
    pub(super) oidc: Arc<Oidc>,
    pub(super) random: Random,
    pub(super) clock: Clock,
    pub(crate) metrics: Metrics,
    /// Graph's clock less ours, in milliseconds, as its last answer told.
    skew: Arc<AtomicI64>,
    /// It has named somebody's administrative units. Documented is type and id for whoever may not read them; seen is better.
    pub(super) names_units: Arc<AtomicBool>,
}

/// The audit log takes five requests in ten seconds per app and tenant (graph.md 9): everything that reads it stands in one
/// line, `graph:audits`. One every three seconds is at most four in any ten, whenever one begins to count; four at once and
/// then one each 2.5 s would be eight.
pub(crate) const AUDIT_LOOKS: Limit = Limit { count: 1, per: SignedDuration::from_secs(3) };

/// What Graph says no with, or that it says nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GraphError {
    #[error("Graph answered {}", .0.status)]
    Answered(Refusal),
    #[error("Graph cannot be reached")]
    Http(#[source] HttpError),
    #[error("Graph's answer cannot be read: {0}")]
    Unreadable(String),
    #[error("there is no token for Graph")]
    Token(#[source] TokenError),
}

/// A status that is no success, with what Graph says about it.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// The `OData` error code; `None` if the body is not Graph's, so that anything on the way may have spoken.
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<SignedDuration>,
    /// A claims challenge: the token is good, and whoever it belongs to must sign in again before it is enough
    /// (<https://learn.microsoft.com/entra/identity-platform/claims-challenge>, read 2026-11-23).
    pub(super) challenge: Option<Box<Challenge>>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorInner,
}

#[derive(Deserialize)]
struct ErrorInner {
    code: String,
    #[serde(default)]
    message: String,
}

impl GraphError {
    /// Graph says that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Answered(refusal) if refusal.status == StatusCode::NOT_FOUND)
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

/// An answer that is a success.
pub(super) struct Success {
    pub(super) status: StatusCode,
    pub(super) headers: header::HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Graph {
    pub(super) fn new(
        settings: &config::Entra,
        oidc: Arc<Oidc>,
        clock: Clock,
        random: Random,
    ) -> Result<Self, HttpError> {
        let base = settings.graph_url();
        let application = Application::new(Arc::clone(&oidc), &base, clock.clone());
        Ok(Self {
            http: http::client()?,
            once: http::client_that_sends_once()?,
            base,
            application,
            oidc,
            random,
            clock,
            metrics: Metrics::default(),
            skew: Arc::default(),
            names_units: Arc::default(),
        })
    }

    /// How far Graph's clock is ahead of ours. `Date` has whole seconds, so less than two are none.
    pub(crate) fn skew(&self) -> SignedDuration {
        let skew = SignedDuration::from_millis(self.skew.load(Ordering::Relaxed));
        if skew.abs() < SignedDuration::from_secs(2) { SignedDuration::ZERO } else { skew }
    }

    fn measure(&self, headers: &header::HeaderMap) {
        let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
        let theirs = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        if let Some(theirs) = theirs {
            let skew = theirs.timestamp().duration_since(self.clock.now()).as_millis();
            self.skew.store(i64::try_from(skew).unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// An address below the base; segments are encoded, so that a UPN with `#` stays one segment.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// The same in the version that is not finished.
    pub(super) fn beta(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().pop().push("beta").extend(segments);
        }
        url
    }

    /// Reads with the application's token. A token that is not taken is renewed once.
    pub(super) async fn read<T: DeserializeOwned>(&self, url: Url) -> Result<T, GraphError> {
        let answer = match self.read_once(&url).await {
            Err(GraphError::Answered(refusal)) if refusal.status == StatusCode::UNAUTHORIZED => {
                self.application.forget().await;
                self.read_once(&url).await?
            }
            other => other?,
        };
        serde_json::from_slice(&answer.body).map_err(|e| GraphError::Unreadable(e.to_string()))
    }

    async fn read_once(&self, url: &Url) -> Result<Success, GraphError> {
        let token = self.application.token().await.map_err(GraphError::Token)?;
        self.send(self.http.get(url.clone()).header("ConsistencyLevel", "eventual"), &token).await
    }

    /// Sends with a token; anything but a success is an error.
    pub(super) async fn send(&self, request: RequestBuilder, token: &Secret) -> Result<Success, GraphError> {
        let (status, headers, answer) = self.head(request, token).await?;
        Ok(Success { status, headers, body: http::body(answer).await? })
    }

    /// The same without the body of a success: what it holds must not decide whether a success is one.
    pub(super) async fn send_for_head(&self, request: RequestBuilder, token: &Secret) -> Result<Success, GraphError> {
        let (status, headers, _) = self.head(request, token).await?;
        Ok(Success { status, headers, body: Vec::new() })
    }

    async fn head(
        &self,
        request: RequestBuilder,
        token: &Secret,
    ) -> Result<(StatusCode, header::HeaderMap, reqwest::Response), GraphError> {
        let id = self.random.uuid().to_string();
        let sent = request.bearer_auth(token.expose_secret()).header("client-request-id", &id).send().await;
        self.metrics.graph(sent.as_ref().map_or(0, |answer| answer.status().as_u16()));
        let answer = sent?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        self.measure(&headers);
        if status.is_success() {
            return Ok((status, headers, answer));
        }
        // A refusal whose body does not arrive is still a refusal, only not one that is proven Graph's.
        let body = http::body(answer).await.unwrap_or_default();
        Err(GraphError::Answered(refusal(status, &headers, &body)))
    }
}

fn refusal(status: StatusCode, headers: &header::HeaderMap, body: &[u8]) -> Refusal {
    let said = serde_json::from_slice::<ErrorBody>(body).ok().map(|b| b.error);
    let (code, message) = said.map_or((None, String::new()), |e| (Some(e.code), e.message));
    let (request_id, retry_after) = (text(headers, "request-id"), retry_after(headers));
    Refusal { status, code, message, request_id, retry_after, challenge: challenge(headers).map(Box::new) }
}

/// Whatever the status: Microsoft's older pages have 403. One that cannot be read asks for a new sign-in and nothing more.
fn challenge(headers: &header::HeaderMap) -> Option<Challenge> {
    let said = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let mut challenges = said.filter(|value| value.to_ascii_lowercase().contains("error=\"insufficient_claims\""));
    challenges.next().map(|value| Challenge::read(value).unwrap_or_default())
}

pub(super) fn text(headers: &header::HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.chars().take(200).collect())
}

/// Seconds, at most an hour: a longer wait is a mistake on the way, and a person waits for none of it.
pub(super) fn retry_after(headers: &header::HeaderMap) -> Option<SignedDuration> {
    let seconds: i64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    (seconds >= 0).then(|| SignedDuration::from_secs(seconds.min(3_600)))
}
