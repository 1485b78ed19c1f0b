//! Pages of notifications.

mod not_me;

use axum::Router;
use axum::routing::get;

use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/not-me/{token}", get(not_me::show_not_me_page).post(not_me::submit_not_me))
}
