//! The device authorization grant: a person signs in with a browser for a program on another device.
//!
//! Source: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code> (read 2026-11-25). Conditional
//! Access does not apply here, because authentication contexts are requested with `claims`, which this flow does not
//! have.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::authorize::{EntraSignInForm, SignInRetry, html_response, sign_in};
use super::error::AadstsError;
use crate::EmulatedTenant;
use crate::seed::AppRegistration;
use crate::state::{DeviceAuthorization, DeviceAuthorizationState, TokenGrant};

pub(super) const DEVICE_CODE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const DEVICE_CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(15);
const POLL_INTERVAL: SignedDuration = SignedDuration::from_secs(5);
/// Characters of user codes: no vowels and no characters that look alike, as RFC 8628 section 6.1 recommends.
const USER_CODE_ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

#[derive(Deserialize)]
pub(super) struct DeviceCodeRequest {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    scope: String,
}

/// Issues a device code and a user code for any known client id. The client authenticates when it redeems the code.
pub(super) async fn create_device_code(
    State(tenant): State<EmulatedTenant>,
    Path(name): Path<String>,
    Form(wanted): Form<DeviceCodeRequest>,
) -> Response {
    if !tenant.is_named(&name) {
        return AadstsError::unknown_tenant(&name).to_response(&tenant);
    }
    let known = Uuid::parse_str(&wanted.client_id).ok().filter(|id| tenant.lock_state().find_app(*id).is_some());
    let Some(client_id) = known else { return AadstsError::unknown_app(&wanted.client_id).to_response(&tenant) };
    let now = tenant.clock().now();
    let bytes = *tenant.random().uuid().as_bytes();
    let letter = |byte: u8| {
        USER_CODE_ALPHABET.get(usize::from(byte) % USER_CODE_ALPHABET.len()).copied().map_or('B', char::from)
    };
    let user_code: String = bytes.into_iter().skip(7).map(letter).collect();
    let device = DeviceAuthorization {
        user_code: user_code.clone(),
        client_id,
        scope: wanted.scope.split_whitespace().map(str::to_owned).collect(),
        expires_at: now.saturating_add(DEVICE_CODE_LIFETIME).unwrap_or(now),
        next_poll_at: now,
        state: DeviceAuthorizationState::Pending,
    };
    let device_code = tenant.random().token();
    let mut state = tenant.lock_state();
    state.issued_tokens.push(device_code.clone());
    state.device_authorizations.insert(device_code.clone(), device);
    drop(state);
    let address = format!("{}/devicelogin", tenant.0.urls.base_url());
    let message = format!(
        "To sign in, use a web browser to open the page {address} and enter the code {user_code} to authenticate."
    );
    Json(json!({
        "user_code": user_code, "device_code": device_code, "verification_uri": address,
        "expires_in": DEVICE_CODE_LIFETIME.as_secs(), "interval": POLL_INTERVAL.as_secs(), "message": message,
    }))
    .into_response()
}

/// Redeems a device code, or returns the error of a poll. The errors are those of Microsoft's page, which differ from
/// RFC 8628 in part.
pub(super) fn redeem_device_code(
    tenant: &EmulatedTenant,
    app: &AppRegistration,
    device_code: &str,
) -> Result<(TokenGrant, Vec<String>), AadstsError> {
    let now = tenant.clock().now();
    let mut state = tenant.lock_state();
    let device = state.device_authorizations.get_mut(device_code).filter(|device| device.client_id == app.client_id);
    let device = device
        .ok_or_else(|| AadstsError::new(70018, "bad_verification_code", "The device_code was not recognized."))?;
    if device.expires_at <= now {
        return Err(AadstsError::new(70020, "expired_token", "The device_code has expired."));
    }
    let session = match device.state.clone() {
        DeviceAuthorizationState::SignedIn(session) => session,
        DeviceAuthorizationState::Declined => {
            return Err(AadstsError::new(
                70022,
                "authorization_declined",
                "The end user denied the authorization request.",
            ));
        }
        DeviceAuthorizationState::Pending if now < device.next_poll_at => {
            return Err(AadstsError::new(70021, "slow_down", "The program asks too often."));
        }
        DeviceAuthorizationState::Pending => {
            device.next_poll_at = now.saturating_add(POLL_INTERVAL).unwrap_or(now);
            let text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
            return Err(AadstsError::new(70016, "authorization_pending", text));
        }
    };
    let scope = device.scope.clone();
    // A device code can be redeemed only once.
    state.device_authorizations.remove(device_code);
    Ok((TokenGrant::from_session(&session, app.client_id, scope.clone(), now), scope))
}

