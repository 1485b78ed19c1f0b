//! Handlers of other modules that complete a sign-in. They are parameters of the router, because this module does not
//! depend on cases and administration.

use std::future::Future;
use std::pin::Pin;

use axum::response::Response;
use tower_sessions::Session;

use super::attempt::PendingAction;
use super::permissions::WorkCases;
use super::staff::StaffMember;
use crate::base::PersonKey;
use crate::entra::{AgentToken, AuthorizedSignIn};
use crate::state::AppState;
use crate::web::{PageContext, WebError};

/// Response of a handler, as a type that function pointers can return.
pub(crate) type HandlerFuture = Pin<Box<dyn Future<Output = Result<Response, WebError>> + Send>>;

/// Agent who has returned from Entra, with the pending action and the token for it.
pub(crate) struct ResumedAction {
    pub(crate) staff: StaffMember<WorkCases>,
    pub(crate) session: Session,
    pub(crate) ctx: PageContext,
    pub(crate) pending: PendingAction,
    pub(crate) token: AgentToken,
}

/// Sign-in of the account that an administrator wants to link as operator.
pub(crate) struct OperatorSignIn {
    /// The administrator, whose staff session is still valid.
    pub(crate) admin: PersonKey,
    /// Id of the administrator's session.
    pub(crate) session: String,
    pub(crate) account: AuthorizedSignIn,
}

/// Handlers that the callback calls after it has accepted a sign-in.
#[derive(Clone, Copy)]
pub(crate) struct CallbackHandlers {
    /// Executes a case action when an agent returns with a token of their own.
    pub(crate) resume_action: fn(AppState, ResumedAction) -> HandlerFuture,
    /// Stores the account that signed in as candidate for the operator.
    pub(crate) propose_operator: fn(AppState, OperatorSignIn) -> HandlerFuture,
}
