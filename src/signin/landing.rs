//! Shows the landing page: a sign-in button, and what to expect on Microsoft's page.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use tower_sessions::Session;

use super::session::known_browser;
use crate::state::AppState;
use crate::web::{PageContext, WebError, draw};

#[derive(Template)]
#[template(path = "signin/landing.html")]
struct LandingPage {
    f: PageContext,
    /// Whether a sign-in started in this browser and did not return.
    unfinished: bool,
}

pub(super) async fn landing(
    State(app): State<AppState>,
    session: Session,
    frame: PageContext,
) -> Result<Response, WebError> {
    let unfinished = match known_browser(&session).await? {
        Some(browser) => app.attempts.pending(&browser, app.now()).await?,
        None => false,
    };
    Ok(draw(&LandingPage { f: frame, unfinished }))
}
