//! Chooses the language of a page: the person's choice, else the browser's preference, else the person's language in
//! Entra, else English.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::Deserialize;
use tower_sessions::cookie::time::Duration;

use super::catalogue::Lang;
use crate::state::AppState;

/// Cookie with the language that the person chose. It contains nothing else, so it may outlive the session.
const LANGUAGE_COOKIE: &str = "lang";

/// Cookie with the person's language in Entra, while they are signed in. It is not part of the session, because errors
/// are rendered outside of sessions and no page should need a lookup for it.
const LANGUAGE_HINT_COOKIE: &str = "lang_hint";

/// Language of a page.
pub(super) enum PageLanguage {
    /// The person or the browser chose it.
    Chosen(Lang),
    /// Neither did.
    Default(Lang),
}

/// Returns the language of a page.
pub(super) fn detect_language(headers: &HeaderMap) -> PageLanguage {
    // Most browsers have neither cookie: parse the cookies only of those that do.
    let held =
        headers.get_all(header::COOKIE).iter().any(|line| line.as_bytes().windows(4).any(|word| word == b"lang"));
    let cookies = if held { CookieJar::from_headers(headers) } else { CookieJar::new() };
    let cookie = |name| cookies.get(name).and_then(|cookie| Lang::from_name(cookie.value()));
    let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or("");
    match cookie(LANGUAGE_COOKIE).or_else(|| Lang::from_accept_language(accept)) {
        Some(chosen) => PageLanguage::Chosen(chosen),
        None => PageLanguage::Default(cookie(LANGUAGE_HINT_COOKIE).unwrap_or_else(Lang::english)),
    }
}

/// Returns the cookie with the language for later pages on which neither the person nor the browser chose one. `None`
/// deletes it.
pub(super) fn language_hint_cookie(app: &AppState, lang: Option<&Lang>) -> CookieJar {
    let mut cookie = build_cookie(app, LANGUAGE_HINT_COOKIE, lang.map(Lang::code).unwrap_or_default());
    if lang.is_none() {
        cookie.set_max_age(Duration::ZERO);
    }
    CookieJar::new().add(cookie)
}

/// Deletes the language hint at sign-out, because the next person may use the same browser.
pub(crate) fn clear_language_hint(app: &AppState) -> CookieJar {
    language_hint_cookie(app, None)
}

fn build_cookie(app: &AppState, name: &'static str, value: String) -> Cookie<'static> {
    let secure = app.config.server.public_url.scheme() == "https";
    Cookie::build((name, value)).path("/").secure(secure).http_only(true).same_site(SameSite::Lax).build()
}

#[derive(Deserialize)]
pub(crate) struct LanguageForm {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    back: String,
}

/// Handles `POST /language`: stores the language and redirects back to the page.
pub(crate) async fn switch_language(
    State(app): State<AppState>,
    jar: CookieJar,
    Form(asked): Form<LanguageForm>,
) -> Response {
    // Accept a path of this portal only, and nothing that a browser could resolve to another host.
    let own = asked.back.starts_with('/') && !asked.back.starts_with("//") && !asked.back.contains('\\');
    let back = Redirect::to(if own && !asked.back.contains(char::is_control) { &asked.back } else { "/" });
    let Some(lang) = Lang::from_name(&asked.lang) else { return back.into_response() };
    let mut cookie = build_cookie(&app, LANGUAGE_COOKIE, lang.code());
    cookie.make_permanent();
    (jar.add(cookie), back).into_response()
}
