//! Resumes a case action that an agent carries out with their own Microsoft permission.
//!
//! The agent signs in again, and the callback request executes the pending action with the new token.
//!
//! - The token is never stored.
//! - The agent who returns must be the one who left, and still have a staff session on a staff network.

use axum::extract::FromRequestParts as _;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use tower_sessions::Session;

use super::attempt::PendingAction;
use super::handlers::{CallbackHandlers, ResumedAction};
use super::permissions::WorkCases;
use super::refusals::{SignInRefusal, refuse_sign_in};
use super::staff::StaffMember;
use crate::entra::AuthorizedSignIn;
use crate::state::AppState;
use crate::web::{PageContext, WebError};

/// Callback request of an agent's sign-in.
pub(super) struct AgentReturn {
    pub(super) session: Session,
    pub(super) parts: Parts,
    pub(super) pending: PendingAction,
    pub(super) who: AuthorizedSignIn,
}

/// Checks that the same agent has returned with a valid staff session, and calls the action handler.
pub(super) async fn resume_action(
    app: AppState,
    returned: AgentReturn,
    handlers: CallbackHandlers,
) -> Result<Response, WebError> {
    let AgentReturn { session, mut parts, pending, who } = returned;
    if who.identity.key != pending.agent {
        return refuse_sign_in(&app, SignInRefusal::DifferentPerson, Some(&who.identity), None).await;
    }
    let staff = match StaffMember::<WorkCases>::from_request_parts(&mut parts, &app).await {
        Ok(staff) => staff,
        Err(answer) => return Ok(answer),
    };
    if staff.login.key != pending.agent {
        return refuse_sign_in(&app, SignInRefusal::DifferentPerson, Some(&who.identity), None).await;
    }
    let ctx = match PageContext::from_request_parts(&mut parts, &app).await {
        Ok(ctx) => ctx,
        Err(answer) => return Ok(answer.into_response()),
    };
    (handlers.resume_action)(app, ResumedAction { staff, session, ctx, pending, token: who.into() }).await
}
