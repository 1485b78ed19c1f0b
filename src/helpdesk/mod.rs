//! Pages for staff: the reset list and reset details, people, cases, insights and the audit log.

mod cases;
mod examine;
mod file;
mod help;
mod insights;
mod people;
mod person;
mod person_view;
mod queue;
mod risk;
mod scans;

pub(crate) use cases::{carry_out, forget_cases, watch_passes};

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

pub(crate) use insights::{forget_alarms, watch as watch_patterns};

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/helpdesk", get(queue::page))
        .route("/helpdesk/change", get(queue::change))
        .route("/helpdesk/audit", get(examine::page))
        .route("/helpdesk/audit/export", get(examine::export))
        .route("/helpdesk/people", get(people::page))
        .route("/helpdesk/people/{object}", get(person::page))
        .route("/helpdesk/insights", get(insights::page))
        .route("/helpdesk/insights/canary", post(insights::canary_again))
        .route("/helpdesk/insights/alarms/{id}", post(insights::acknowledge))
        .route("/helpdesk/resets/{reference}", get(file::page))
        .route("/helpdesk/resets/{reference}/ask", post(file::ask))
        .route("/helpdesk/resets/{reference}/note", post(file::note))
        .route("/helpdesk/resets/{reference}/risk", post(risk::dismiss))
        .route("/helpdesk/cases", get(cases::list).post(cases::opened))
        .route("/helpdesk/cases/{case}", get(cases::page))
        .route("/helpdesk/cases/{case}/change", get(cases::change))
        .route("/helpdesk/cases/{case}/take", post(cases::take))
        .route("/helpdesk/cases/{case}/ticket", post(cases::ticket))
        .route("/helpdesk/cases/{case}/note", post(cases::note))
        .route("/helpdesk/cases/{case}/for", post(cases::aim))
        .route("/helpdesk/cases/{case}/person", post(cases::name))
        .route("/helpdesk/cases/{case}/verify", post(cases::ask))
        .route("/helpdesk/cases/{case}/second", post(cases::second))
        .route("/helpdesk/cases/{case}/override", post(cases::by_override))
        .route("/helpdesk/cases/{case}/approve", post(cases::approve))
        .route("/helpdesk/cases/{case}/act", post(cases::act))
        .route("/helpdesk/cases/{case}/freeze", post(cases::freeze))
        .route("/helpdesk/cases/{case}/close", post(cases::close))
        .route("/help", get(help::page).post(help::ask))
        .route("/help/{reference}", get(help::asked))
        .route("/account", get(cases::account))
        .route("/account/change", get(cases::account_change))
        .route("/account/checks/{id}", post(cases::answer_check))
        .route("/account/passes/{action}", post(cases::show_pass))
}
