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

use super::carry::{Work, at_microsoft};
use super::decide::{self, Given};
use super::press::{back, given};
use super::rules::Action;
use super::store::{self, Case};
use super::{Refused, Stop, find, hold};
use crate::config::ActAs;
use crate::entra::Hand;
use crate::signin::{Acting, Assist, Staff, Turn, begin_acting};
use crate::state::App;
use crate::web::Error;

/// Stored detail of an execution that waits until its agent has signed in again.
pub(super) const SIGN_IN: &str = "sign-in";

/// Returns whether an action uses the agent's own permission.
///
/// A pass for the manager never does: it is created when the manager takes it, without an agent's session.
pub(super) fn wanted(app: &App, action: Action, to_agent: bool) -> bool {
    app.config.helpdesk.act_as == ActAs::Agent && (action == Action::Revoke || (action == Action::Pass && to_agent))
}

/// Redirects the agent to Entra. Every check that can refuse the action runs before the redirect.
pub(super) async fn leave(
    app: &App,
    session: &Session,
    staff: &Staff<Assist>,
    case: &Case,
    to_agent: bool,
) -> Result<Redirect, Stop> {
    decide::prepare(app, staff, case, to_agent).await?.enough()?;
    let (reference, action) = (case.reference.to_string(), case.action.name().to_owned());
    let acting = Acting { case: reference, agent: staff.login.key, action, to_agent, row: None };
    Ok(begin_acting(app, session, acting, None, &staff.login.upn).await?)
}

/// Handles the return from Entra: executes or resumes the action, or redirects once more for a claims challenge.
pub(crate) fn carry_out(app: App, turn: Turn) -> Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>> {
    Box::pin(async move {
        let case = find(&app, &turn.acting.case).await?;
        let (session, frame) = (turn.session.clone(), turn.frame.clone());
        let work = {
            let (app, case) = (app.clone(), case.clone());
            async move {
                let outcome = go_on(&app, &turn, &case).await;
                (turn, outcome)
            }
        };
        // Runs as a background task, like every execution: it completes even if the browser disconnects.
        let (turn, outcome) = app.tasks.spawn(work).await.map_err(|error| Error::internal(&error))?;
        let Turn { staff, acting, .. } = turn;
        match outcome {
            Ok(Given::Challenged { row, challenge }) => {
                let again = Acting { row: Some(row), ..acting };
                let away = begin_acting(&app, &session, again, Some(challenge), &staff.login.upn).await?;
                Ok(away.into_response())
            }
            Ok(done) => given(&app, frame, &staff, &case, done).await,
            Err(stop) => back(&app, &staff, &case, Err(stop)).await,
        }
    })
}

async fn go_on(app: &App, turn: &Turn, case: &Case) -> Result<Given, Stop> {
    let hand = Hand::Agent(&turn.token);
    let action = Action::read(&turn.acting.action).ok_or(Refused::Expired)?;
    let Some(row) = &turn.acting.row else {
        // The case's action changed after the agent submitted the form, so the new action was not requested.
        if case.action != action {
            return Err(Refused::Expired.into());
        }
        return decide::act(app, &turn.staff, case, turn.acting.to_agent, hand).await;
    };
    // Resumes an execution that began with another token. This happens once, and only while the case is open.
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    if !store::end(ledger.tx(), row, ("waiting", "begun"), "", app.now()).await? {
        return Err(Refused::Expired.into());
    }
    ledger.commit().await?;
    let person = held.person.ok_or(Refused::Nobody)?;
    // Executes the action of this execution, not the case's current action.
    let held = Case { action, ..held };
    let work = Work { actor: turn.staff.actor(), id: row, case: &held, person, hand };
    match at_microsoft(app, &work).await? {
        // Allows one step-up sign-in, because repeated claims challenges could loop without end.
        Given::Challenged { row, .. } => {
            let detail = "Microsoft asked for another sign-in again";
            super::carry::end(app, turn.staff.actor(), (&row, &held), ("waiting", "failed"), detail).await?;
            Err(Refused::AgainAsked.into())
        }
        done => Ok(done),
    }
}
