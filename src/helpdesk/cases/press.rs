//! Handlers of the forms on the case page. Each one redirects back to the page with a result code.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use tower_sessions::Session;

use super::decide::{self, Given};
use super::rules::{Action, Method};
use super::store::Case;
use super::{Done, Refused, Stop, find, open, own, refused, verify};
use crate::entra::Hand;
use crate::signin::{Approve, Assist, Permission, Staff, at_work};
use crate::state::App;
use crate::web::{Error, Frame};

/// Redirects to the case page with the result code. Records a refusal in the audit log.
pub(super) async fn back<P: Permission>(
    app: &App,
    staff: &Staff<P>,
    case: &Case,
    done: Done,
) -> Result<Response, Error> {
    let code = match done {
        Ok(code) => code.to_owned(),
        Err(Stop::Refused(refusal)) => {
            refused(app, staff, case, refusal).await?;
            refusal.code().to_lowercase()
        }
        Err(Stop::Failed(error)) => return Err(error),
    };
    Ok(Redirect::to(&format!("/helpdesk/cases/{}?said={code}", case.reference)).into_response())
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct Text {
    text: String,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct By {
    method: String,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct For {
    action: String,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct Whom {
    person: String,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct Shown {
    #[serde(default)]
    to: String,
}

pub(in crate::helpdesk) type Pressed = Result<Response, Error>;

pub(in crate::helpdesk) async fn take(
    State(app): State<App>,
    staff: Staff<Assist>,
    Path(reference): Path<String>,
) -> Pressed {
    let case = find(&app, &reference).await?;
    let done = open::take(&app, &staff, &case).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn close(
    State(app): State<App>,
    staff: Staff<Assist>,
    Path(reference): Path<String>,
) -> Pressed {
    let case = find(&app, &reference).await?;
    let done = open::close(&app, &staff, &case).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn freeze(
    State(app): State<App>,
    staff: Staff<Assist>,
    Path(reference): Path<String>,
) -> Pressed {
    let case = find(&app, &reference).await?;
    let done = decide::freeze(&app, &staff, &case).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn second(
    State(app): State<App>,
    staff: Staff<Assist>,
    Path(reference): Path<String>,
) -> Pressed {
    let case = find(&app, &reference).await?;
    let done = decide::ask_approval(&app, &staff, &case).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn approve(
    State(app): State<App>,
    staff: Staff<Approve>,
    Path(reference): Path<String>,
) -> Pressed {
    let case = find(&app, &reference).await?;
    let done = decide::approve(&app, &staff, &case).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn ticket(
    State(app): State<App>,
    staff: Staff<Assist>,
    Path(reference): Path<String>,
    Form(typed): Form<Text>,
) -> Pressed {
    let case = find(&app, &reference).await?;
    let done = open::ticket(&app, &staff, &case, &typed.text).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn note(
    State(app): State<App>,
    staff: Staff<Assist>,
    Path(reference): Path<String>,
    Form(typed): Form<Text>,
) -> Pressed {
    let case = find(&app, &reference).await?;
    let done = open::note(&app, &staff, &case, &typed.text).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn by_override(
    State(app): State<App>,
    staff: Staff<Assist>,
    Path(reference): Path<String>,
    Form(typed): Form<Text>,
) -> Pressed {
    let case = find(&app, &reference).await?;
    let done = decide::ask_override(&app, &staff, &case, &typed.text).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn aim(
    State(app): State<App>,
    staff: Staff<Assist>,
    Path(reference): Path<String>,
    Form(wanted): Form<For>,
) -> Pressed {
    let case = find(&app, &reference).await?;
    let action = Action::read(&wanted.action).ok_or(Error::NotFound)?;
    let done = open::aim(&app, &staff, &case, action).await;
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn name(
    State(app): State<App>,
    staff: Staff<Assist>,
    Path(reference): Path<String>,
    Form(whom): Form<Whom>,
) -> Pressed {
    let case = find(&app, &reference).await?;
    let done = match super::list::whom(&app, &whom.person).await? {
        Some(object) => open::name(&app, &staff, &case, object).await,
        None => Err(Refused::Nobody.into()),
    };
    back(&app, &staff, &case, done).await
}

pub(in crate::helpdesk) async fn ask(
    State(app): State<App>,
    staff: Staff<Assist>,
    Path(reference): Path<String>,
    Form(by): Form<By>,
) -> Pressed {
    let case = find(&app, &reference).await?;
    let method = Method::read(&by.method).ok_or(Error::NotFound)?;
    let done = if method.witnessed() {
        verify::ask(&app, &staff, &case, method).await
    } else {
        verify::attest(&app, &staff, &case, method).await
    };
    back(&app, &staff, &case, done).await
}

/// Responds to an execution: shows a pass on its own page, otherwise redirects to the case page with a code.
pub(super) async fn given(app: &App, frame: Frame, staff: &Staff<Assist>, case: &Case, given: Given) -> Pressed {
    match given {
        Given::Pass(pass) => {
            let back = format!("/helpdesk/cases/{}", case.reference);
            Ok(super::answer::pass_page(at_work(frame, &staff.login), &case.name, &pass, back))
        }
        Given::Done(code) => back(app, staff, case, Ok(code)).await,
        // Only an agent's own token gets a claims challenge, and `agent_sign_in` handles that case.
        Given::Challenged { .. } => back(app, staff, case, Err(Refused::NotPossible.into())).await,
    }
}

pub(in crate::helpdesk) async fn act(
    State(app): State<App>,
    (frame, session): (Frame, Session),
    staff: Staff<Assist>,
    Path(reference): Path<String>,
    Form(shown): Form<Shown>,
) -> Pressed {
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
            let outcome = decide::act(&app, &staff, &case, to_agent, Hand::Operator).await;
            (staff, outcome)
        }
    };
    // Runs as a background task of the process: it completes even if the browser disconnects.
    let (staff, outcome) = app.tasks.spawn(work).await.map_err(|error| Error::internal(&error))?;
    match outcome {
        Ok(done) => given(&app, frame, &staff, &case, done).await,
        Err(stop) => back(&app, &staff, &case, Err(stop)).await,
    }
}
