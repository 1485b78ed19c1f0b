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

use crate::base::ReferenceCode;
use crate::cases;
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::{ClientAddress, PageContext, WebError, render_page, render_page_with_status};

/// Maximum number of requests from one client address. A limit per name would reveal earlier requests for that name.
const HELP_REQUEST_LIMIT: RateLimit = RateLimit { count: 5, window: SignedDuration::from_hours(1) };
const MAX_NAME_CHARS: usize = 200;

#[derive(Template)]
#[template(path = "account/help.html")]
struct HelpPage {
    ctx: PageContext,
    /// Reference of a submitted request.
    reference: Option<String>,
    is_name_missing: bool,
}

/// Shows the help form. `GET /help`.
pub(crate) async fn show_help_form(ctx: PageContext) -> Response {
    render_page(&HelpPage { ctx, reference: None, is_name_missing: false })
}

#[derive(Deserialize)]
pub(crate) struct HelpForm {
    #[serde(default)]
    name: String,
}

/// Submits a help request. `POST /help`.
pub(crate) async fn request_help(
    State(app): State<AppState>,
    ctx: PageContext,
    address: ClientAddress,
    Form(asked): Form<HelpForm>,
) -> Result<Response, WebError> {
    let typed: String = asked.name.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    if typed.is_empty() {
        let page = HelpPage { ctx, reference: None, is_name_missing: true };
        return Ok(render_page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let taken = app.rate_limiter.try_acquire(&format!("help:{}", address.0), HELP_REQUEST_LIMIT, app.now()).await?;
    taken.map_err(|refused| WebError::RateLimited(refused.retry_after))?;
    let reference = cases::request_help(&app, &typed).await?;
    Ok(Redirect::to(&format!("/help/{reference}")).into_response())
}

/// Shows the reference of a request again, whether it exists or not. `GET /help/{reference}`.
pub(crate) async fn show_help_reference(ctx: PageContext, Path(reference): Path<String>) -> Result<Response, WebError> {
    let reference: ReferenceCode = reference.parse().map_err(|_| WebError::NotFound)?;
    Ok(render_page(&HelpPage { ctx, reference: Some(reference.to_string()), is_name_missing: false }))
}
