//! Resumes a case action that an agent carries out with their own Microsoft permission.
//!
//! The agent signs in again, and the callback request executes the pending action with the new token.
//!
//! - The token is never stored.
//! - The agent who returns must be the one who left, and still have a staff session on a staff network.

use std::future::Future;
use std::pin::Pin;

use axum::extract::FromRequestParts as _;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::callback::refuse_sign_in;
use super::refusals::SignInRefusal;
use super::staff::{StaffMember, WorkCases};
use crate::base::PersonKey;
use crate::entra::{AgentToken, AuthorizedSignIn};
use crate::state::AppState;
use crate::web::{PageContext, WebError};

/// Action to execute when the agent returns. Stored sealed in the sign-in attempt as JSON, so the field names are part
/// of the format.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PendingAction {
    /// The reference of the case.
    pub(crate) case: String,
    pub(crate) agent: PersonKey,
    /// Action that the agent started. The case can have another action when the agent returns.
    pub(crate) action: String,
    /// Whether the agent sees the Temporary Access Pass.
    pub(crate) to_agent: bool,
    /// Id of an execution that has started and stopped at a claims challenge. The new token continues it.
    pub(crate) row: Option<String>,
}

/// Agent who has returned from Entra, with the pending action and the token for it.
pub(crate) struct ResumedAction {
    pub(crate) staff: StaffMember<WorkCases>,
    pub(crate) session: Session,
    pub(crate) ctx: PageContext,
    pub(crate) pending: PendingAction,
    pub(crate) token: AgentToken,
}

/// Handler that executes the resumed action. A parameter, because this module does not depend on cases.
pub(crate) type ActionHandler =
    fn(AppState, ResumedAction) -> Pin<Box<dyn Future<Output = Result<Response, WebError>> + Send>>;

/// Checks that the same agent has returned with a valid staff session, and calls the action handler.
pub(super) async fn resume_action(
    app: AppState,
    session: Session,
    mut parts: Parts,
    (acting, who): (Option<PendingAction>, AuthorizedSignIn),
    action_handler: ActionHandler,
) -> Result<Response, WebError> {
    let acting = acting.ok_or(SignInRefusal::NoAttempt)?;
    if who.identity.key != acting.agent {
        return refuse_sign_in(&app, SignInRefusal::DifferentPerson, Some(&who.identity), None).await;
    }
    let staff = match StaffMember::<WorkCases>::from_request_parts(&mut parts, &app).await {
        Ok(staff) => staff,
        Err(answer) => return Ok(answer),
    };
    if staff.login.key != acting.agent {
        return refuse_sign_in(&app, SignInRefusal::DifferentPerson, Some(&who.identity), None).await;
    }
    let frame = match PageContext::from_request_parts(&mut parts, &app).await {
        Ok(frame) => frame,
        Err(answer) => return Ok(answer.into_response()),
    };
    action_handler(app, ResumedAction { staff, session, ctx: frame, pending: acting, token: who.into() }).await
}
