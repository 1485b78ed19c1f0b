//! Pages for staff: the reset list and reset details, people, cases, insights and the audit log.

mod audit_log;
mod cases;
mod insights;
mod person_detail;
mod person_search;
mod person_view;
mod reset_access;
mod reset_detail;
mod reset_list;
mod risk_dismissal;
mod select_option;

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

pub(crate) use cases::handle_agent_return;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/helpdesk", get(reset_list::show_reset_list))
        .route("/helpdesk/change", get(reset_list::show_list_change))
        .route("/helpdesk/audit", get(audit_log::show_audit_log))
        .route("/helpdesk/audit/export", get(audit_log::export_audit_log))
        .route("/helpdesk/people", get(person_search::show_person_search))
        .route("/helpdesk/people/{object}", get(person_detail::show_person))
        .route("/helpdesk/insights", get(insights::show_insights))
        .route("/helpdesk/insights/canary", post(insights::resume_canary))
        .route("/helpdesk/insights/alarms/{id}", post(insights::acknowledge_alert))
        .route("/helpdesk/resets/{reference}", get(reset_detail::show_reset))
        .route("/helpdesk/resets/{reference}/ask", post(reset_detail::check_reset_now))
        .route("/helpdesk/resets/{reference}/note", post(reset_detail::add_reset_note))
        .route("/helpdesk/resets/{reference}/risk", post(risk_dismissal::dismiss_risk))
        .route("/helpdesk/cases", get(cases::show_case_list).post(cases::open_case))
        .route("/helpdesk/cases/{case}", get(cases::show_case))
        .route("/helpdesk/cases/{case}/change", get(cases::show_case_change))
        .route("/helpdesk/cases/{case}/take", post(cases::take_over_case))
        .route("/helpdesk/cases/{case}/ticket", post(cases::set_ticket))
        .route("/helpdesk/cases/{case}/note", post(cases::add_case_note))
        .route("/helpdesk/cases/{case}/for", post(cases::change_action))
        .route("/helpdesk/cases/{case}/person", post(cases::identify_person))
        .route("/helpdesk/cases/{case}/verify", post(cases::verify_caller))
        .route("/helpdesk/cases/{case}/second", post(cases::request_approval))
        .route("/helpdesk/cases/{case}/override", post(cases::request_override))
        .route("/helpdesk/cases/{case}/approve", post(cases::approve_decision))
        .route("/helpdesk/cases/{case}/act", post(cases::execute_action))
        .route("/helpdesk/cases/{case}/freeze", post(cases::place_hold))
        .route("/helpdesk/cases/{case}/close", post(cases::close_case))
}
