//! Help requests at `/help`, for people who have no usable way to sign in.
//!
//! A request becomes a case, which the case list shows below the cases that agents opened.
//!
//! - No one is signed in here, and no name is looked up. Neither the response nor its timing reveals anything about a
//!   name.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use jiff::SignedDuration;
use serde::Deserialize;

use super::cases;
use crate::base::Reference;
use crate::state::App;
use crate::store::Limit;
use crate::web::{ClientAddress, Error, Frame, draw, draw_with};

/// Maximum number of requests from one client address. A limit per name would reveal earlier requests for that name.
const REQUESTS: Limit = Limit { count: 5, per: SignedDuration::from_hours(1) };
const LETTERS: usize = 200;

#[derive(Template)]
#[template(path = "helpdesk/help.html")]
struct HelpPage {
    f: Frame,
    /// Reference of a submitted request.
    reference: Option<String>,
    empty: bool,
}

/// Shows the help form. `GET /help`.
pub(super) async fn page(frame: Frame) -> Response {
    draw(&HelpPage { f: frame, reference: None, empty: false })
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    name: String,
}

/// Submits a help request. `POST /help`.
pub(super) async fn ask(
    State(app): State<App>,
    frame: Frame,
    address: ClientAddress,
    Form(asked): Form<Asked>,
) -> Result<Response, Error> {
    let typed: String = asked.name.trim().chars().filter(|c| !c.is_control()).take(LETTERS).collect();
    if typed.is_empty() {
        let page = HelpPage { f: frame, reference: None, empty: true };
        return Ok(draw_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let taken = app.limits.take(&format!("help:{}", address.0), REQUESTS, app.now()).await?;
    taken.map_err(|refused| Error::Limited(refused.wait))?;
    let reference = cases::ask_for_help(&app, &typed).await?;
    Ok(Redirect::to(&format!("/help/{reference}")).into_response())
}

/// Shows the reference of a request again, whether it exists or not. `GET /help/{reference}`.
pub(super) async fn asked(frame: Frame, Path(reference): Path<String>) -> Result<Response, Error> {
    let reference: Reference = reference.parse().map_err(|_| Error::NotFound)?;
    Ok(draw(&HelpPage { f: frame, reference: Some(reference.to_string()), empty: false }))
}
