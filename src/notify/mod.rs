//! Notices: a person hears of a reset by mail, at the addresses they had before it, with a link for "this was not me".
//!
//! The intent of a reset brings a row with whom to tell ([`remember`]). The worker finds rows whose reset changed the
//! password, or may have, and sends what is due; a crash loses nothing, because nothing but the database says what is
//! left to do. A notice holds no password: none can reach this module.
//!
//! Letters tell of the helpdesk's passes in the same way ([`Audience`]): when one is made, first used, and when a way to sign
//! in is registered after it.
//!
//! The link stops new resets of this person and alarms the desk. It undoes nothing and ends no session, so that a
//! stolen link is a nuisance and no more.

mod addressee;
mod audience;
mod link;
mod message;
mod post;
mod store;
mod worker;

pub(crate) use addressee::remember;
pub(crate) use audience::{Audience, News, tell_operations};
pub(crate) use post::{PostError, probe as probe_mail};
pub(crate) use worker::{Worker, sweep};

use axum::Router;
use axum::routing::get;

use crate::state::App;

pub(crate) fn router() -> Router<App> {
    Router::new().route("/not-me/{token}", get(link::page).post(link::report))
}
