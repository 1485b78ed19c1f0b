//! Renders errors as pages. Handlers return a [`WebError`]; one middleware renders it and logs its cause, once. A cause
//! is never shown.

use std::error::Error as StdError;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;

use super::page::{PageContext, render_page_with_status};
use super::time_format::format_duration;
use crate::base::format_error_chain;
use crate::state::AppState;

/// Refusal with a stable code. Pages and tests compare the code, never the text. The message catalogue has
/// `refusal-<code>-title`, `-text` and `-do`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodedRefusal {
    pub(crate) code: &'static str,
    pub(crate) status: StatusCode,
    /// Target of the button, if the page has one.
    pub(crate) button_path: Option<&'static str>,
}

/// Error of a handler.
#[derive(Clone, Debug)]
pub(crate) enum WebError {
    /// The object is unknown or belongs to another person. Both look the same.
    NotFound,
    Refused(CodedRefusal),
    /// The rate limit is exceeded. The client may retry after this time.
    RateLimited(SignedDuration),
    /// Microsoft or the database is unavailable. Nothing was done.
    Unavailable(String),
    Internal(String),
}

impl WebError {
    pub(crate) fn internal(cause: &dyn StdError) -> Self {
        Self::Internal(format_error_chain(cause))
    }

    pub(crate) fn unavailable(cause: &dyn StdError) -> Self {
        Self::Unavailable(format_error_chain(cause))
    }

    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Refused(refusal) => refusal.status,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "E-NOT-FOUND",
            Self::Refused(refusal) => refusal.code,
            Self::RateLimited(_) => "E-LIMIT",
            Self::Unavailable(_) => "E-UNAVAILABLE",
            Self::Internal(_) => "E-INTERNAL",
        }
    }
}

impl From<crate::store::StoreError> for WebError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::unavailable(&error)
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let mut response = self.status_code().into_response();
        if let Self::RateLimited(wait) = &self
            && let Ok(value) = HeaderValue::from_str(&((wait.as_millis().max(0) + 999) / 1_000).to_string())
        {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Returns a 404 as JSON, the same for unknown references and those of other people.
pub(crate) fn json_not_found() -> Response {
    (StatusCode::NOT_FOUND, axum::Json(serde_json::json!({ "error": "E-NOT-FOUND" }))).into_response()
}

#[derive(Template)]
#[template(path = "web/error.html")]
struct ErrorPage<'a> {
    ctx: &'a PageContext,
    code: &'a str,
    title: String,
    text: String,
    advice: Option<String>,
    button_path: Option<&'a str>,
    button_label: Option<String>,
}

/// Middleware that renders errors as pages and logs them.
pub(super) async fn render_errors(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let frame = PageContext::new(&app, request.headers(), request.uri().path());
    let response = next.run(request).await;
    let error = match response.extensions().get::<WebError>() {
        Some(error) => error.clone(),
        None if is_unrendered_error(&response) => error_from_status(response.status()),
        None => return response,
    };
    match &error {
        WebError::Internal(cause) => tracing::error!(code = error.code(), error = cause, "request failed"),
        WebError::Unavailable(cause) => {
            tracing::warn!(code = error.code(), error = cause, "request failed: dependency unavailable");
        }
        WebError::NotFound | WebError::Refused(_) | WebError::RateLimited(_) => {
            tracing::info!(code = error.code(), "request rejected");
        }
    }
    let mut page = render_page_with_status(response.status(), &build_error_page(&frame, &error));
    for name in [header::RETRY_AFTER, header::ALLOW, header::SET_COOKIE] {
        for value in response.headers().get_all(&name) {
            page.headers_mut().append(name.clone(), value.clone());
        }
    }
    page
}

/// Returns true for an error status from a middleware or from axum, without a page.
fn is_unrendered_error(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let ours = kind.starts_with("text/html") || kind.starts_with("application/json");
    (response.status().is_client_error() || response.status().is_server_error()) && !ours
}

fn error_from_status(status: StatusCode) -> WebError {
    let refused = |code| WebError::Refused(CodedRefusal { code, status, button_path: None });
    match status {
        StatusCode::NOT_FOUND => WebError::NotFound,
        StatusCode::FORBIDDEN => refused("E-CROSS-SITE"),
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => refused("E-TIMEOUT"),
        s if s.is_client_error() => refused("E-BAD-REQUEST"),
        _ => WebError::Internal(format!("middleware returned {status}")),
    }
}

fn build_error_page<'a>(ctx: &'a PageContext, error: &'a WebError) -> ErrorPage<'a> {
    let code = error.code();
    let key = |part: &str| format!("refusal-{}-{part}", code.to_lowercase());
    let text = match error {
        WebError::RateLimited(wait) => ctx.tv(&key("text"), "wait", &format_duration(&ctx.lang, *wait)),
        _ => ctx.t(&key("text")),
    };
    let again = match error {
        WebError::Refused(refusal) => refusal.button_path,
        WebError::NotFound => Some("/"),
        _ => None,
    };
    ErrorPage {
        ctx,
        code,
        title: ctx.t(&key("title")),
        text,
        advice: ctx.optional_text(&key("do")),
        button_path: again,
        button_label: again.map(|to| ctx.t(if to == "/signin" { "button-sign-in-again" } else { "button-start" })),
    }
}
