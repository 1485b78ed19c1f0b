//! Pages for administrators.

mod operator;
mod pause;
mod pause_notice;

pub(crate) use operator::handle_operator_sign_in;
pub(crate) use pause_notice::{PauseNotice, load_pause_notice};

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/admin/operator", get(operator::show_operator_page))
        .route("/admin/operator/link", get(operator::begin_operator_link))
        .route("/admin/operator/confirm", post(operator::confirm_operator))
        .route("/admin/pause", get(pause::show_pause_page).post(pause::change_pause))
}
