//! The first page: one sentence, one button, and what Microsoft's page will look like.

use askama::Template;
use axum::response::Response;

use crate::web::{Frame, draw};

#[derive(Template)]
#[template(path = "signin/landing.html")]
struct LandingPage {
    f: Frame,
}

pub(super) async fn landing(frame: Frame) -> Response {
    draw(&LandingPage { f: frame })
}
