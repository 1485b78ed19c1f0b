//! Handlers of the forms on the case page. Each one redirects back to the page with a result code.

use axum::extract::{Path, State};
use axum_extra::extract::Form;
use serde::Deserialize;
use tower_sessions::Session;

use super::agent_sign_in::redirect_to_sign_in;
use super::list::resolve_person;
use super::response::{CaseResponse, case_actor, redirect_with_message, respond_with_result};
use crate::cases::{self, CaseAction, CaseRefusal, PassViewer, VerificationMethod, load_case};
use crate::entra::ActingIdentity;
use crate::signin::{ApproveActions, StaffMember, WorkCases};
use crate::state::AppState;
use crate::web::{PageContext, WebError};

#[derive(Deserialize)]
pub(in crate::helpdesk) struct CaseTextForm {
    text: String,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct VerifyForm {
    method: String,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct ChangeActionForm {
    action: String,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct IdentifyPersonForm {
    person: String,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct ExecuteForm {
    #[serde(default)]
    to: String,
}

pub(in crate::helpdesk) async fn take_over_case(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
) -> CaseResponse {
    let (case, actor) = (load_case(&app, &reference).await?, case_actor(&staff));
    let done = cases::take_over(&app, &actor, &case).await;
    redirect_with_message(&app, &actor, &case, done).await
}

pub(in crate::helpdesk) async fn close_case(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
) -> CaseResponse {
    let (case, actor) = (load_case(&app, &reference).await?, case_actor(&staff));
    let done = cases::close_case(&app, &actor, &case).await;
    redirect_with_message(&app, &actor, &case, done).await
}

pub(in crate::helpdesk) async fn place_hold(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
) -> CaseResponse {
    let (case, actor) = (load_case(&app, &reference).await?, case_actor(&staff));
    let done = cases::place_hold(&app, &actor, &case).await;
    redirect_with_message(&app, &actor, &case, done).await
}

pub(in crate::helpdesk) async fn request_approval(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
) -> CaseResponse {
    let (case, actor) = (load_case(&app, &reference).await?, case_actor(&staff));
    let done = cases::request_approval(&app, &actor, &case).await;
    redirect_with_message(&app, &actor, &case, done).await
}

pub(in crate::helpdesk) async fn approve_decision(
    State(app): State<AppState>,
    staff: StaffMember<ApproveActions>,
    Path(reference): Path<String>,
) -> CaseResponse {
    let (case, actor) = (load_case(&app, &reference).await?, case_actor(&staff));
    let done = cases::approve_decision(&app, &actor, &case).await;
    redirect_with_message(&app, &actor, &case, done).await
}

pub(in crate::helpdesk) async fn set_ticket(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(typed): Form<CaseTextForm>,
) -> CaseResponse {
    let (case, actor) = (load_case(&app, &reference).await?, case_actor(&staff));
    let done = cases::set_ticket(&app, &actor, &case, &typed.text).await;
    redirect_with_message(&app, &actor, &case, done).await
}

pub(in crate::helpdesk) async fn add_case_note(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(typed): Form<CaseTextForm>,
) -> CaseResponse {
    let (case, actor) = (load_case(&app, &reference).await?, case_actor(&staff));
    let done = cases::add_note(&app, &actor, &case, &typed.text).await;
    redirect_with_message(&app, &actor, &case, done).await
}

pub(in crate::helpdesk) async fn request_override(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(typed): Form<CaseTextForm>,
) -> CaseResponse {
    let (case, actor) = (load_case(&app, &reference).await?, case_actor(&staff));
    let done = cases::request_override(&app, &actor, &case, &typed.text).await;
    redirect_with_message(&app, &actor, &case, done).await
}

pub(in crate::helpdesk) async fn change_action(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(wanted): Form<ChangeActionForm>,
) -> CaseResponse {
    let (case, actor) = (load_case(&app, &reference).await?, case_actor(&staff));
    let action = CaseAction::from_name(&wanted.action).ok_or(WebError::NotFound)?;
    let done = cases::change_action(&app, &actor, &case, action).await;
    redirect_with_message(&app, &actor, &case, done).await
}

pub(in crate::helpdesk) async fn identify_person(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(whom): Form<IdentifyPersonForm>,
) -> CaseResponse {
    let (case, actor) = (load_case(&app, &reference).await?, case_actor(&staff));
    let done = match resolve_person(&app, &whom.person).await? {
        Some(object) => cases::identify_person(&app, &actor, &case, object).await,
        None => Err(CaseRefusal::PersonUnknown.into()),
    };
    redirect_with_message(&app, &actor, &case, done).await
}

pub(in crate::helpdesk) async fn verify_caller(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(by): Form<VerifyForm>,
) -> CaseResponse {
    let (case, actor) = (load_case(&app, &reference).await?, case_actor(&staff));
    let method = VerificationMethod::from_name(&by.method).ok_or(WebError::NotFound)?;
    let done = if method.is_witnessed() {
        cases::request_verification(&app, &actor, &case, method).await
    } else {
        cases::record_attestation(&app, &actor, &case, method).await
    };
    redirect_with_message(&app, &actor, &case, done).await
}

pub(in crate::helpdesk) async fn execute_action(
    State(app): State<AppState>,
    (frame, session): (PageContext, Session),
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(shown): Form<ExecuteForm>,
) -> CaseResponse {
    let (case, actor) = (load_case(&app, &reference).await?, case_actor(&staff));
    let viewer = if shown.to == "me" { PassViewer::Agent } else { PassViewer::Manager };
    if cases::needs_agent_token(&app, case.action, viewer) {
        return redirect_to_sign_in(&app, &session, &staff, &case, viewer).await;
    }
    let work = {
        let (app, case) = (app.clone(), case.clone());
        async move { cases::execute_action(&app, &actor, &case, viewer, ActingIdentity::Operator).await }
    };
    // Runs as a background task of the process: it completes even if the browser disconnects.
    let result = app.background_tasks.spawn(work).await.map_err(|error| WebError::internal(&error))?;
    respond_with_result(&app, frame, &staff, &case, result).await
}
