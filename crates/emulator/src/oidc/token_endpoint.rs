//! The token endpoint: authorization code with PKCE, refresh token, device code and client credentials.

use axum::Form;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::authorize_request::can_handle_challenges;
use super::error::AadstsError;
use super::{GRAPH_APP_ID, client_authentication, device, refresh_token};
use crate::EmulatedTenant;
use crate::faults::{FaultEffect, FaultTarget};
use crate::seed::AppRegistration;
use crate::state::{CloudAccount, TokenGrant};

/// Lifetime of access tokens. Entra's last 60 to 90 minutes, these always 65.
const ACCESS_TOKEN_SECONDS: i64 = 3_900;
/// Lifetime of access tokens with continuous access evaluation. Entra's last 20 to 28 hours, because Graph itself
/// rejects them after an event such as a revoked session.
const CAE_TOKEN_SECONDS: i64 = 86_400;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenRequest {
    pub(super) client_id: String,
    pub(super) client_secret: Option<String>,
    pub(super) client_assertion: Option<String>,
    pub(super) client_assertion_type: String,
    grant_type: String,
    code: String,
    redirect_uri: String,
    code_verifier: String,
    refresh_token: String,
    pub(super) device_code: String,
    pub(super) scope: String,
    claims: Option<String>,
}

pub(super) async fn issue_tokens(
    State(tenant): State<EmulatedTenant>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(asked): Form<TokenRequest>,
) -> Response {
    if !tenant.is_named(&name) {
        return AadstsError::unknown_tenant(&name).to_response(&tenant);
    }
    tenant.lock_state().requested_claims.extend(asked.claims.clone());
    let answer = client_authentication::authenticate_client(&tenant, &headers, &asked).and_then(|app| {
        match asked.grant_type.as_str() {
            "authorization_code" => redeem_code(&tenant, &app, &asked),
            "refresh_token" => redeem_refresh_token(&tenant, &app, &asked),
            device::DEVICE_CODE_GRANT => redeem_device_grant(&tenant, &app, &asked),
            "client_credentials" => issue_app_token(&tenant, &app, &asked),
            other => Err(AadstsError::new(
                70003,
                "unsupported_grant_type",
                format!("The app requested an unsupported grant type '{other}'."),
            )),
        }
    });
    match answer {
        Ok(body) => {
            let tokens =
                ["access_token", "id_token", "refresh_token"].into_iter().filter_map(|name| body.get(name)?.as_str());
            tenant.lock_state().issued_tokens.extend(tokens.map(str::to_owned));
            let mut response = Json(body).into_response();
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
            response
        }
        Err(error) => error.to_response(&tenant),
    }
}

pub(super) fn invalid_grant(code: u32, text: &str) -> AadstsError {
    AadstsError::new(code, "invalid_grant", text)
}

/// Redeems an authorization code. A second redemption fails with AADSTS54005.
fn redeem_code(tenant: &EmulatedTenant, app: &AppRegistration, asked: &TokenRequest) -> Result<Value, AadstsError> {
    let now = tenant.clock().now();
    let code = {
        let mut state = tenant.lock_state();
        let code = state
            .authorization_codes
            .get_mut(&asked.code)
            .ok_or_else(|| invalid_grant(70000, "The provided authorization code is not valid."))?;
        if code.used {
            return Err(invalid_grant(
                54005,
                "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
            ));
        }
        code.used = true;
        code.clone()
    };
    if code.expires_at <= now || code.grant.client_id != app.client_id {
        return Err(invalid_grant(70008, "The provided authorization code or refresh token has expired."));
    }
    if code.redirect_uri != asked.redirect_uri {
        return Err(invalid_grant(50011, "The redirect URI does not match the one of the authorization request."));
    }
    if URL_SAFE_NO_PAD.encode(Sha256::digest(asked.code_verifier.as_bytes())) != code.code_challenge {
        return Err(invalid_grant(
            501_481,
            "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
        ));
    }
    let mut grant = code.grant;
    if let Some(error) = AadstsError::from_fault(tenant, FaultTarget::Token, Some(grant.account)) {
        return Err(error);
    }
    let id = grant.account.to_string();
    if tenant.lock_state().take_faults(FaultTarget::Token, Some(&id)).contains(&FaultEffect::OmitContext) {
        grant.acrs.clear();
    }
    let scope = grant.scope.clone();
    token_response(tenant, app, (&grant, &scope), can_handle_challenges(asked.claims.as_deref()))
}

