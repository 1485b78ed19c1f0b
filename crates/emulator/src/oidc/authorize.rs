//! The authorization endpoint and its sign-in page.
//!
//! The page preselects the password, as Entra's does. Entra offers other methods behind a link, this page in a list. It
//! is a plain HTML form, so it works without script and tests can post it.

use askama::Template;
use axum::Form;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::authorize_request::{
    AuthorizeParameters, AuthorizeRefusal, ValidatedAuthorizeRequest, is_context_satisfied,
};
use super::error::AadstsError;
use crate::EmulatedTenant;
use crate::faults::FaultTarget;
use crate::state::{AuthorizationCode, BrowserSession, EmulatedSignInMethod, TokenGrant};
use passback_foundation::Password;

/// Name of the single sign-on cookie, as at Entra.
const SESSION_COOKIE: &str = "ESTSAUTH";

/// The form fields of the sign-in page. Their names are an outside contract and must not change.
#[derive(Deserialize)]
pub(super) struct EntraSignInForm {
    #[serde(default)]
    pub(super) account: String,
    #[serde(default)]
    pub(super) method: String,
    password: Option<Password>,
    tap: Option<Password>,
    new_password: Option<Password>,
}

#[derive(Template)]
#[template(path = "authorize.html")]
struct EntraSignInPage<'a> {
    app: &'a str,
    organization: &'a str,
    action: &'a str,
    account: &'a str,
    method: &'a str,
    error_message: Option<String>,
    must_change: bool,
    people: Vec<(String, String)>,
}

/// The page that shows an error which must not be sent to the redirect URI.
#[derive(Template)]
#[template(path = "refused.html")]
struct AuthorizeErrorPage {
    description: String,
}

pub(super) async fn show_sign_in(
    State(tenant): State<EmulatedTenant>,
    Path(name): Path<String>,
    Query(raw): Query<AuthorizeParameters>,
    OriginalUri(uri): OriginalUri,
    jar: CookieJar,
) -> Response {
    let request = match ValidatedAuthorizeRequest::from_parameters(&tenant, &name, raw.clone()) {
        Ok(request) => request,
        Err(refused) => return refusal_response(&tenant, &raw, refused),
    };
    let session =
        jar.get(SESSION_COOKIE).and_then(|cookie| tenant.lock_state().browser_sessions.get(cookie.value()).cloned());
    let silent = session.filter(|s| {
        !matches!(request.parameters.prompt.as_str(), "login" | "select_account")
            && is_session_sufficient(&tenant, &request, s)
    });
    match silent {
        Some(session) => redirect_with_code(&tenant, &request, &session),
        None if request.parameters.prompt == "none" => {
            let text = "Session information is not sufficient for single-sign-on.";
            refusal_response(
                &tenant,
                &raw,
                AuthorizeRefusal::RedirectToApp(AadstsError::new(50058, "login_required", text)),
            )
        }
        None => render_sign_in(
            &tenant,
            &request,
            uri.path_and_query().map_or("", |p| p.as_str()),
            &SignInPageState::initial(&request),
        ),
    }
}

pub(super) async fn submit_sign_in(
    State(tenant): State<EmulatedTenant>,
    Path(name): Path<String>,
    Query(raw): Query<AuthorizeParameters>,
    OriginalUri(uri): OriginalUri,
    jar: CookieJar,
    Form(form): Form<EntraSignInForm>,
) -> Response {
    let request = match ValidatedAuthorizeRequest::from_parameters(&tenant, &name, raw.clone()) {
        Ok(request) => request,
        Err(refused) => return refusal_response(&tenant, &raw, refused),
    };
    let action = uri.path_and_query().map_or("", |p| p.as_str());
    let session = match sign_in(&tenant, &request.contexts, &form).await {
        Ok(session) => session,
        Err(again) => {
            return render_sign_in(
                &tenant,
                &request,
                action,
                &SignInPageState { account: &form.account, method: &form.method, retry: Some(again) },
            );
        }
    };
    if let Some(error) = AadstsError::from_fault(&tenant, FaultTarget::Authorize, Some(session.account)) {
        return refusal_response(&tenant, &raw, AuthorizeRefusal::RedirectToApp(error));
    }
    let token = tenant.random().token();
    tenant.lock_state().browser_sessions.insert(token.clone(), session.clone());
    let secure = tenant.0.urls.base_url().starts_with("https");
    let cookie =
        Cookie::build((SESSION_COOKIE, token)).path("/").http_only(true).secure(secure).same_site(SameSite::Lax);
    (jar.add(cookie), redirect_with_code(&tenant, &request, &session)).into_response()
}

