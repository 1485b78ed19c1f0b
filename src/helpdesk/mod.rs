//! The helpdesk: the queue of resets, one page for each with all that is known of it, one for each person; the audit.

mod examine;
mod file;
mod people;
mod person;
mod person_view;
mod queue;

use axum::Router;
use axum::routing::{get, post};

use crate::state::App;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/helpdesk", get(queue::page))
        .route("/helpdesk/change", get(queue::change))
        .route("/helpdesk/audit", get(examine::page))
        .route("/helpdesk/audit/export", get(examine::export))
        .route("/helpdesk/people", get(people::page))
        .route("/helpdesk/people/{object}", get(person::page))
        .route("/helpdesk/resets/{reference}", get(file::page))
        .route("/helpdesk/resets/{reference}/ask", post(file::ask))
        .route("/helpdesk/resets/{reference}/note", post(file::note))
}
