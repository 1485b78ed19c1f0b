//! An agent acts with their own permission at Microsoft: they sign in once more, and what they wanted is done with the token that
//! comes of it, in the same request. The token is kept nowhere.

use std::future::Future;
use std::pin::Pin;

use axum::extract::FromRequestParts as _;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::callback::refuse;
use super::refusals::SignInRefused;
use super::staff::{Assist, Staff};
use crate::base::PersonKey;
use crate::entra::{AgentToken, Authorized};
use crate::state::App;
use crate::web::{Error, Frame};

/// What is to be done once they are back. Sealed in the attempt.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Acting {
    /// The reference of the case.
    pub(crate) case: String,
    pub(crate) agent: PersonKey,
    /// What was pressed. The case may be for something else when they come back.
    pub(crate) action: String,
    /// A pass is shown to the agent.
    pub(crate) to_agent: bool,
    /// Begun already, until Microsoft asked for more: this goes on.
    pub(crate) row: Option<String>,
}

/// An agent who is back, and what they came for.
pub(crate) struct Turn {
    pub(crate) staff: Staff<Assist>,
    pub(crate) session: Session,
    pub(crate) frame: Frame,
    pub(crate) acting: Acting,
    pub(crate) token: AgentToken,
}

/// Who does it: the feature that sent them away, which this folder does not know.
pub(crate) type CarryOut = fn(App, Turn) -> Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// Back from Entra: whoever was sent, still at work, from where staff may work.
pub(super) async fn returned(
    app: App,
    session: Session,
    mut parts: Parts,
    (acting, who): (Option<Acting>, Authorized),
    carry_out: CarryOut,
) -> Result<Response, Error> {
    let acting = acting.ok_or(SignInRefused::Attempt)?;
    if who.identity.key != acting.agent {
        return refuse(&app, SignInRefused::SomebodyElse, Some(&who.identity), None).await;
    }
    let staff = match Staff::<Assist>::from_request_parts(&mut parts, &app).await {
        Ok(staff) => staff,
        Err(answer) => return Ok(answer),
    };
    if staff.login.key != acting.agent {
        return refuse(&app, SignInRefused::SomebodyElse, Some(&who.identity), None).await;
    }
    let frame = match Frame::from_request_parts(&mut parts, &app).await {
        Ok(frame) => frame,
        Err(answer) => return Ok(answer.into_response()),
    };
    carry_out(app, Turn { staff, session, frame, acting, token: who.into() }).await
}
