//! HTTP clients for Microsoft.
//!
//! - No redirects and no automatic retries.
//! - Every request has a timeout.
//! - Response bodies have a size limit.

use std::time::Duration;

use futures_util::StreamExt as _;
use oauth2::{HttpRequest, HttpResponse};
use reqwest::{Client, redirect, retry};

/// Maximum size of a response body. The largest, a tenant's Conditional Access policies, has a few hundred KiB.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Failure below the HTTP status: no connection, no complete response, or a response that is too large.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("cannot connect")]
    NotSent(#[source] reqwest::Error),
    #[error("request sent, but no complete response received")]
    NoAnswer(#[source] reqwest::Error),
    #[error("response body exceeds 2 MiB")]
    TooLarge,
    #[error("cannot create the HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("invalid HTTP request or response: {0}")]
    Request(#[from] oauth2::http::Error),
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() || error.is_builder() { Self::NotSent(error) } else { Self::NoAnswer(error) }
    }
}

/// Creates the client for reads, which pools connections.
#[expect(clippy::disallowed_methods, reason = "this module sets the limits and disables redirects")]
pub(crate) fn build_client() -> Result<Client, HttpError> {
    let builder = Client::builder().redirect(redirect::Policy::none()).retry(retry::never());
    builder.connect_timeout(Duration::from_secs(5)).timeout(Duration::from_secs(20)).build().map_err(HttpError::Client)
}

/// Creates the client for requests that must not be sent twice, such as a reset.
///
/// Each request gets a new connection: a request lost on a stale pooled connection would have an unknown outcome.
#[expect(clippy::disallowed_methods, reason = "this module sets the limits and disables redirects")]
pub(crate) fn build_unpooled_client() -> Result<Client, HttpError> {
    let builder = Client::builder().redirect(redirect::Policy::none()).retry(retry::never()).pool_max_idle_per_host(0);
    builder.connect_timeout(Duration::from_secs(5)).timeout(Duration::from_secs(30)).build().map_err(HttpError::Client)
}

/// Reads a response body up to the size limit.
pub(super) async fn read_body(answer: reqwest::Response) -> Result<Vec<u8>, HttpError> {
    let mut bytes = Vec::new();
    let mut stream = answer.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        if bytes.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(HttpError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Sends a request of the `oauth2` and `openidconnect` crates.
pub(super) async fn send_oauth_request(client: Client, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let (parts, sent) = request.into_parts();
    let url = parts.uri.to_string();
    let answer = client.request(parts.method, url).headers(parts.headers).body(sent).send().await?;
    let mut response = oauth2::http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    Ok(response.body(read_body(answer).await?)?)
}
