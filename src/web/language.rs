//! Which language a page speaks: what the person switched to, else what the browser asks for, else what Entra knows of
//! the person, else English.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::Deserialize;
use tower_sessions::cookie::time::Duration;

use super::messages::Lang;
use crate::state::App;

/// Holds a language and nothing else, so that it outlives the session.
const COOKIE: &str = "lang";

/// The language that Entra has for the person, while they are signed in. A cookie and not the session: errors are drawn
/// outside of sessions, and no page has to look anything up for it.
const HINT: &str = "lang_hint";

/// The language of a page, and whether neither the switch nor the browser named it.
pub(super) fn of(headers: &HeaderMap) -> (Lang, bool) {
    // Most browsers hold neither cookie, and every page asks: taking all of them apart is for those that do.
    let held =
        headers.get_all(header::COOKIE).iter().any(|line| line.as_bytes().windows(4).any(|word| word == b"lang"));
    let cookies = if held { CookieJar::from_headers(headers) } else { CookieJar::new() };
    let cookie = |name| cookies.get(name).and_then(|cookie| Lang::spoken(cookie.value()));
    let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or("");
    match cookie(COOKIE).or_else(|| Lang::asked(accept)) {
        Some(named) => (named, false),
        None => (cookie(HINT).unwrap_or_else(Lang::english), true),
    }
}

/// What the next pages go by when nobody else names a language. `None`: by nothing.
pub(super) fn hint(app: &App, lang: Option<&Lang>) -> CookieJar {
    let mut cookie = cookie(app, HINT, lang.map(Lang::code).unwrap_or_default());
    if lang.is_none() {
        cookie.set_max_age(Duration::ZERO);
    }
    CookieJar::new().add(cookie)
}

/// Signed out: the browser may be the next person's.
pub(crate) fn forget_language(app: &App) -> CookieJar {
    hint(app, None)
}

fn cookie(app: &App, name: &'static str, value: String) -> Cookie<'static> {
    let secure = app.config.server.public_url.scheme() == "https";
    Cookie::build((name, value)).path("/").secure(secure).http_only(true).same_site(SameSite::Lax).build()
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
    let mut cookie = cookie(&app, COOKIE, lang.code());
    cookie.make_permanent();
    (jar.add(cookie), back).into_response()
}
