//! Request and response of the forms on the case page.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::account::render_pass;
use crate::cases::{
    CaseError, CaseRefusal, CaseResult, ExecutionResult, HelpdeskCase, StaffActor, load_case, record_refusal,
};
use crate::signin::{StaffMember, StaffPermission, WorkCases, with_staff_navigation};
use crate::state::AppState;
use crate::web::{PageContext, WebError};

/// Result of a form handler on the case page.
pub(in crate::helpdesk) type CaseResponse = Result<Response, WebError>;

/// Returns the actor for case operations.
pub(super) fn case_actor<P>(staff: &StaffMember<P>) -> StaffActor {
    StaffActor { key: staff.login.key, name: staff.login.name.clone() }
}

/// Request of a member of staff about the case in the path.
pub(in crate::helpdesk) struct CaseRequest<P> {
    pub(super) app: AppState,
    pub(super) staff: StaffMember<P>,
    pub(super) actor: StaffActor,
    pub(super) case: HelpdeskCase,
}

impl<P: StaffPermission> FromRequestParts<AppState> for CaseRequest<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Response> {
        let staff = StaffMember::from_request_parts(parts, app).await?;
        let path = Path::<String>::from_request_parts(parts, app).await;
        let Path(reference) = path.map_err(axum::response::IntoResponse::into_response)?;
        let case = load_case(app, &reference).await.map_err(|error| WebError::from(error).into_response())?;
        Ok(Self { app: app.clone(), actor: case_actor(&staff), staff, case })
    }
}

impl<P> CaseRequest<P> {
    /// Redirects to the case page, which shows the decision that was read beside the one that waits now.
    pub(super) async fn redirect_to_review(&self, decision: &str) -> CaseResponse {
        record_refusal(&self.app, &self.actor, &self.case, CaseRefusal::Changed).await?;
        // The id comes from the form: only its characters of a UUID go into the address.
        let id: String = decision.chars().filter(|c| c.is_ascii_hexdigit() || *c == '-').take(36).collect();
        let at = format!("/helpdesk/cases/{}?said=c-changed&read={id}", self.case.reference);
        Ok(Redirect::to(&at).into_response())
    }

    /// Redirects to the case page with the result code. Records a refusal in the audit log.
    pub(super) async fn redirect(&self, done: CaseResult) -> CaseResponse {
        redirect_with_message(&self.app, &self.actor, &self.case, done).await
    }
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
    ctx: PageContext,
    staff: &StaffMember<WorkCases>,
    case: &HelpdeskCase,
    result: Result<ExecutionResult, CaseError>,
) -> CaseResponse {
    let done = match result {
        Ok(ExecutionResult::Pass(pass)) => {
            let back = format!("/helpdesk/cases/{}", case.reference);
            return Ok(render_pass(with_staff_navigation(ctx, &staff.login), &case.name, &pass, back));
        }
        Ok(ExecutionResult::Done(outcome)) => Ok(outcome),
        // Only an agent's own token gets a claims challenge, and `agent_sign_in` handles that case.
        Ok(ExecutionResult::StepUpRequired { .. }) => Err(CaseRefusal::NotPossible.into()),
        Err(error) => Err(error),
    };
    redirect_with_message(app, &case_actor(staff), case, done).await
}
