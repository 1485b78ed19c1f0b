//! Responses to the forms on the case page.

use axum::response::{IntoResponse as _, Redirect, Response};

use crate::account::render_pass;
use crate::cases::{CaseError, CaseRefusal, CaseResult, ExecutionResult, HelpdeskCase, StaffActor, record_refusal};
use crate::signin::{StaffMember, WorkCases, with_staff_navigation};
use crate::state::AppState;
use crate::web::{PageContext, WebError};

/// Result of a form handler on the case page.
pub(in crate::helpdesk) type CaseResponse = Result<Response, WebError>;

/// Returns the actor for case operations.
pub(super) fn case_actor<P>(staff: &StaffMember<P>) -> StaffActor {
    StaffActor { key: staff.login.key, name: staff.login.name.clone() }
}

/// Redirects to the case page with the result code. Records a refusal in the audit log.
pub(super) async fn redirect_with_message(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    done: CaseResult,
) -> CaseResponse {
    let code = match done {
        Ok(outcome) => outcome.as_str().to_owned(),
        Err(CaseError::Refused(refusal)) => {
            record_refusal(app, staff, case, refusal).await?;
            refusal.as_str().to_lowercase()
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Redirect::to(&format!("/helpdesk/cases/{}?said={code}", case.reference)).into_response())
}

/// Responds to an execution: shows a pass on its own page, otherwise redirects to the case page with a code.
pub(super) async fn respond_with_result(
    app: &AppState,
    frame: PageContext,
    staff: &StaffMember<WorkCases>,
    case: &HelpdeskCase,
    result: Result<ExecutionResult, CaseError>,
) -> CaseResponse {
    let done = match result {
        Ok(ExecutionResult::Pass(pass)) => {
            let back = format!("/helpdesk/cases/{}", case.reference);
            return Ok(render_pass(with_staff_navigation(frame, &staff.login), &case.name, &pass, back));
        }
        Ok(ExecutionResult::Done(outcome)) => Ok(outcome),
        // Only an agent's own token gets a claims challenge, and `agent_sign_in` handles that case.
        Ok(ExecutionResult::StepUpRequired { .. }) => Err(CaseRefusal::NotPossible.into()),
        Err(error) => Err(error),
    };
    redirect_with_message(app, &case_actor(staff), case, done).await
}