fn redeem_refresh_token(
    tenant: &EmulatedTenant,
    app: &AppRegistration,
    asked: &TokenRequest,
) -> Result<Value, AadstsError> {
    let now = tenant.clock().now();
    let grant = tenant.lock_state().refresh_tokens.get(&asked.refresh_token).cloned();
    let grant = grant
        .filter(|g| g.client_id == app.client_id)
        .ok_or_else(|| invalid_grant(70000, "The refresh token is not valid."))?;
    if let Some(error) = AadstsError::from_fault(tenant, FaultTarget::Token, Some(grant.account)) {
        return Err(error);
    }
    let id = grant.account.to_string();
    let dead = tenant.lock_state().take_faults(FaultTarget::Token, Some(&id)).contains(&FaultEffect::DeadToken);
    refresh_token::check_refresh_token(tenant, &grant, dead)?;
    let narrowed: Vec<String> = asked.scope.split_whitespace().map(str::to_owned).collect();
    let scope = if narrowed.is_empty() { grant.scope.clone() } else { narrowed };
    let grant = TokenGrant { issued_at: now, nonce: None, ..grant };
    token_response(tenant, app, (&grant, &scope), can_handle_challenges(asked.claims.as_deref()))
}

fn redeem_device_grant(
    tenant: &EmulatedTenant,
    app: &AppRegistration,
    asked: &TokenRequest,
) -> Result<Value, AadstsError> {
    let (grant, scope) = device::redeem_device_code(tenant, app, &asked.device_code)?;
    if let Some(error) = AadstsError::from_fault(tenant, FaultTarget::Token, Some(grant.account)) {
        return Err(error);
    }
    token_response(tenant, app, (&grant, &scope), can_handle_challenges(asked.claims.as_deref()))
}

/// Issues an access token for the app itself (client credentials).
fn issue_app_token(tenant: &EmulatedTenant, app: &AppRegistration, asked: &TokenRequest) -> Result<Value, AadstsError> {
    if !asked.scope.ends_with("/.default") {
        let text = "The provided value for the input parameter 'scope' is not valid; client credentials take a resource with '/.default'.";
        return Err(AadstsError::new(1_002_012, "invalid_scope", text));
    }
    if let Some(error) = AadstsError::from_fault(tenant, FaultTarget::Token, None) {
        return Err(error);
    }
    let now = tenant.clock().now().as_second();
    let claims = json!({
        "aud": GRAPH_APP_ID, "iss": tenant.issuer(), "iat": now, "nbf": now, "exp": now + ACCESS_TOKEN_SECONDS,
        "appid": app.client_id, "app_displayname": app.name, "azp": app.client_id, "idtyp": "app",
        "oid": app.client_id, "sub": app.client_id, "tid": tenant.tenant_id(), "roles": app.application, "ver": "1.0",
    });
    let token = tenant.0.keys.sign(&claims).map_err(server_error)?;
    Ok(
        json!({ "token_type": "Bearer", "expires_in": ACCESS_TOKEN_SECONDS, "ext_expires_in": ACCESS_TOKEN_SECONDS, "access_token": token }),
    )
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn server_error(error: super::keys::SigningKeyError) -> AadstsError {
    AadstsError::new(50000, "server_error", error.to_string())
}

/// Returns the tokens for a person: an access token, an id token with `openid` and a refresh token with
/// `offline_access`. With `capable`, the client can handle claims challenges.
fn token_response(
    tenant: &EmulatedTenant,
    app: &AppRegistration,
    (grant, scope): (&TokenGrant, &[String]),
    capable: bool,
) -> Result<Value, AadstsError> {
    let lasts = if capable { CAE_TOKEN_SECONDS } else { ACCESS_TOKEN_SECONDS };
    let now = tenant.clock().now().as_second();
    let granted: Vec<&str> = granted_permissions(app, scope)?;
    let state = tenant.lock_state();
    let account =
        state.account_by_id(grant.account).ok_or_else(|| invalid_grant(50034, "The user account does not exist."))?;
    let access = json!({
        "aud": GRAPH_APP_ID, "iss": format!("{}/{}/", tenant.0.urls.base_url(), state.seed.organization.id), "iat": now, "nbf": now, "exp": now + lasts,
        "appid": app.client_id, "idtyp": "user", "oid": account.id, "tid": state.seed.organization.id, "upn": account.seed.upn,
        "scp": granted.join(" "), "acrs": grant.acrs, "amr": grant.method.amr_values(), "ver": "1.0", "uti": tenant.random().token(),
        "xms_cc": if capable { &["cp1"][..] } else { &[] },
    });
    let issuer = format!("{}/{}/v2.0", tenant.0.urls.base_url(), state.seed.organization.id);
    let id = id_token_claims(&state.seed, account, app, grant, scope, (now, issuer, tenant.random().token()));
    drop(state);
    let mut body = Map::new();
    body.insert("token_type".to_owned(), json!("Bearer"));
    body.insert("scope".to_owned(), json!(granted.join(" ")));
    body.insert("expires_in".to_owned(), json!(lasts));
    body.insert("ext_expires_in".to_owned(), json!(lasts));
    body.insert("access_token".to_owned(), json!(tenant.0.keys.sign(&access).map_err(server_error)?));
    if scope.iter().any(|s| s == "openid") {
        body.insert("id_token".to_owned(), json!(tenant.0.keys.sign(&id).map_err(server_error)?));
    }
    if scope.iter().any(|s| s == "offline_access") {
        // Each use issues another refresh token and does not revoke the old one
        // (<https://learn.microsoft.com/entra/identity-platform/refresh-tokens>).
        let fresh = tenant.random().token();
        tenant.lock_state().refresh_tokens.insert(fresh.clone(), grant.clone());
        body.insert("refresh_token".to_owned(), json!(fresh));
    }
    Ok(Value::Object(body))
}

/// Returns the delegated permissions of a token. Fails with AADSTS65001 if one was requested without consent.
fn granted_permissions<'a>(app: &'a AppRegistration, scope: &[String]) -> Result<Vec<&'a str>, AadstsError> {
    let asked = scope.iter().filter(|s| !matches!(s.as_str(), "openid" | "profile" | "email" | "offline_access"));
    let mut granted = Vec::new();
    for scope in asked {
        let name = scope.rsplit('/').next().unwrap_or(scope);
        if name == ".default" {
            granted.extend(app.delegated.iter().map(String::as_str));
            continue;
        }
        let consented = app.delegated.iter().find(|known| known.as_str() == name);
        let text = format!(
            "The user or administrator has not consented to use the application with ID '{}'. ({name})",
            app.client_id
        );
        granted.push(consented.ok_or_else(|| AadstsError::new(65001, "invalid_grant", text))?.as_str());
    }
    Ok(granted)
}

