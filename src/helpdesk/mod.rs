//! The helpdesk: the queue of resets, one page for each with all that is known of it, and what thirty days look like.

mod file;
mod insights;
mod queue;

use axum::Router;
use axum::routing::{get, post};

use crate::state::App;

pub(crate) use insights::watch as watch_patterns;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/helpdesk", get(queue::page))
        .route("/helpdesk/change", get(queue::change))
        .route("/helpdesk/insights", get(insights::page))
        .route("/helpdesk/insights/alarms/{id}", post(insights::acknowledge))
        .route("/helpdesk/resets/{reference}", get(file::page))
        .route("/helpdesk/resets/{reference}/ask", post(file::ask))
        .route("/helpdesk/resets/{reference}/note", post(file::note))
}
