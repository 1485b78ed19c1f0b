//! What goes wrong, as people see it. Handlers return an [`Error`]; one layer draws it and logs its cause, once. A
//! cause is never shown.

use std::error::Error as StdError;
use std::fmt::Write as _;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;

use super::frame::{Frame, draw_with};
use super::time::duration;
use crate::state::App;

/// A refusal with a stable code: pages and tests go by the code, never by the words. The catalogue holds
/// `refusal-<code>-title`, `-text` and `-do`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) status: StatusCode,
    /// Where the button leads, if there is one.
    pub(crate) again: Option<&'static str>,
}

/// Everything a handler can fail with.
#[derive(Clone, Debug)]
pub(crate) enum Error {
    /// Unknown, or not yours: both look the same.
    NotFound,
    Refused(Refusal),
    /// Too many requests; pass again after this long.
    Limited(SignedDuration),
    /// Microsoft or the database is away; nothing was done.
    Unavailable(String),
    Internal(String),
}

impl Error {
    pub(crate) fn internal(cause: &dyn StdError) -> Self {
        Self::Internal(chain(cause))
    }

    pub(crate) fn unavailable(cause: &dyn StdError) -> Self {
        Self::Unavailable(chain(cause))
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Refused(refusal) => refusal.status,
            Self::Limited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "E-NOT-FOUND",
            Self::Refused(refusal) => refusal.code,
            Self::Limited(_) => "E-LIMIT",
            Self::Unavailable(_) => "E-UNAVAILABLE",
            Self::Internal(_) => "E-INTERNAL",
        }
    }
}

impl From<crate::store::StoreError> for Error {
    fn from(error: crate::store::StoreError) -> Self {
        Self::unavailable(&error)
    }
}

/// The causes in a row. No variant of ours prints its own source, so nothing is said twice.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let _ = write!(text, ": {next}");
        cause = next.source();
    }
    text
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Self::Limited(wait) = &self
            && let Ok(value) = HeaderValue::from_str(&((wait.as_millis().max(0) + 999) / 1_000).to_string())
        {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// A 404 for programs: the same for unknown references and other people's.
pub(crate) fn json_not_found() -> Response {
    (StatusCode::NOT_FOUND, axum::Json(serde_json::json!({ "error": "E-NOT-FOUND" }))).into_response()
}

#[derive(Template)]
#[template(path = "web/error.html")]
struct ErrorPage<'a> {
    f: &'a Frame,
    code: &'a str,
    title: String,
    text: String,
    todo: Option<String>,
    again: Option<&'a str>,
    again_label: Option<String>,
}

/// The layer that draws errors.
pub(super) async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let frame = Frame::of(&app, request.headers(), request.uri().path());
    let response = next.run(request).await;
    let error = match response.extensions().get::<Error>() {
        Some(error) => error.clone(),
        None if bare(&response) => from_status(response.status()),
        None => return response,
    };
    match &error {
        Error::Internal(cause) => tracing::error!(code = error.code(), cause, "a request failed"),
        Error::Unavailable(cause) => tracing::warn!(code = error.code(), cause, "a request could not be served"),
        Error::NotFound | Error::Refused(_) | Error::Limited(_) => {
            tracing::info!(code = error.code(), "a request was refused");
        }
    }
    let mut page = draw_with(response.status(), &page(&frame, &error));
    for name in [header::RETRY_AFTER, header::ALLOW, header::SET_COOKIE] {
        for value in response.headers().get_all(&name) {
            page.headers_mut().append(name.clone(), value.clone());
        }
    }
    page
}

/// An error status of a layer or of axum's own, without a page.
fn bare(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let ours = kind.starts_with("text/html") || kind.starts_with("application/json");
    (response.status().is_client_error() || response.status().is_server_error()) && !ours
}

fn from_status(status: StatusCode) -> Error {
    let refused = |code| Error::Refused(Refusal { code, status, again: None });
    match status {
        StatusCode::NOT_FOUND => Error::NotFound,
        StatusCode::FORBIDDEN => refused("E-CROSS-SITE"),
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => refused("E-TIMEOUT"),
        s if s.is_client_error() => refused("E-BAD-REQUEST"),
        _ => Error::Internal(format!("a layer answered {status}")),
    }
}

fn page<'a>(f: &'a Frame, error: &'a Error) -> ErrorPage<'a> {
    let code = error.code();
    let key = |part: &str| format!("refusal-{}-{part}", code.to_lowercase());
    let text = match error {
        Error::Limited(wait) => f.tv(&key("text"), "wait", &duration(&f.lang, *wait)),
        _ => f.t(&key("text")),
    };
    let again = match error {
        Error::Refused(refusal) => refusal.again,
        Error::NotFound => Some("/"),
        _ => None,
    };
    ErrorPage {
        f,
        code,
        title: f.t(&key("title")),
        text,
        todo: f.maybe(&key("do")),
        again,
        again_label: again.map(|to| f.t(if to == "/signin" { "button-sign-in-again" } else { "button-start" })),
    }
}
