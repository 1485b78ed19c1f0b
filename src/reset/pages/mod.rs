//! Pages of a reset: the form, the status page with its event stream, the finishing sign-in and the device checklist.

mod access;
mod device_checklist;
mod event_stream;
mod finishing;
mod form;
mod form_view;
mod password_check;
mod progress;
mod status;
mod status_view;

use axum::routing::{get, post};
use axum::{Extension, Router};

use crate::state::AppState;

/// Cached resets for the status page, shared with the change feed.
pub(crate) use access::PageCache;

pub(crate) fn router(page_cache: PageCache) -> Router<AppState> {
    Router::new()
        .route("/reset", get(form::show_form).post(form::submit_form))
        .route("/reset/check", post(password_check::check_password))
        .route("/resets/{reference}", get(status::show_status).layer(Extension(page_cache)))
        .route("/resets/{reference}/events", get(event_stream::stream_events))
        .route("/resets/{reference}/finish", get(finishing::start_finishing))
        .route("/resets/{reference}/aftercare", post(device_checklist::update_checklist))
        .route("/resets/{reference}/signout-everywhere", post(device_checklist::sign_out_everywhere))
}
