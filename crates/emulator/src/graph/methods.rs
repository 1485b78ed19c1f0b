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
use super::error::{ODataError, ok};
use super::query::ODataOptions;
use super::users::seconds;
use super::{PASSWORD_METHOD, reach};
use crate::EmulatedTenant;
use crate::world::{EmulatedPass, derived_id};

pub(super) async fn list(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    let now = tenant.clock().now();
    let found = {
        let world = tenant.world();
        let Some(account) = world.find(&id) else {
            drop(world);
            return ODataError::not_found(&id).answer(&tenant);
        };
        if let Err(error) = reach::may_read_methods(&world, &caller, account) {
            drop(world);
            return error.answer(&tenant);
        }
        let mut all = vec![
            json!({ "@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": PASSWORD_METHOD, "password": null, "createdDateTime": seconds(account.last_password_change) }),
        ];
        if account.has_passkey() {
            all.push(json!({
                "@odata.type": "#microsoft.graph.fido2AuthenticationMethod",
                "id": derived_id(&world.seed, &format!("{}/passkey", account.seed.upn)),
                "displayName": "Security key", "aaGuid": "de1e552d-db1d-4423-a619-566b625cdc84", "model": "Emulated key", "attestationLevel": "attested",
            }));
        }
        all.extend(account.tap.as_ref().map(|tap| {
            let mut pass = shown(tap, now, false);
            if let Some(map) = pass.as_object_mut() {
                map.insert("@odata.type".to_owned(), json!("#microsoft.graph.temporaryAccessPassAuthenticationMethod"));
            }
            pass
        }));
        all
    };
    let url = format!("{}/users/{id}/authentication/methods", tenant.0.base.graph());
    ok(&tenant, StatusCode::OK, &options.page(found, &url, "authenticationMethods"))
}

pub(super) async fn passes(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    let now = tenant.clock().now();
    let found = tap_of(&tenant, &caller, &id).map(|tap| tap.iter().map(|tap| shown(tap, now, false)).collect());
    let found: Vec<Value> = match found {
        Ok(found) => found,
        Err(error) => return error.answer(&tenant),
    };
    let url = format!("{}/users/{id}/authentication/temporaryAccessPassMethods", tenant.0.base.graph());
    ok(&tenant, StatusCode::OK, &options.page(found, &url, "temporaryAccessPassMethods"))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CreatePassBody {
    lifetime_in_minutes: Option<i64>,
    is_usable_once: Option<bool>,
    start_date_time: Option<Timestamp>,
}

/// Creates a Temporary Access Pass, which replaces the previous one. Only this response contains the code.
pub(super) async fn issue(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path(id): Path<String>,
    body: Result<Json<CreatePassBody>, JsonRejection>,
) -> Response {
    let Ok(Json(wish)) = body else { return ODataError::bad_request("The request body is not valid.").answer(&tenant) };
    let minutes = wish.lifetime_in_minutes.unwrap_or(60);
    if !(10..=43_200).contains(&minutes) {
        return ODataError::bad_request("lifetimeInMinutes must be between 10 and 43200.").answer(&tenant);
    }
    let now = tenant.clock().now();
    let tap = EmulatedPass {
        id: tenant.random().uuid(),
        code: tenant.random().token().chars().filter(char::is_ascii_alphanumeric).take(8).collect(),
        starts: wish.start_date_time.unwrap_or(now),
        minutes,
        once: wish.is_usable_once.unwrap_or(false),
        used: false,
    };
    match put(&tenant, &caller, &id, Some(tap.clone())) {
        Ok(()) => ok(&tenant, StatusCode::CREATED, &shown(&tap, now, true)),
        Err(error) => error.answer(&tenant),
    }
}

/// Replaces or removes an account's pass, if the caller may.
fn put(tenant: &EmulatedTenant, caller: &ApiCaller, id: &str, tap: Option<EmulatedPass>) -> Result<(), ODataError> {
    let mut world = tenant.world();
    let target = world.find(id).ok_or_else(|| ODataError::not_found(id))?;
    reach::may_write_methods(&world, caller, target)?;
    world.find_mut(id).ok_or_else(|| ODataError::not_found(id))?.tap = tap;
    Ok(())
}

/// Returns an account's pass, if the caller may read it.
fn tap_of(tenant: &EmulatedTenant, caller: &ApiCaller, id: &str) -> Result<Option<EmulatedPass>, ODataError> {
    let world = tenant.world();
    let target = world.find(id).ok_or_else(|| ODataError::not_found(id))?;
    reach::may_read_methods(&world, caller, target)?;
    Ok(target.tap.clone())
}

pub(super) async fn pass(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path((id, pass)): Path<(String, String)>,
) -> Response {
    let now = tenant.clock().now();
    match tap_of(&tenant, &caller, &id) {
        Ok(Some(tap)) if tap.id.to_string() == pass => ok(&tenant, StatusCode::OK, &shown(&tap, now, false)),
        Ok(_) => ODataError::not_found(&pass).answer(&tenant),
        Err(error) => error.answer(&tenant),
    }
}

pub(super) async fn withdraw(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path((id, pass)): Path<(String, String)>,
) -> Response {
    let done = tap_of(&tenant, &caller, &id).and_then(|tap| match tap {
        Some(tap) if tap.id.to_string() == pass => put(&tenant, &caller, &id, None),
        _ => Err(ODataError::not_found(&pass)),
    });
    match done {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => error.answer(&tenant),
    }
}

fn shown(tap: &EmulatedPass, now: Timestamp, with_code: bool) -> Value {
    let reason = match () {
        () if tap.once && tap.used => "OneTimeUsed",
        () if now < tap.starts => "NotYetValid",
        () if now >= tap.ends() => "Expired",
        () => "EnabledByPolicy",
    };
    json!({
        "id": tap.id,
        "temporaryAccessPass": with_code.then_some(&tap.code),
        "createdDateTime": seconds(tap.starts),
        "startDateTime": seconds(tap.starts),
        "lifetimeInMinutes": tap.minutes,
        "isUsableOnce": tap.once,
        "isUsable": tap.usable(now),
        "methodUsabilityReason": reason,
    })
}
