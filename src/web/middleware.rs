//! Defines the middleware around every route, in the order in which a request passes it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{ConfigError, CsrfLayer};
use tower_http::limit::RequestBodyLimitLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};
use tracing::Instrument as _;

use super::error_page::render_errors;
use crate::base::public_origin;
use crate::state::AppState;
use crate::store::{SessionRecordStore, with_cached_sessions};

/// Maximum request body. The largest form is under 1 KiB.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// Adds all middleware to the routes.
pub(crate) fn apply_middleware(
    routes: Router<AppState>,
    app: &AppState,
    sessions: SessionRecordStore,
) -> Result<Router, ConfigError> {
    let csrf = CsrfLayer::new().add_trusted_origin(public_origin(&app.config.server.public_url))?;
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(app.clone(), record_request))
        .layer(from_fn_with_state(StaticHeaders::new(app), add_static_headers))
        .layer(from_fn_with_state(app.clone(), render_errors))
        .layer(CatchPanicLayer::custom(panic_response))
        .layer(from_fn(limit_duration_except_streams))
        .layer(from_fn(use_cached_sessions))
        .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(csrf)
        .layer(session_layer(app, sessions));
    Ok(routes.layer(layers).with_state(app.clone()))
}

/// Creates the session middleware. The cookie has `__Host-` and `Secure` over https, and a plain name over http, which
/// is allowed on loopback only: clients differ in whether they send a `Secure` cookie there.
fn session_layer(app: &AppState, sessions: SessionRecordStore) -> SessionManagerLayer<SessionRecordStore> {
    let secure = app.config.server.public_url.scheme() == "https";
    let life = tower_sessions::cookie::time::Duration::seconds(app.config.signin.absolute_seconds);
    SessionManagerLayer::new(sessions)
        .with_name(if secure { "__Host-passback" } else { "passback" })
        .with_secure(secure)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(life))
}

/// Uses cached sessions for requests that only show something and write nothing into the session. Sign-in and
/// administration always load the session from the database, because they change it.
async fn use_cached_sessions(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let shows = request.method() == Method::GET
        && (path == "/" || (path.starts_with("/resets/") && !path.ends_with("/finish")));
    if shows { with_cached_sessions(next.run(request)).await } else { next.run(request).await }
}

/// Records one span and one log line per request, without query, names and addresses.
async fn record_request(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let id = app.random.uuid().to_string();
    let span =
        tracing::info_span!("request", request.id = id, method = %request.method(), path = redacted_path(&request));
    let (began, method) = (app.clock.elapsed(), request.method().clone());
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = app.clock.elapsed().saturating_sub(began);
    let status = response.status().as_u16();
    app.metrics.count_http_request(method.as_str(), status, took);
    span.in_scope(|| tracing::debug!(status, duration_ms = took.as_millis(), "request completed"));
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// Returns the path for the log. The path of a link in a mail is a secret and is replaced.
fn redacted_path(request: &Request) -> &str {
    let path = request.uri().path();
    if path.starts_with("/not-me/") { "/not-me/…" } else { path }
}

const STATIC_HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: with it a form's `Origin` is `null`, which the CSRF check rejects for older browsers.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Headers that are the same for every response of this portal.
#[derive(Clone)]
struct StaticHeaders(Arc<HeaderMap>);

impl StaticHeaders {
    /// Creates the headers. The content security policy allows Entra in `form-action`, because the sign-out form ends
    /// there.
    fn new(app: &AppState) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in STATIC_HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self' {}; \
             frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types passback",
            public_origin(&app.config.entra.authority())
        );
        if let Ok(value) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, value);
        }
        if app.config.server.public_url.scheme() == "https" {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000"));
        }
        Self(Arc::new(headers))
    }
}

async fn add_static_headers(State(fixed): State<StaticHeaders>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.reserve(fixed.0.len() + 2);
    headers.extend(fixed.0.iter().map(|(name, value)| (name.clone(), value.clone())));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Ends every request within 30 seconds, except event streams, which end with the session.
async fn limit_duration_except_streams(request: Request, next: Next) -> Response {
    if request.uri().path().ends_with("/events") {
        return next.run(request).await;
    }
    match tokio::time::timeout(Duration::from_secs(30), next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

fn panic_response(_: Box<dyn std::any::Any + Send + 'static>) -> axum::http::Response<axum::body::Body> {
    // The panic hook has logged the panic. Its text may contain secrets and is not used here.
    super::WebError::Internal("handler panicked".to_owned()).into_response()
}
