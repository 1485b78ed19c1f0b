//! Graph client: sends requests and maps every failure to [`GraphError`].
//!
//! Reads use the application's token. Calls with another token pass it to [`GraphClient::send`]. The files named after
//! Graph's resources add the methods for one resource each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use jiff::SignedDuration;
use reqwest::{Client, RequestBuilder, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::app_token::AppTokenProvider;
use super::graph_error::{GraphError, GraphRefusal};
use super::http_client::{self, HttpError};
use super::oidc::OidcClient;
use crate::base::{Clock, Metrics, Random, Secret};
use crate::config;

/// Maximum number of pages of a list that are requested.
const MAX_LIST_PAGES: usize = 100;

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

/// One page of a list.
#[derive(Deserialize)]
struct GraphPage<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<Url>,
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
        serde_json::from_slice(&answer.body).map_err(GraphError::unreadable_json)
    }

    /// Requests JSON with the application's token. HTTP 404 becomes `None`.
    pub(super) async fn get_json_if_found<T: DeserializeOwned>(&self, url: Url) -> Result<Option<T>, GraphError> {
        match self.get_json(url).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Requests the first page of a list.
    pub(super) async fn get_first_page<T: DeserializeOwned>(&self, url: Url) -> Result<Vec<T>, GraphError> {
        Ok(self.get_json::<GraphPage<T>>(url).await?.value)
    }

    /// Requests all pages of a list, at most [`MAX_LIST_PAGES`]. Stops at a next link that does not point to Graph,
    /// because the token is sent with each request.
    pub(super) async fn get_all_pages<T: DeserializeOwned>(&self, first: Url) -> Result<Vec<T>, GraphError> {
        let mut all = Vec::new();
        let mut next = Some(first);
        let mut pages = 0;
        while let Some(url) = next.take() {
            let page: GraphPage<T> = self.get_json(url).await?;
            all.extend(page.value);
            pages += 1;
            next = page.next_link.filter(|url| url.origin() == self.base_url.origin() && pages < MAX_LIST_PAGES);
        }
        Ok(all)
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
        Err(GraphError::ErrorResponse(GraphRefusal::from_response(status, &headers, &body)))
    }
}