/// The error with which the sign-in form is shown again.
pub(super) struct SignInRetry {
    pub(super) error: AadstsError,
    /// Whether the password is correct and must be changed now.
    pub(super) must_change: bool,
}

impl From<AadstsError> for SignInRetry {
    fn from(error: AadstsError) -> Self {
        Self { error, must_change: false }
    }
}

/// Signs a person in, if their method satisfies every requested authentication context.
pub(super) async fn sign_in(
    tenant: &EmulatedTenant,
    contexts: &[String],
    form: &EntraSignInForm,
) -> Result<BrowserSession, SignInRetry> {
    let (account, method) = verify_credentials(tenant, form)?;
    if method == EmulatedSignInMethod::Password {
        change_password_if_required(tenant, account, form).await?;
    }
    let now = tenant.clock().now();
    let id = tenant.random().uuid();
    let mut state = tenant.lock_state();
    let found = state.account_by_id(account).ok_or_else(unknown_account)?;
    let missing = contexts.iter().find(|context| !is_context_satisfied(&state, found, method, context));
    if missing.is_some() {
        let text = "Access has been blocked by Conditional Access policies: this sign-in is not strong enough. Choose another way to sign in.";
        return Err(AadstsError::new(53003, "access_denied", text).into());
    }
    if method == EmulatedSignInMethod::TemporaryAccessPass
        && let Some(tap) = state.account_by_id_mut(account).and_then(|a| a.pass.as_mut())
    {
        tap.used = true;
    }
    Ok(BrowserSession { account, method, signed_in_at: now, id })
}

/// Verifies the submitted credentials. Returns the account and the sign-in method.
fn verify_credentials(
    tenant: &EmulatedTenant,
    form: &EntraSignInForm,
) -> Result<(Uuid, EmulatedSignInMethod), SignInRetry> {
    let now = tenant.clock().now();
    let state = tenant.lock_state();
    let account = state.find_account(form.account.trim()).ok_or_else(unknown_account)?;
    if !account.seed.enabled {
        return Err(AadstsError::new(50057, "invalid_grant", "The user account is disabled.").into());
    }
    let method = match form.method.as_str() {
        "passkey" if account.has_passkey() => EmulatedSignInMethod::Passkey,
        "passkey" => return Err(AadstsError::new(50199, "access_denied", "This account has no passkey.").into()),
        "tap" => {
            let typed = form.tap.as_ref().map_or("", Password::expose_password).trim();
            if !account.pass.as_ref().is_some_and(|tap| tap.is_usable(now) && tap.code == typed) {
                return Err(AadstsError::new(
                    130_503,
                    "invalid_grant",
                    "Your Temporary Access Pass is incorrect or has expired.",
                )
                .into());
            }
            EmulatedSignInMethod::TemporaryAccessPass
        }
        _ => {
            let typed = form.password.as_ref().map_or("", Password::expose_password);
            if !account.password.matches(typed) {
                return Err(AadstsError::new(
                    50126,
                    "invalid_grant",
                    "Error validating credentials due to invalid username or password.",
                )
                .into());
            }
            EmulatedSignInMethod::Password
        }
    };
    Ok((account.id, method))
}

/// Changes the password if it must be changed, as after an administrator's reset. The change is written back.
async fn change_password_if_required(
    tenant: &EmulatedTenant,
    account: Uuid,
    form: &EntraSignInForm,
) -> Result<(), SignInRetry> {
    if !tenant.lock_state().account_by_id(account).is_some_and(|a| a.must_change) {
        return Ok(());
    }
    let again = |text: &str| SignInRetry { error: AadstsError::new(50055, "invalid_grant", text), must_change: true };
    let new = form.new_password.as_ref().map_or("", Password::expose_password);
    if new.is_empty() {
        return Err(again("The password must be changed: this is the first time you sign in with it."));
    }
    let old = form.password.as_ref().map_or("", Password::expose_password);
    tenant
        .change_password(account, old, new)
        .await
        .map_err(|error| again(&format!("The new password was not taken ({error}).")))
}

fn unknown_account() -> SignInRetry {
    AadstsError::new(50034, "invalid_grant", "We couldn't find an account with that username.").into()
}

/// Returns whether a browser session satisfies the request, so that no sign-in page is needed.
fn is_session_sufficient(
    tenant: &EmulatedTenant,
    request: &ValidatedAuthorizeRequest,
    session: &BrowserSession,
) -> bool {
    let state = tenant.lock_state();
    let Some(account) = state.account_by_id(session.account) else { return false };
    let hinted = request.parameters.login_hint.is_empty()
        || account.seed.upn.eq_ignore_ascii_case(&request.parameters.login_hint);
    let by_password = session.method == EmulatedSignInMethod::Password;
    let alive = account.seed.enabled
        && session.signed_in_at >= account.sessions_valid_from
        && (!by_password || session.signed_in_at >= account.password_set_at)
        && request.not_before.is_none_or(|from| session.signed_in_at.as_second() >= from);
    hinted
        && alive
        && request.contexts.iter().all(|context| is_context_satisfied(&state, account, session.method, context))
}

