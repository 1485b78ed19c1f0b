//! Executes case actions with the agent's own permission at Microsoft (`helpdesk.act_as = "agent"`).
//!
//! The directory audit log then names the agent. The agent is redirected to sign in again, and the action is executed
//! with the token of that sign-in. If Microsoft answers with a claims challenge, the agent signs in once more, and the
//! same execution resumes.
//!
//! - The token is never stored.
//! - An execution allows one step-up sign-in.

use std::future::Future;
use std::pin::Pin;

use axum::response::{IntoResponse as _, Response};
use tower_sessions::Session;

use super::response::{CaseResponse, case_actor, redirect_with_message, respond_with_result};
use crate::cases::{
    self, CaseAction, CaseError, CaseRefusal, ExecutionResult, HelpdeskCase, PassViewer, SeenStatus, load_case,
    prepare_execution,
};
use crate::entra::ActingIdentity;
use crate::signin::{PendingAction, ResumedAction, StaffMember, WorkCases, begin_agent_action};
use crate::state::AppState;
use crate::web::WebError;

/// Redirects the agent to Entra. Every check that can refuse the action runs before the redirect.
pub(super) async fn redirect_to_sign_in(
    app: &AppState,
    session: &Session,
    staff: &StaffMember<WorkCases>,
    case: &HelpdeskCase,
    seen: &SeenStatus<'_>,
) -> CaseResponse {
    let actor = case_actor(staff);
    let prepared = prepare_execution(app, &actor, case, seen.viewer).await;
    if let Err(error) = prepared.and_then(|prepared| prepared.check_sufficient(case, seen)) {
        return redirect_with_message(app, &actor, case, Err(error)).await;
    }
    let pending = PendingAction {
        case: case.reference.to_string(),
        agent: staff.login.key,
        action: case.action.as_str().to_owned(),
        to_agent: seen.viewer == PassViewer::Agent,
        row: None,
        seen: seen.digest.to_owned(),
    };
    Ok(begin_agent_action(app, session, pending, None, &staff.login.upn).await?.into_response())
}

/// Handles the return from Entra: executes or resumes the action, or redirects once more for a claims challenge.
pub(crate) fn handle_agent_return(
    app: AppState,
    turn: ResumedAction,
) -> Pin<Box<dyn Future<Output = Result<Response, WebError>> + Send>> {
    Box::pin(async move {
        let case = load_case(&app, &turn.pending.case).await?;
        let (session, ctx) = (turn.session.clone(), turn.ctx.clone());
        let work = {
            let (app, case) = (app.clone(), case.clone());
            async move {
                let result = execute_or_resume(&app, &turn, &case).await;
                (turn, result)
            }
        };
        // Runs as a background task, like every execution: it completes even if the browser disconnects.
        let (turn, result) = app.background_tasks.spawn(work).await.map_err(|error| WebError::internal(&error))?;
        let ResumedAction { staff, pending, .. } = turn;
        match result {
            Ok(ExecutionResult::StepUpRequired { execution_id, challenge }) => {
                let again = PendingAction { row: Some(execution_id), ..pending };
                let away = begin_agent_action(&app, &session, again, Some(challenge), &staff.login.upn).await?;
                Ok(away.into_response())
            }
            result => respond_with_result(&app, ctx, &staff, &case, result).await,
        }
    })
}

/// Executes the action with the agent's token, or resumes an execution that stopped at a claims challenge.
async fn execute_or_resume(
    app: &AppState,
    turn: &ResumedAction,
    case: &HelpdeskCase,
) -> Result<ExecutionResult, CaseError> {
    let (actor, identity) = (case_actor(&turn.staff), ActingIdentity::Agent(&turn.token));
    let action = CaseAction::from_name(&turn.pending.action).ok_or(CaseRefusal::Expired)?;
    match &turn.pending.row {
        Some(execution_id) => cases::resume_execution(app, &actor, case, execution_id, action, identity).await,
        // The case's action changed after the agent submitted the form, so the new action was not requested.
        None if case.action != action => Err(CaseRefusal::Expired.into()),
        None => {
            let viewer = if turn.pending.to_agent { PassViewer::Agent } else { PassViewer::Manager };
            let seen = SeenStatus { viewer, digest: &turn.pending.seen };
            cases::execute_action(app, &actor, case, &seen, identity).await
        }
    }
}
