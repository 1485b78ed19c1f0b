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
use crate::base::ReferenceCode;
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::{ClientAddress, PageContext, WebError, draw, draw_with};

/// Maximum number of requests from one client address. A limit per name would reveal earlier requests for that name.
const REQUESTS: RateLimit = RateLimit { count: 5, per: SignedDuration::from_hours(1) };
const LETTERS: usize = 200;

#[derive(Template)]
#[template(path = "helpdesk/help.html")]
struct HelpPage {
    f: PageContext,
    /// Reference of a submitted request.
    reference: Option<String>,
    empty: bool,
}

/// Shows the help form. `GET /help`.
pub(super) async fn page(frame: PageContext) -> Response {
    draw(&HelpPage { f: frame, reference: None, empty: false })
}

#[derive(Deserialize)]
pub(super) struct HelpForm {
    #[serde(default)]
    name: String,
}

/// Submits a help request. `POST /help`.
pub(super) async fn ask(
    State(app): State<AppState>,
    frame: PageContext,
    address: ClientAddress,
    Form(asked): Form<HelpForm>,
) -> Result<Response, WebError> {
    let typed: String = asked.name.trim().chars().filter(|c| !c.is_control()).take(LETTERS).collect();
    if typed.is_empty() {
        let page = HelpPage { f: frame, reference: None, empty: true };
        return Ok(draw_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let taken = app.limits.take(&format!("help:{}", address.0), REQUESTS, app.now()).await?;
    taken.map_err(|refused| WebError::Limited(refused.wait))?;
    let reference = cases::ask_for_help(&app, &typed).await?;
    Ok(Redirect::to(&format!("/help/{reference}")).into_response())
}

/// Shows the reference of a request again, whether it exists or not. `GET /help/{reference}`.
pub(super) async fn asked(frame: PageContext, Path(reference): Path<String>) -> Result<Response, WebError> {
    let reference: ReferenceCode = reference.parse().map_err(|_| WebError::NotFound)?;
    Ok(draw(&HelpPage { f: frame, reference: Some(reference.to_string()), empty: false }))
}
