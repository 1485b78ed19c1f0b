//! Handlers of the forms on the case page. Each one redirects back to the page with a result code.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use tower_sessions::Session;

use super::decide::{self, ExecutionResult};
use super::rules::{CaseAction, VerificationMethod};
use super::store::HelpdeskCase;
use super::{CaseError, CaseRefusal, CaseResult, find, open, own, refused, verify};
use crate::entra::ActingIdentity;
use crate::signin::{ApproveActions, StaffMember, StaffPermission, WorkCases, at_work};
use crate::state::AppState;
use crate::web::{PageContext, WebError};

/// Redirects to the case page with the result code. Records a refusal in the audit log.
pub(super) async fn back<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    done: CaseResult,
) -> Result<Response, WebError> {
    let code = match done {
        Ok(code) => code.to_owned(),
        Err(CaseError::Refused(refusal)) => {
            refused(app, staff, case, refusal).await?;
            refusal.code().to_lowercase()
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

pub(in crate::helpdesk) async fn take(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
) -> HandlerResult {
    let case = find(&app, &reference).await?;
    let done = open::take(&app, &staff, &case).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn close(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
) -> HandlerResult {
    let case = find(&app, &reference).await?;
    let done = open::close(&app, &staff, &case).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn freeze(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
) -> HandlerResult {
    let case = find(&app, &reference).await?;
    let done = decide::freeze(&app, &staff, &case).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn second(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
) -> HandlerResult {
    let case = find(&app, &reference).await?;
    let done = decide::ask_approval(&app, &staff, &case).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn approve(
    State(app): State<AppState>,
    staff: StaffMember<ApproveActions>,
    Path(reference): Path<String>,
) -> HandlerResult {
    let case = find(&app, &reference).await?;
    let done = decide::approve(&app, &staff, &case).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn ticket(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(typed): Form<CaseTextForm>,
) -> HandlerResult {
    let case = find(&app, &reference).await?;
    let done = open::ticket(&app, &staff, &case, &typed.text).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn note(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(typed): Form<CaseTextForm>,
) -> HandlerResult {
    let case = find(&app, &reference).await?;
    let done = open::note(&app, &staff, &case, &typed.text).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn by_override(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(typed): Form<CaseTextForm>,
) -> HandlerResult {
    let case = find(&app, &reference).await?;
    let done = decide::ask_override(&app, &staff, &case, &typed.text).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn aim(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(wanted): Form<ChangeActionForm>,
) -> HandlerResult {
    let case = find(&app, &reference).await?;
    let action = CaseAction::read(&wanted.action).ok_or(WebError::NotFound)?;
    let done = open::aim(&app, &staff, &case, action).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn name(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(whom): Form<IdentifyPersonForm>,
) -> HandlerResult {
    let case = find(&app, &reference).await?;
    let done = match super::list::whom(&app, &whom.person).await? {
        Some(object) => open::name(&app, &staff, &case, object).await,
        None => Err(CaseRefusal::Nobody.into()),
    };
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn ask(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(by): Form<VerifyForm>,
) -> HandlerResult {
    let case = find(&app, &reference).await?;
    let method = VerificationMethod::read(&by.method).ok_or(WebError::NotFound)?;
    let done = if method.witnessed() {
        verify::ask(&app, &staff, &case, method).await
    } else {
        verify::attest(&app, &staff, &case, method).await
    };
    back(&app, &staff, &case, done).await
}

/// Responds to an execution: shows a pass on its own page, otherwise redirects to the case page with a code.
pub(super) async fn given(
    app: &AppState,
    frame: PageContext,
    staff: &StaffMember<WorkCases>,
    case: &HelpdeskCase,
    given: ExecutionResult,
) -> HandlerResult {
    match given {
        ExecutionResult::Pass(pass) => {
            let back = format!("/helpdesk/cases/{}", case.reference);
            Ok(super::answer::pass_page(at_work(frame, &staff.login), &case.name, &pass, back))
        }
        ExecutionResult::Done(code) => back(app, staff, case, Ok(code)).await,
        // Only an agent's own token gets a claims challenge, and `agent_sign_in` handles that case.
        ExecutionResult::Challenged { .. } => back(app, staff, case, Err(CaseRefusal::NotPossible.into())).await,
    }
}

pub(in crate::helpdesk) async fn act(
    State(app): State<AppState>,
    (frame, session): (PageContext, Session),
    staff: StaffMember<WorkCases>,
    Path(reference): Path<String>,
    Form(shown): Form<ExecuteForm>,
) -> HandlerResult {
    let case = find(&app, &reference).await?;
    if own::wanted(&app, case.action, shown.to == "me") {
        return match own::leave(&app, &session, &staff, &case, shown.to == "me").await {
            Ok(away) => Ok(away.into_response()),
            Err(stop) => back(&app, &staff, &case, Err(stop)).await,
        };
    }
    let work = {
        let (app, case) = (app.clone(), case.clone());
        let to_agent = shown.to == "me";
        async move {
            let outcome = decide::act(&app, &staff, &case, to_agent, ActingIdentity::Operator).await;
            (staff, outcome)
        }
    };
    // Runs as a background task of the process: it completes even if the browser disconnects.
    let (staff, outcome) = app.tasks.spawn(work).await.map_err(|error| WebError::internal(&error))?;
    match outcome {
        Ok(done) => given(&app, frame, &staff, &case, done).await,
        Err(stop) => back(&app, &staff, &case, Err(stop)).await,
    }
}
