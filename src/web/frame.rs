//! What stands around every page.

use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum_extra::extract::CookieJar;

use super::error::Error;
use super::messages::Lang;
use super::{assets, language};
use crate::config::Branding;
use crate::state::App;

/// Language, branding and marks of a page.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) lang: Lang,
    /// Neither the switch nor the browser named it.
    lang_open: bool,
    /// Where this page is: the language switch comes back to it.
    pub(crate) path: String,
    /// The organisation's files, if there are any.
    pub(crate) logo: Option<String>,
    pub(crate) colours: Option<String>,
    pub(crate) brand: Branding,
    /// The tenant is the emulator.
    pub(crate) emulated: bool,
    /// Hosts that are not Microsoft's were allowed.
    pub(crate) other_hosts: bool,
    /// Who is signed in, if the page says so.
    pub(crate) who: Option<String>,
    /// Pages beside this one: staff only.
    pub(crate) nav: Vec<NavItem>,
}

/// A way to another page.
#[derive(Clone, Debug)]
pub(crate) struct NavItem {
    pub(crate) path: &'static str,
    pub(crate) text: String,
    /// It is this one.
    pub(crate) here: bool,
}

impl Frame {
    pub(super) fn of(app: &App, headers: &HeaderMap, path: &str) -> Self {
        let (lang, lang_open) = language::of(headers);
        Self {
            lang,
            lang_open,
            path: path.to_owned(),
            logo: app.brand.logo(),
            colours: app.brand.colours(),
            brand: app.config.branding.clone(),
            emulated: app.config.entra.is_emulated(),
            other_hosts: app.config.entra.allow_other_hosts,
            who: None,
            nav: Vec::new(),
        }
    }

    /// With the name of who is signed in, and a way to sign out.
    pub(crate) fn signed_in(mut self, name: &str) -> Self {
        self.who = Some(name.to_owned());
        self
    }

    /// In the language that Entra has for the person, if neither the switch nor the browser named one; with what lets the
    /// next pages know.
    pub(crate) fn preferring(mut self, app: &App, preferred: Option<&str>) -> (Self, CookieJar) {
        if !self.lang_open {
            return (self, CookieJar::new());
        }
        let preferred = preferred.and_then(Lang::asked);
        let hint = language::hint(app, preferred.as_ref());
        self.lang = preferred.unwrap_or_else(Lang::english);
        (self, hint)
    }

    pub(crate) fn with_nav(mut self, nav: Vec<NavItem>) -> Self {
        self.nav = nav;
        self
    }

    /// Languages to switch to: code, own name, whether it is this one.
    pub(crate) fn languages(&self) -> Vec<(String, &'static str, bool)> {
        Lang::all().into_iter().map(|(lang, name)| (lang.code(), name, lang == self.lang)).collect()
    }

    /// A message.
    pub(crate) fn t(&self, key: &str) -> String {
        self.lang.text(key)
    }

    /// A message with a value.
    pub(crate) fn tv(&self, key: &str, name: &'static str, value: &str) -> String {
        self.lang.with(key, &[(name, value)])
    }

    /// A message with two values.
    pub(crate) fn tv2(&self, key: &str, first: (&'static str, &str), second: (&'static str, &str)) -> String {
        self.lang.with(key, &[first, second])
    }

    /// A message if there is one.
    pub(crate) fn maybe(&self, key: &str) -> Option<String> {
        self.lang.knows(key).then(|| self.t(key))
    }

    #[expect(clippy::unused_self, reason = "templates reach it through the frame")]
    pub(crate) fn asset(&self, name: &str) -> &'static str {
        assets::address(name)
    }
}

impl FromRequestParts<App> for Frame {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(app, &parts.headers, parts.uri.path()))
    }
}

/// A page.
pub(crate) fn draw(page: &impl Template) -> Response {
    draw_with(StatusCode::OK, page)
}

/// A page with a status.
pub(crate) fn draw_with(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => Error::internal(&error).into_response(),
    }
}
