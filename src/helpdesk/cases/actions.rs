//! Handlers of the forms on the case page. Each one redirects back to the page with a result code.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use tower_sessions::Session;

use super::decide::{self, ExecutionResult};
use super::rules::{CaseAction, VerificationMethod};
use super::store::HelpdeskCase;
use super::{CaseError, CaseRefusal, CaseResult, load_case, open, own, record_refusal, verify};
use crate::entra::ActingIdentity;
use crate::signin::{ApproveActions, StaffMember, StaffPermission, WorkCases, with_staff_navigation};
use crate::state::AppState;
use crate::web::{PageContext, WebError};

/// Redirects to the case page with the result code. Records a refusal in the audit log.
pub(super) async fn redirect_with_message<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    done: CaseResult,
) -> Result<Response, WebError> {
    let code = match done {
        Ok(code) => code.to_owned(),
        Err(CaseError::Refused(refusal)) => {
            record_refusal(app, staff, case, refusal).await?;
            refusal.as_str().to_lowercase()
        }
        Err(CaseError::Failed(error)) => return Err(error),
    };
    Ok(Redirect::to(&format!("/helpdesk/cases/{}?said={code}", case.reference)).into_response())
}

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

pub(in crate::helpdesk) type HandlerResult = Result<Response, WebError>;

pub(in crate::helpdesk) async fn take_over_case(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
) -> HandlerResult {
    let case = load_case(&app, &reference).await?;
    let done = open::take_over(&app, &staff, &case).await;
    redirect_with_message(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn close_case(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
) -> HandlerResult {
    let case = load_case(&app, &reference).await?;
    let done = open::close_case(&app, &staff, &case).await;
    redirect_with_message(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn place_hold(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
) -> HandlerResult {
    let case = load_case(&app, &reference).await?;
    let done = decide::place_hold(&app, &staff, &case).await;
    redirect_with_message(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn request_approval(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
) -> HandlerResult {
    let case = load_case(&app, &reference).await?;
    let done = decide::request_approval(&app, &staff, &case).await;
    redirect_with_message(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn approve_decision(
    State(app): State<AppState>,
    staff: StaffMember<ApproveActions>,
    Path(reference): Path<String>,
) -> HandlerResult {
    let case = load_case(&app, &reference).await?;
    let done = decide::approve_decision(&app, &staff, &case).await;
    redirect_with_message(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn set_ticket(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(typed): Form<CaseTextForm>,
) -> HandlerResult {
    let case = load_case(&app, &reference).await?;
    let done = open::set_ticket(&app, &staff, &case, &typed.text).await;
    redirect_with_message(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn add_case_note(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(typed): Form<CaseTextForm>,
) -> HandlerResult {
    let case = load_case(&app, &reference).await?;
    let done = open::add_note(&app, &staff, &case, &typed.text).await;
    redirect_with_message(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn request_override(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(typed): Form<CaseTextForm>,
) -> HandlerResult {
    let case = load_case(&app, &reference).await?;
    let done = decide::request_override(&app, &staff, &case, &typed.text).await;
    redirect_with_message(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn change_action(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(wanted): Form<ChangeActionForm>,
) -> HandlerResult {
    let case = load_case(&app, &reference).await?;
    let action = CaseAction::from_name(&wanted.action).ok_or(WebError::NotFound)?;
    let done = open::change_action(&app, &staff, &case, action).await;
    redirect_with_message(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn identify_person(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(whom): Form<IdentifyPersonForm>,
) -> HandlerResult {
    let case = load_case(&app, &reference).await?;
    let done = match super::list::resolve_person(&app, &whom.person).await? {
        Some(object) => open::identify_person(&app, &staff, &case, object).await,
        None => Err(CaseRefusal::PersonUnknown.into()),
    };
    redirect_with_message(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn verify_caller(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(by): Form<VerifyForm>,
) -> HandlerResult {
    let case = load_case(&app, &reference).await?;
    let method = VerificationMethod::from_name(&by.method).ok_or(WebError::NotFound)?;
    let done = if method.is_witnessed() {
        verify::request_verification(&app, &staff, &case, method).await
    } else {
        verify::record_attestation(&app, &staff, &case, method).await
    };
    redirect_with_message(&app, &staff, &case, done).await
}

/// Responds to an execution: shows a pass on its own page, otherwise redirects to the case page with a code.
pub(super) async fn respond_with_result(
    app: &AppState,
    frame: PageContext,
    staff: &StaffMember<WorkCases>,
    case: &HelpdeskCase,
    given: ExecutionResult,
) -> HandlerResult {
    match given {
        ExecutionResult::Pass(pass) => {
            let back = format!("/helpdesk/cases/{}", case.reference);
            Ok(super::answer::render_pass(with_staff_navigation(frame, &staff.login), &case.name, &pass, back))
        }
        ExecutionResult::Done(code) => redirect_with_message(app, staff, case, Ok(code)).await,
        // Only an agent's own token gets a claims challenge, and `agent_sign_in` handles that case.
        ExecutionResult::StepUpRequired { .. } => {
            redirect_with_message(app, staff, case, Err(CaseRefusal::NotPossible.into())).await
        }
    }
}

pub(in crate::helpdesk) async fn execute_action(
    State(app): State<AppState>,
    (frame, session): (PageContext, Session),
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(shown): Form<ExecuteForm>,
) -> HandlerResult {
    let case = load_case(&app, &reference).await?;
    if own::needs_agent_token(&app, case.action, shown.to == "me") {
        return match own::redirect_to_sign_in(&app, &session, &staff, &case, shown.to == "me").await {
            Ok(away) => Ok(away.into_response()),
            Err(stop) => redirect_with_message(&app, &staff, &case, Err(stop)).await,
        };
    }
    let work = {
        let (app, case) = (app.clone(), case.clone());
        let to_agent = shown.to == "me";
        async move {
            let outcome = decide::execute_action(&app, &staff, &case, to_agent, ActingIdentity::Operator).await;
            (staff, outcome)
        }
    };
    // Runs as a background task of the process: it completes even if the browser disconnects.
    let (staff, outcome) = app.background_tasks.spawn(work).await.map_err(|error| WebError::internal(&error))?;
    match outcome {
        Ok(done) => respond_with_result(&app, frame, &staff, &case, done).await,
        Err(stop) => redirect_with_message(&app, &staff, &case, Err(stop)).await,
    }
}