/// Redirects to the app with a new authorization code, valid for 10 minutes.
fn redirect_with_code(
    tenant: &EmulatedTenant,
    request: &ValidatedAuthorizeRequest,
    session: &BrowserSession,
) -> Response {
    let now = tenant.clock().now();
    let code = tenant.random().token();
    let scope = request.parameters.scope.split_whitespace().map(str::to_owned).collect();
    let grant = TokenGrant {
        nonce: request.parameters.nonce.clone(),
        acrs: request.contexts.clone(),
        is_spa: request.is_spa,
        ..TokenGrant::from_session(session, request.client_id, scope, now)
    };
    let entry = AuthorizationCode {
        grant,
        redirect_uri: request.parameters.redirect_uri.clone(),
        code_challenge: request.parameters.code_challenge.clone(),
        expires_at: now.saturating_add(SignedDuration::from_mins(10)).unwrap_or(now),
        used: false,
    };
    let mut state = tenant.lock_state();
    state.issued_tokens.push(code.clone());
    state.authorization_codes.insert(code.clone(), entry);
    drop(state);
    let fields = [("code", code), ("session_state", session.id.to_string())];
    redirect_to_app(
        &request.parameters,
        fields.into_iter().chain(request.parameters.state.clone().map(|s| ("state", s))).collect(),
    )
}

fn refusal_response(tenant: &EmulatedTenant, raw: &AuthorizeParameters, refused: AuthorizeRefusal) -> Response {
    match refused {
        AuthorizeRefusal::ErrorPage(error) => {
            let page = AuthorizeErrorPage { description: error.description(tenant) };
            (StatusCode::BAD_REQUEST, html_response(&page)).into_response()
        }
        AuthorizeRefusal::RedirectToApp(error) => {
            let fields = [("error", error.error.to_string()), ("error_description", error.description(tenant))];
            redirect_to_app(raw, fields.into_iter().chain(raw.state.clone().map(|s| ("state", s))).collect())
        }
    }
}

/// Sends the browser to the redirect URI with these parameters, by redirect or by `form_post`.
fn redirect_to_app(raw: &AuthorizeParameters, fields: Vec<(&'static str, String)>) -> Response {
    let Ok(mut to) = Url::parse(&raw.redirect_uri) else { return StatusCode::BAD_REQUEST.into_response() };
    if raw.response_mode == "form_post" {
        let page = FormPostPage { action: to.as_str(), fields: &fields };
        return html_response(&page).into_response();
    }
    to.query_pairs_mut().extend_pairs(fields);
    Redirect::to(to.as_str()).into_response()
}

/// The page that submits the parameters to the redirect URI for `response_mode=form_post`.
#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPostPage<'a> {
    action: &'a str,
    fields: &'a [(&'static str, String)],
}

/// The values that the sign-in page is filled with.
struct SignInPageState<'a> {
    account: &'a str,
    method: &'a str,
    retry: Option<SignInRetry>,
}

impl<'a> SignInPageState<'a> {
    fn initial(request: &'a ValidatedAuthorizeRequest) -> Self {
        Self { account: &request.parameters.login_hint, method: "password", retry: None }
    }
}

fn render_sign_in(
    tenant: &EmulatedTenant,
    request: &ValidatedAuthorizeRequest,
    action: &str,
    shown: &SignInPageState<'_>,
) -> Response {
    let state = tenant.lock_state();
    let people = state.seed.people.iter().map(|p| (p.upn.clone(), p.outcome.clone().unwrap_or_default())).collect();
    let organization = state.seed.organization.name.clone();
    drop(state);
    let page = EntraSignInPage {
        app: &request.app_name,
        organization: &organization,
        action,
        account: shown.account,
        method: if shown.method.is_empty() { "password" } else { shown.method },
        error_message: shown.retry.as_ref().map(|again| again.error.description(tenant)),
        must_change: shown.retry.as_ref().is_some_and(|again| again.must_change),
        people,
    };
    html_response(&page).into_response()
}

/// Renders a page with headers against caching and framing.
pub(super) fn html_response(page: &impl Template) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    match page.render() {
        Ok(text) => (headers, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "rendering a page failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl EntraSignInPage<'_> {
    fn is_selected(&self, method: &str) -> bool {
        self.method == method
    }
}
