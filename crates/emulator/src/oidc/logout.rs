//! The end-session endpoint. Redirects after sign-out only to a registered origin.

use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::Cookie;
use serde::Deserialize;
use url::Url;

use crate::EmulatedTenant;

#[derive(Deserialize)]
pub(super) struct LogoutQuery {
    post_logout_redirect_uri: Option<Url>,
}

pub(super) async fn sign_out(
    State(tenant): State<EmulatedTenant>,
    Path(_name): Path<String>,
    Query(asked): Query<LogoutQuery>,
    jar: CookieJar,
) -> Response {
    if let Some(cookie) = jar.get("ESTSAUTH") {
        tenant.lock_state().browser_sessions.remove(cookie.value());
    }
    let jar = jar.remove(Cookie::build(("ESTSAUTH", "")).path("/"));
    let known = asked.post_logout_redirect_uri.filter(|to| is_registered_origin(&tenant, to));
    match known {
        Some(to) => (jar, Redirect::to(to.as_str())).into_response(),
        None => (jar, Html("<!doctype html><title>Signed out</title><p>You signed out of your account.</p>"))
            .into_response(),
    }
}

/// Returns whether an app has a redirect URI with the same origin. Entra requires the address itself
/// to be registered.
fn is_registered_origin(tenant: &EmulatedTenant, to: &Url) -> bool {
    let state = tenant.lock_state();
    let mut known = state.seed.apps.iter().flat_map(|app| &app.redirect_uris).filter_map(|uri| Url::parse(uri).ok());
    known.any(|uri| uri.origin() == to.origin())
}