/// Returns the claims of a version 2.0 id token. `oid` and the names require the scope `profile`; `amr` is never
/// included. `auth_time` and `acct` are optional claims, which the emulator always includes because Passback's setup
/// configures them.
fn id_token_claims(
    seed: &crate::seed::TenantSeed,
    account: &CloudAccount,
    app: &AppRegistration,
    grant: &TokenGrant,
    scope: &[String],
    (now, issuer, uti): (i64, String, String),
) -> Value {
    let pairwise = Sha256::new().chain_update(app.client_id.as_bytes()).chain_update(account.id.as_bytes()).finalize();
    let mut claims = json!({
        "ver": "2.0", "iss": issuer, "aud": app.client_id, "sub": URL_SAFE_NO_PAD.encode(pairwise),
        "iat": now, "nbf": now, "exp": now + ACCESS_TOKEN_SECONDS, "auth_time": grant.auth_time.as_second(),
        "tid": seed.organization.id, "sid": grant.session_id, "uti": uti, "acct": i32::from(account.seed.guest),
        "login_hint": account.seed.upn,
    });
    let Some(map) = claims.as_object_mut() else { return claims };
    if scope.iter().any(|s| s == "profile") {
        map.insert("oid".to_owned(), json!(account.id));
        map.insert("name".to_owned(), json!(account.seed.name));
        map.insert("preferred_username".to_owned(), json!(account.seed.upn));
    }
    if scope.iter().any(|s| s == "email") {
        map.insert("email".to_owned(), json!(account.seed.upn));
    }
    if !account.seed.app_roles.is_empty() {
        map.insert("roles".to_owned(), json!(account.seed.app_roles));
    }
    if !grant.acrs.is_empty() {
        map.insert("acrs".to_owned(), json!(grant.acrs));
    }
    if account.seed.guest {
        map.insert("idp".to_owned(), json!("https://sts.windows.net/00000000-0000-0000-0000-0000000000fa/"));
    }
    if let Some(nonce) = &grant.nonce {
        map.insert("nonce".to_owned(), json!(nonce));
    }
    claims
}
