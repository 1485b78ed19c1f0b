//! The helpdesk: the queue of resets, and one page for each with all that is known of it.

mod file;
mod queue;

use axum::Router;
use axum::routing::{get, post};

use crate::state::App;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/helpdesk", get(queue::page))
        .route("/helpdesk/change", get(queue::change))
        .route("/helpdesk/resets/{reference}", get(file::page))
        .route("/helpdesk/resets/{reference}/ask", post(file::ask))
        .route("/helpdesk/resets/{reference}/note", post(file::note))
}
