//! Sets a person's new password, from the form to the final state of the reset.
//!
//! ```text
//! sending -> writing    HTTP 202 (also if Location is missing or not Graph's: then evidence only)
//! sending -> refused    Graph did not accept the request
//! sending -> unknown    the request was sent and the outcome is not known
//! writing -> written | refused | failed | split    result of the long-running operation
//! writing -> unknown    HTTP 404 for more than 60 s, or the time limit
//! written -> finished | cloud_only        finished -> cloud_only
//! unknown, split, failed{F-UNRECOGNISED} -> written | failed | finished | cloud_only    by evidence only, for 24 h
//! ```
//!
//! Invariants:
//! - The intent is a committed row before anything is sent.
//! - The password is in memory from the form to the POST and in no table, log, session or trace.
//! - The password is sent once.

mod aftercare;
pub(crate) mod canary;
mod cause;
mod dispatcher;
mod evidence;
mod finish;
mod form;
mod found;
mod lease_monitor;
mod live;
mod password_precheck;
pub(crate) mod queries;
mod record;
mod retention;
mod search_indexer;
mod search_terms;
mod state;
mod status_detail;
mod store;
mod submission;
mod throttle_queue;
mod timeline;
mod tracker;

pub(crate) use live::run_change_feed;
pub(crate) use retention::erase_reset_names;
pub(crate) use search_indexer::run as run_indexer;
pub(crate) use tracker::{ResetTracker, run as run_tracker};

use axum::routing::{get, post};
use axum::{Extension, Router};

use crate::state::AppState;

/// Cached resets for the status page, shared with the change feed.
pub(crate) use found::PageCache;

pub(crate) fn router(shown: PageCache) -> Router<AppState> {
    Router::new()
        .route("/reset", get(form::show_form).post(form::submit_form))
        .route("/reset/check", post(form::check_password))
        .route("/resets/{reference}", get(timeline::show_status).layer(Extension(shown)))
        .route("/resets/{reference}/events", get(live::stream_events))
        .route("/resets/{reference}/finish", get(finish::start_finishing))
        .route("/resets/{reference}/aftercare", post(aftercare::page::update_checklist))
        .route("/resets/{reference}/signout-everywhere", post(aftercare::page::sign_out_everywhere))
}
