//! A person's authentication methods and Temporary Access Passes.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::ApiCaller;
use super::error::{ODataError, success_response};
use super::odata_query::ODataOptions;
use super::users::format_timestamp;
use super::{PASSWORD_METHOD_ID, role_reach};
use crate::EmulatedTenant;
use crate::state::{EmulatedPass, derive_object_id};

pub(super) async fn list_methods(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    let now = tenant.clock().now();
    let found = {
        let state = tenant.lock_state();
        let Some(account) = state.find_account(&id) else {
            drop(state);
            return ODataError::not_found(&id).to_response(&tenant);
        };
        if let Err(error) = role_reach::check_may_read_methods(&state, &caller, account) {
            drop(state);
            return error.to_response(&tenant);
        }
        let mut all = vec![
            json!({ "@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": PASSWORD_METHOD_ID, "password": null, "createdDateTime": format_timestamp(account.last_password_change) }),
        ];
        if account.has_passkey() {
            all.push(json!({
                "@odata.type": "#microsoft.graph.fido2AuthenticationMethod",
                "id": derive_object_id(&state.seed, &format!("{}/passkey", account.seed.upn)),
                "displayName": "Security key", "aaGuid": "de1e552d-db1d-4423-a619-566b625cdc84", "model": "Emulated key", "attestationLevel": "attested",
            }));
        }
        all.extend(account.pass.as_ref().map(|tap| {
            let mut pass = pass_json(tap, now, false);
            if let Some(map) = pass.as_object_mut() {
                map.insert("@odata.type".to_owned(), json!("#microsoft.graph.temporaryAccessPassAuthenticationMethod"));
            }
            pass
        }));
        all
    };
    let url = format!("{}/users/{id}/authentication/methods", tenant.0.urls.graph_url());
    success_response(&tenant, StatusCode::OK, &options.build_page(found, &url, "authenticationMethods"))
}

pub(super) async fn list_passes(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    let now = tenant.clock().now();
    let found =
        find_readable_pass(&tenant, &caller, &id).map(|tap| tap.iter().map(|tap| pass_json(tap, now, false)).collect());
    let found: Vec<Value> = match found {
        Ok(found) => found,
        Err(error) => return error.to_response(&tenant),
    };
    let url = format!("{}/users/{id}/authentication/temporaryAccessPassMethods", tenant.0.urls.graph_url());
    success_response(&tenant, StatusCode::OK, &options.build_page(found, &url, "temporaryAccessPassMethods"))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CreatePassBody {
    lifetime_in_minutes: Option<i64>,
    is_usable_once: Option<bool>,
    start_date_time: Option<Timestamp>,
}

/// Creates a Temporary Access Pass, which replaces the previous one. Only this response contains the code.
pub(super) async fn create_pass(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path(id): Path<String>,
    body: Result<Json<CreatePassBody>, JsonRejection>,
) -> Response {
    let Ok(Json(wish)) = body else {
        return ODataError::bad_request("The request body is not valid.").to_response(&tenant);
    };
    let minutes = wish.lifetime_in_minutes.unwrap_or(60);
    if !(10..=43_200).contains(&minutes) {
        return ODataError::bad_request("lifetimeInMinutes must be between 10 and 43200.").to_response(&tenant);
    }
    let now = tenant.clock().now();
    let tap = EmulatedPass {
        id: tenant.random().uuid(),
        code: tenant.random().token().chars().filter(char::is_ascii_alphanumeric).take(8).collect(),
        starts_at: wish.start_date_time.unwrap_or(now),
        lifetime_minutes: minutes,
        usable_once: wish.is_usable_once.unwrap_or(false),
        used: false,
    };
    match replace_pass(&tenant, &caller, &id, Some(tap.clone())) {
        Ok(()) => success_response(&tenant, StatusCode::CREATED, &pass_json(&tap, now, true)),
        Err(error) => error.to_response(&tenant),
    }
}

/// Replaces or removes an account's pass, if the caller may.
fn replace_pass(
    tenant: &EmulatedTenant,
    caller: &ApiCaller,
    id: &str,
    tap: Option<EmulatedPass>,
) -> Result<(), ODataError> {
    let mut state = tenant.lock_state();
    let target = state.find_account(id).ok_or_else(|| ODataError::not_found(id))?;
    role_reach::check_may_write_methods(&state, caller, target)?;
    state.find_account_mut(id).ok_or_else(|| ODataError::not_found(id))?.pass = tap;
    Ok(())
}

/// Returns an account's pass, if the caller may read it.
fn find_readable_pass(
    tenant: &EmulatedTenant,
    caller: &ApiCaller,
    id: &str,
) -> Result<Option<EmulatedPass>, ODataError> {
    let state = tenant.lock_state();
    let target = state.find_account(id).ok_or_else(|| ODataError::not_found(id))?;
    role_reach::check_may_read_methods(&state, caller, target)?;
    Ok(target.pass.clone())
}

pub(super) async fn get_pass(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path((id, pass)): Path<(String, String)>,
) -> Response {
    let now = tenant.clock().now();
    match find_readable_pass(&tenant, &caller, &id) {
        Ok(Some(tap)) if tap.id.to_string() == pass => {
            success_response(&tenant, StatusCode::OK, &pass_json(&tap, now, false))
        }
        Ok(_) => ODataError::not_found(&pass).to_response(&tenant),
        Err(error) => error.to_response(&tenant),
    }
}

pub(super) async fn delete_pass(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path((id, pass)): Path<(String, String)>,
) -> Response {
    let done = find_readable_pass(&tenant, &caller, &id).and_then(|tap| match tap {
        Some(tap) if tap.id.to_string() == pass => replace_pass(&tenant, &caller, &id, None),
        _ => Err(ODataError::not_found(&pass)),
    });
    match done {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => error.to_response(&tenant),
    }
}

fn pass_json(tap: &EmulatedPass, now: Timestamp, with_code: bool) -> Value {
    let reason = match () {
        () if tap.usable_once && tap.used => "OneTimeUsed",
        () if now < tap.starts_at => "NotYetValid",
        () if now >= tap.expires_at() => "Expired",
        () => "EnabledByPolicy",
    };
    json!({
        "id": tap.id,
        "temporaryAccessPass": with_code.then_some(&tap.code),
        "createdDateTime": format_timestamp(tap.starts_at),
        "startDateTime": format_timestamp(tap.starts_at),
        "lifetimeInMinutes": tap.lifetime_minutes,
        "isUsableOnce": tap.usable_once,
        "isUsable": tap.is_usable(now),
        "methodUsabilityReason": reason,
    })
}
