//! Setting a new password, from the form to the last word on it.
//!
//! ```text
//! sending -> writing    202 (also when Location is missing or foreign: then evidence only)
//! sending -> refused    nothing was taken
//! sending -> unknown    it was sent, and nobody knows
//! writing -> written | refused | failed | split    what the operation says
//! writing -> unknown    404 for more than 60 s, or the time limit
//! written -> finished | cloud_only        finished -> cloud_only
//! unknown, split, failed{F-UNRECOGNISED} -> written | failed | finished | cloud_only    by evidence only, for 24 h
//! ```
//!
//! The intent is a committed row before anything is sent. The password lives in memory from the form to the POST and
//! is in no table, log, session or trace. It is sent once.

mod aftercare;
pub(crate) mod canary;
mod causes;
pub(crate) mod desk;
mod details;
mod evidence;
mod finish;
mod form;
mod found;
mod indexer;
mod leases;
mod line;
mod live;
mod microsoft;
mod reading;
mod retention;
mod send;
mod state;
mod store;
mod submit;
mod timeline;
mod tracker;
mod words;

pub(crate) use indexer::run as run_indexer;
pub(crate) use live::read_changes;
pub(crate) use retention::forget_people;
pub(crate) use tracker::{Tracker, run as run_tracker};

use axum::routing::{get, post};
use axum::{Extension, Router};

use crate::state::App;

/// What pages may show from memory, shared with the reader of changes.
pub(crate) use found::Shown;

pub(crate) fn router(shown: Shown) -> Router<App> {
    Router::new()
        .route("/reset", get(form::form).post(form::submit))
        .route("/reset/check", post(form::check))
        .route("/resets/{reference}", get(timeline::page).layer(Extension(shown)))
        .route("/resets/{reference}/events", get(live::events))
        .route("/resets/{reference}/finish", get(finish::begin))
        .route("/resets/{reference}/aftercare", post(aftercare::page::say))
        .route("/resets/{reference}/signout-everywhere", post(aftercare::page::sign_out_everywhere))
}
