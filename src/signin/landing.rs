//! The first page: one sentence, one button, and what Microsoft's page will look like.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use tower_sessions::Session;

use super::session::known_browser;
use crate::state::App;
use crate::web::{Error, Frame, draw};

#[derive(Template)]
#[template(path = "signin/landing.html")]
struct LandingPage {
    f: Frame,
    /// A sign-in was begun in this browser and never came back.
    unfinished: bool,
}

pub(super) async fn landing(State(app): State<App>, session: Session, frame: Frame) -> Result<Response, Error> {
    let unfinished = match known_browser(&session).await? {
        Some(browser) => app.attempts.pending(&browser, app.now()).await?,
        None => false,
    };
    Ok(draw(&LandingPage { f: frame, unfinished }))
}
