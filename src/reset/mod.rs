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
//! `state` decides these transitions, and `transition` is the only module that stores one. HTTP is in `pages`.
//!
//! Invariants:
//! - The intent is a committed row before anything is sent.
//! - The password is in memory from the form to the POST and in no table, log, session or trace.
//! - The password is sent once.

pub(crate) mod canary;
mod cause;
mod change_feed;
mod checklist_actions;
mod device_checklist;
mod dispatcher;
mod evidence;
mod finishing;
mod lease_monitor;
mod pages;
mod password_precheck;
pub(crate) mod queries;
mod record;
mod search_indexer;
mod search_terms;
mod service;
mod state;
mod status_detail;
mod status_response;
mod store;
mod submission;
mod throttle_queue;
mod tracker;
mod transition;

pub(crate) use change_feed::run_change_feed;
pub(crate) use pages::{PageCache, router};
pub(crate) use search_indexer::run as run_indexer;
pub(crate) use store::erase_reset_names;
pub(crate) use tracker::{ResetTracker, run as run_tracker};
