//! Renders errors as pages. One middleware renders each error and logs its cause, once. A cause is never shown.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::error::{CodedRefusal, WebError};
use super::page::{PageContext, render_page_with_status};
use super::time_format::format_duration;
use crate::state::AppState;

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
    let ctx = PageContext::new(&app, request.headers(), request.uri().path());
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
    let mut page = render_page_with_status(response.status(), &build_error_page(&ctx, &error));
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
