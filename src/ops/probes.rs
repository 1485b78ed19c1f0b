//! Serves the liveness and readiness probes: `/healthz` succeeds if the process responds, `/readyz` if the database
//! responds and is migrated. The responses contain no details, because they are public.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::state::AppState;

/// Creates the router of both probes.
pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(check_readiness))
}

async fn check_readiness(State(app): State<AppState>) -> (StatusCode, [(&'static str, &'static str); 1], &'static str) {
    let plain = [("content-type", "application/json")];
    match app.db.ping().await {
        Ok(()) => (StatusCode::OK, plain, "{\"ready\":true}\n"),
        Err(error) => {
            tracing::warn!(error = ?error, "readiness check failed: database unavailable or not migrated");
            (StatusCode::SERVICE_UNAVAILABLE, plain, "{\"ready\":false}\n")
        }
    }
}
