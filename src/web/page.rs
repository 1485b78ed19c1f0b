//! Provides the context of every page and renders pages.

use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum_extra::extract::CookieJar;

use super::catalogue::Lang;
use super::error::WebError;
use super::language::PageLanguage;
use super::{assets, language};
use crate::config::BrandingConfig;
use crate::state::AppState;

/// Context that every page shares: language, branding, warnings and navigation.
#[derive(Clone, Debug)]
pub(crate) struct PageContext {
    pub(crate) lang: Lang,
    /// Neither the person nor the browser chose the language.
    is_default_lang: bool,
    /// Path of this page, to which the language form returns.
    pub(crate) path: String,
    /// URL path of the organisation's logo, if one is configured.
    pub(crate) logo: Option<String>,
    /// URL path of the style sheet with the organisation's colours, if they are configured.
    pub(crate) stylesheet: Option<String>,
    pub(crate) branding: BrandingConfig,
    /// The tenant is emulated.
    pub(crate) is_emulated: bool,
    /// Hosts that are not Microsoft's are allowed.
    pub(crate) allows_other_hosts: bool,
    /// Name of the person who is signed in, if the page shows it.
    pub(crate) signed_in_name: Option<String>,
    /// Navigation links, for staff only.
    pub(crate) nav: Vec<NavItem>,
}

/// Navigation link.
#[derive(Clone, Debug)]
pub(crate) struct NavItem {
    pub(crate) path: &'static str,
    pub(crate) text: String,
    /// The link leads to the current page.
    pub(crate) is_current: bool,
}

impl PageContext {
    pub(super) fn new(app: &AppState, headers: &HeaderMap, path: &str) -> Self {
        let (lang, is_default_lang) = match language::detect_language(headers) {
            PageLanguage::Chosen(lang) => (lang, false),
            PageLanguage::Default(lang) => (lang, true),
        };
        Self {
            lang,
            is_default_lang,
            path: path.to_owned(),
            logo: app.brand.logo_path(),
            stylesheet: app.brand.stylesheet_path(),
            branding: app.config.branding.clone(),
            is_emulated: app.config.entra.is_emulated(),
            allows_other_hosts: app.config.entra.allow_other_hosts,
            signed_in_name: None,
            nav: Vec::new(),
        }
    }

    /// Adds the name of the person who is signed in, with which the page offers to sign out.
    pub(crate) fn with_signed_in_name(mut self, name: &str) -> Self {
        self.signed_in_name = Some(name.to_owned());
        self
    }

    /// Uses the person's language in Entra if neither the person nor the browser chose one. Also returns the cookie
    /// with which later pages use it.
    pub(crate) fn with_preferred_language(mut self, app: &AppState, preferred: Option<&str>) -> (Self, CookieJar) {
        if !self.is_default_lang {
            return (self, CookieJar::new());
        }
        let preferred = preferred.and_then(Lang::from_accept_language);
        let hint = language::language_hint_cookie(app, preferred.as_ref());
        self.lang = preferred.unwrap_or_else(Lang::english);
        (self, hint)
    }

    pub(crate) fn with_nav(mut self, nav: Vec<NavItem>) -> Self {
        self.nav = nav;
        self
    }

    /// Returns the selectable languages: code, own name, and true for the current language.
    pub(crate) fn languages(&self) -> Vec<(String, &'static str, bool)> {
        Lang::all().into_iter().map(|(lang, name)| (lang.code(), name, lang == self.lang)).collect()
    }

    /// Returns a message.
    pub(crate) fn t(&self, key: &str) -> String {
        self.lang.text(key)
    }

    /// Returns a message with a value.
    pub(crate) fn tv(&self, key: &str, name: &'static str, value: &str) -> String {
        self.lang.text_with(key, &[(name, value)])
    }

    /// Returns a message with two values.
    pub(crate) fn tv2(&self, key: &str, first: (&'static str, &str), second: (&'static str, &str)) -> String {
        self.lang.text_with(key, &[first, second])
    }

    /// Returns a message if the catalogue has it.
    pub(crate) fn optional_text(&self, key: &str) -> Option<String> {
        self.lang.has_message(key).then(|| self.t(key))
    }

    #[expect(clippy::unused_self, reason = "templates call it on the page context")]
    pub(crate) fn asset_url(&self, name: &str) -> &'static str {
        assets::asset_url(name)
    }
}

impl FromRequestParts<AppState> for PageContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        Ok(Self::new(app, &parts.headers, parts.uri.path()))
    }
}

/// Renders a page.
pub(crate) fn render_page(page: &impl Template) -> Response {
    render_page_with_status(StatusCode::OK, page)
}

/// Renders a page with a status code.
pub(crate) fn render_page_with_status(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => WebError::internal(&error).into_response(),
    }
}
