//! Shows the landing page: a sign-in button, and what to expect on Microsoft's page.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use tower_sessions::Session;

use crate::signin::session::load_browser_id;
use crate::state::AppState;
use crate::web::{PageContext, WebError, render_page};

#[derive(Template)]
#[template(path = "signin/landing.html")]
struct LandingPage {
    ctx: PageContext,
    /// Whether a sign-in started in this browser and did not return.
    unfinished: bool,
}

pub(super) async fn show_landing_page(
    State(app): State<AppState>,
    session: Session,
    ctx: PageContext,
) -> Result<Response, WebError> {
    let unfinished = match load_browser_id(&session).await? {
        Some(browser) => app.sign_in_attempts.has_pending(&browser, app.now()).await?,
        None => false,
    };
    Ok(render_page(&LandingPage { ctx, unfinished }))
}
