//! `/healthz`: the process answers. `/readyz`: the database answers with its tables up to date. Without detail:
//! anybody may ask.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::state::App;

pub(crate) fn router() -> Router<App> {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(ready))
}

async fn ready(State(app): State<App>) -> (StatusCode, [(&'static str, &'static str); 1], &'static str) {
    let plain = [("content-type", "application/json")];
    match app.db.ping().await {
        Ok(()) => (StatusCode::OK, plain, "{\"ready\":true}\n"),
        Err(error) => {
            tracing::warn!(cause = ?error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, plain, "{\"ready\":false}\n")
        }
    }
}
