//! The HTTP clients: no redirects, time limits, a body limit, and no second try behind our back.

use std::time::Duration;

use futures_util::StreamExt as _;
use oauth2::{HttpRequest, HttpResponse};
use reqwest::{Client, redirect, retry};

/// No answer of Microsoft's that we read is larger; a tenant's policies are some hundred KiB.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// What can go wrong below HTTP.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("no connection was made")]
    NotSent(#[source] reqwest::Error),
    #[error("the request was sent, and no whole answer came back")]
    NoAnswer(#[source] reqwest::Error),
    #[error("the answer is larger than {BODY_LIMIT} bytes")]
    TooLarge,
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
    #[error("not a request: {0}")]
    Request(#[from] oauth2::http::Error),
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() || error.is_builder() { Self::NotSent(error) } else { Self::NoAnswer(error) }
    }
}

/// A client for reads, which keeps connections.
#[expect(clippy::disallowed_methods, reason = "this is the place that sets limits and refuses redirects")]
pub(crate) fn client() -> Result<Client, HttpError> {
    let builder = Client::builder().redirect(redirect::Policy::none()).retry(retry::never());
    builder.connect_timeout(Duration::from_secs(5)).timeout(Duration::from_secs(20)).build().map_err(HttpError::Client)
}

/// A client for the reset: a fresh connection each time, so that a stale one cannot swallow the request and leave us
/// guessing.
#[expect(clippy::disallowed_methods, reason = "this is the place that sets limits and refuses redirects")]
pub(crate) fn client_that_sends_once() -> Result<Client, HttpError> {
    let builder = Client::builder().redirect(redirect::Policy::none()).retry(retry::never()).pool_max_idle_per_host(0);
    builder.connect_timeout(Duration::from_secs(5)).timeout(Duration::from_secs(30)).build().map_err(HttpError::Client)
}

/// Reads a body up to the limit.
pub(super) async fn body(answer: reqwest::Response) -> Result<Vec<u8>, HttpError> {
    let mut bytes = Vec::new();
    let mut stream = answer.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        if bytes.len() + chunk.len() > BODY_LIMIT {
            return Err(HttpError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// What `oauth2` and `openidconnect` send through.
pub(super) async fn bridge(client: Client, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let (parts, sent) = request.into_parts();
    let url = parts.uri.to_string();
    let answer = client.request(parts.method, url).headers(parts.headers).body(sent).send().await?;
    let mut response = oauth2::http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    Ok(response.body(body(answer).await?)?)
}