#[derive(Deserialize)]
pub(super) struct DeviceCodeForm {
    #[serde(default)]
    user_code: String,
    #[serde(default)]
    decline: String,
    #[serde(flatten)]
    sign_in: EntraSignInForm,
}

#[derive(Default, Template)]
#[template(path = "device.html")]
struct DeviceCodePage {
    user_code: String,
    account: String,
    method: String,
    error_message: Option<String>,
    must_change: bool,
    people: Vec<(String, String)>,
    /// Name of the app that the person has signed in to; `None` while the form is shown.
    app: Option<String>,
}

impl DeviceCodePage {
    fn is_selected(&self, method: &str) -> bool {
        self.method == method || (method == "password" && self.method.is_empty())
    }

    fn new(tenant: &EmulatedTenant) -> Self {
        let state = tenant.lock_state();
        let people = state.seed.people.iter().map(|p| (p.upn.clone(), p.outcome.clone().unwrap_or_default())).collect();
        Self { people, ..Self::default() }
    }
}

pub(super) async fn show_device_code(State(tenant): State<EmulatedTenant>) -> Response {
    html_response(&DeviceCodePage::new(&tenant)).into_response()
}

pub(super) async fn submit_device_code(
    State(tenant): State<EmulatedTenant>,
    Form(typed): Form<DeviceCodeForm>,
) -> Response {
    let again = |again: SignInRetry| {
        let page = DeviceCodePage {
            user_code: typed.user_code.clone(),
            account: typed.sign_in.account.clone(),
            method: typed.sign_in.method.clone(),
            error_message: Some(again.error.description(&tenant)),
            must_change: again.must_change,
            ..DeviceCodePage::new(&tenant)
        };
        (StatusCode::OK, html_response(&page)).into_response()
    };
    let Some(device) = find_pending_code(&tenant, &typed.user_code) else {
        return again(
            AadstsError::new(70018, "bad_verification_code", "That code didn't work. Check the code and try again.")
                .into(),
        );
    };
    let new_state = if typed.decline.is_empty() {
        match sign_in(&tenant, &[], &typed.sign_in).await {
            Ok(session) => DeviceAuthorizationState::SignedIn(session),
            Err(error) => return again(error),
        }
    } else {
        DeviceAuthorizationState::Declined
    };
    let mut state = tenant.lock_state();
    let Some(found) = state.device_authorizations.get_mut(&device) else { return StatusCode::GONE.into_response() };
    found.state = new_state;
    let client = found.client_id;
    let app = state.find_app(client).map(|app| app.name.clone());
    drop(state);
    html_response(&DeviceCodePage { app, ..DeviceCodePage::default() }).into_response()
}

/// Returns the device code of a user code that is valid and still pending.
fn find_pending_code(tenant: &EmulatedTenant, user_code: &str) -> Option<String> {
    let now = tenant.clock().now();
    let typed = user_code.trim().to_ascii_uppercase();
    let state = tenant.lock_state();
    let mut waiting = state.device_authorizations.iter();
    let found = waiting.find(|(_, d)| {
        d.user_code == typed && d.expires_at > now && matches!(d.state, DeviceAuthorizationState::Pending)
    });
    found.map(|(code, _)| code.clone())
}
