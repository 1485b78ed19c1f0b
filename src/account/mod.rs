//! Pages for people who contact the helpdesk: help requests, and the person's or manager's side of a case.

mod case_errors;
mod case_view;
mod help_request;
mod page;
mod pass_page;

pub(crate) use case_view::{CaseNotice, ExecutionItem, action_text, build_execution_item, outcome_text};
pub(crate) use pass_page::render_pass;

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/help", get(help_request::show_help_form).post(help_request::request_help))
        .route("/help/{reference}", get(help_request::show_help_reference))
        .route("/account", get(page::show_account))
        .route("/account/change", get(page::show_account_change))
        .route("/account/checks/{id}", post(page::submit_reply))
        .route("/account/passes/{action}", post(page::claim_waiting_pass))
}
