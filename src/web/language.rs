//! Which language a page speaks: what the person switched to, else what the browser asks for.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::Deserialize;

use super::messages::Lang;
use crate::state::App;

/// Holds a language and nothing else, so that it outlives the session.
const COOKIE: &str = "lang";

/// The switch, else the browser.
pub(super) fn of(headers: &HeaderMap) -> Lang {
    let switched = CookieJar::from_headers(headers).get(COOKIE).and_then(|cookie| Lang::spoken(cookie.value()));
    let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or("");
    switched.unwrap_or_else(|| Lang::negotiate(accept))
}

#[derive(Deserialize)]
pub(crate) struct Switch {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    back: String,
}

/// `POST /language`: switches, and goes back to the page it was asked on.
pub(crate) async fn switch(State(app): State<App>, jar: CookieJar, Form(asked): Form<Switch>) -> Response {
    // A path of our own and nothing that a browser could take for another host.
    let own = asked.back.starts_with('/') && !asked.back.starts_with("//") && !asked.back.contains('\\');
    let back = Redirect::to(if own && !asked.back.contains(char::is_control) { &asked.back } else { "/" });
    let Some(lang) = Lang::spoken(&asked.lang) else { return back.into_response() };
    let cookie = Cookie::build((COOKIE, lang.code()))
        .path("/")
        .secure(app.config.server.public_url.scheme() == "https")
        .http_only(true)
        .same_site(SameSite::Lax)
        .permanent();
    (jar.add(cookie), back).into_response()
}
