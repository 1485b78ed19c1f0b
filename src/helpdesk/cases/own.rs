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

use axum::response::{IntoResponse as _, Redirect, Response};
use tower_sessions::Session;

use super::actions::{redirect_with_message, respond_with_result};
use super::carry::{ExecutionContext, apply_at_microsoft};
use super::decide::{self, ExecutionResult};
use super::rules::CaseAction;
use super::store::{self, HelpdeskCase};
use super::{CaseError, CaseRefusal, load_case, lock_open_case};
use crate::config::ActAs;
use crate::entra::ActingIdentity;
use crate::signin::{PendingAction, ResumedAction, StaffMember, WorkCases, begin_agent_action};
use crate::state::AppState;
use crate::web::WebError;

/// Stored detail of an execution that waits until its agent has signed in again.
pub(super) const SIGN_IN_DETAIL: &str = "sign-in";

/// Returns whether an action uses the agent's own permission.
///
/// A pass for the manager never does: it is created when the manager takes it, without an agent's session.
pub(super) fn needs_agent_token(app: &AppState, action: CaseAction, to_agent: bool) -> bool {
    app.config.helpdesk.act_as == ActAs::Agent
        && (action == CaseAction::RevokeSessions || (action == CaseAction::IssuePass && to_agent))
}

/// Redirects the agent to Entra. Every check that can refuse the action runs before the redirect.
pub(super) async fn redirect_to_sign_in(
    app: &AppState,
    session: &Session,
    staff: &StaffMember<WorkCases>,
    case: &HelpdeskCase,
    to_agent: bool,
) -> Result<Redirect, CaseError> {
    decide::prepare_execution(app, staff, case, to_agent).await?.check_sufficient()?;
    let (reference, action) = (case.reference.to_string(), case.action.as_str().to_owned());
    let acting = PendingAction { case: reference, agent: staff.login.key, action, to_agent, row: None };
    Ok(begin_agent_action(app, session, acting, None, &staff.login.upn).await?)
}

/// Handles the return from Entra: executes or resumes the action, or redirects once more for a claims challenge.
pub(crate) fn handle_agent_return(
    app: AppState,
    turn: ResumedAction,
) -> Pin<Box<dyn Future<Output = Result<Response, WebError>> + Send>> {
    Box::pin(async move {
        let case = load_case(&app, &turn.pending.case).await?;
        let (session, frame) = (turn.session.clone(), turn.ctx.clone());
        let work = {
            let (app, case) = (app.clone(), case.clone());
            async move {
                let outcome = resume_execution(&app, &turn, &case).await;
                (turn, outcome)
            }
        };
        // Runs as a background task, like every execution: it completes even if the browser disconnects.
        let (turn, outcome) = app.background_tasks.spawn(work).await.map_err(|error| WebError::internal(&error))?;
        let ResumedAction { staff, pending: acting, .. } = turn;
        match outcome {
            Ok(ExecutionResult::StepUpRequired { execution_id: row, challenge }) => {
                let again = PendingAction { row: Some(row), ..acting };
                let away = begin_agent_action(&app, &session, again, Some(challenge), &staff.login.upn).await?;
                Ok(away.into_response())
            }
            Ok(done) => respond_with_result(&app, frame, &staff, &case, done).await,
            Err(stop) => redirect_with_message(&app, &staff, &case, Err(stop)).await,
        }
    })
}

async fn resume_execution(
    app: &AppState,
    turn: &ResumedAction,
    case: &HelpdeskCase,
) -> Result<ExecutionResult, CaseError> {
    let hand = ActingIdentity::Agent(&turn.token);
    let action = CaseAction::from_name(&turn.pending.action).ok_or(CaseRefusal::Expired)?;
    let Some(row) = &turn.pending.row else {
        // The case's action changed after the agent submitted the form, so the new action was not requested.
        if case.action != action {
            return Err(CaseRefusal::Expired.into());
        }
        return decide::execute_action(app, &turn.staff, case, turn.pending.to_agent, hand).await;
    };
    // Resumes an execution that began with another token. This happens once, and only while the case is open.
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    if !store::set_execution_status(transaction.tx(), row, ("waiting", "begun"), "", app.now()).await? {
        return Err(CaseRefusal::Expired.into());
    }
    transaction.commit().await?;
    let person = held.person.ok_or(CaseRefusal::PersonUnknown)?;
    // Executes the action of this execution, not the case's current action.
    let held = HelpdeskCase { action, ..held };
    let work =
        ExecutionContext { actor: turn.staff.audit_actor(), execution_id: row, case: &held, person, identity: hand };
    match apply_at_microsoft(app, &work).await? {
        // Allows one step-up sign-in, because repeated claims challenges could loop without end.
        ExecutionResult::StepUpRequired { execution_id: row, .. } => {
            let detail = "Microsoft asked for another sign-in again";
            super::carry::record_status(app, turn.staff.audit_actor(), (&row, &held), ("waiting", "failed"), detail)
                .await?;
            Err(CaseRefusal::StepUpRepeated.into())
        }
        done => Ok(done),
    }
}
