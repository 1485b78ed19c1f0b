//! Authentication methods and Temporary Access Passes.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::{ODataError, ok};
use super::query::Options;
use super::users::seconds;
use super::{PASSWORD_METHOD, reset};
use crate::tenant::Tenant;
use crate::tenant::world::{Tap, derived_id};

pub(super) async fn list(
    State(tenant): State<Tenant>,
    caller: Caller,
    Path(id): Path<String>,
    Query(options): Query<Options>,
) -> Response {
    let now = tenant.clock().now();
    let found = {
        let world = tenant.world();
        let Some(account) = world.find(&id) else {
            drop(world);
            return ODataError::not_found(&id).answer(&tenant);
        };
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
    let _ = caller;
    let url = format!("{}/users/{id}/authentication/methods", tenant.0.base.graph());
    ok(&tenant, StatusCode::OK, &options.page(found, &url, "authenticationMethods"))
}

pub(super) async fn passes(
    State(tenant): State<Tenant>,
    _caller: Caller,
    Path(id): Path<String>,
    Query(options): Query<Options>,
) -> Response {
    let now = tenant.clock().now();
    let found = tenant.world().find(&id).map(|a| a.tap.iter().map(|tap| shown(tap, now, false)).collect::<Vec<_>>());
    let Some(found) = found else { return ODataError::not_found(&id).answer(&tenant) };
    let url = format!("{}/users/{id}/authentication/temporaryAccessPassMethods", tenant.0.base.graph());
    ok(&tenant, StatusCode::OK, &options.page(found, &url, "temporaryAccessPassMethods"))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Wish {
    lifetime_in_minutes: Option<i64>,
    is_usable_once: Option<bool>,
    start_date_time: Option<Timestamp>,
}

/// A new pass replaces the old one; its code is shown this once.
pub(super) async fn issue(
    State(tenant): State<Tenant>,
    caller: Caller,
    Path(id): Path<String>,
    body: Result<Json<Wish>, JsonRejection>,
) -> Response {
    let Ok(Json(wish)) = body else { return ODataError::bad_request("The request body is not valid.").answer(&tenant) };
    let minutes = wish.lifetime_in_minutes.unwrap_or(60);
    if !(10..=43_200).contains(&minutes) {
        return ODataError::bad_request("lifetimeInMinutes must be between 10 and 43200.").answer(&tenant);
    }
    let now = tenant.clock().now();
    let tap = Tap {
        id: tenant.random().uuid(),
        code: tenant.random().token().chars().filter(char::is_ascii_alphanumeric).take(8).collect(),
        starts: wish.start_date_time.unwrap_or(now),
        minutes,
        once: wish.is_usable_once.unwrap_or(false),
        used: false,
    };
    let mut world = tenant.world();
    let allowed = caller.account.is_none_or(|by| reset::may_reset(&world, by, &id).is_ok());
    let Some(account) = world.find_mut(&id) else {
        drop(world);
        return ODataError::not_found(&id).answer(&tenant);
    };
    if !allowed || caller.account == Some(account.id) {
        drop(world);
        return ODataError::denied().answer(&tenant);
    }
    account.tap = Some(tap.clone());
    drop(world);
    ok(&tenant, StatusCode::CREATED, &shown(&tap, now, true))
}

pub(super) async fn pass(
    State(tenant): State<Tenant>,
    _caller: Caller,
    Path((id, pass)): Path<(String, String)>,
) -> Response {
    let now = tenant.clock().now();
    let found = tenant.world().find(&id).and_then(|a| a.tap.clone()).filter(|tap| tap.id.to_string() == pass);
    let Some(tap) = found else { return ODataError::not_found(&pass).answer(&tenant) };
    ok(&tenant, StatusCode::OK, &shown(&tap, now, false))
}

pub(super) async fn withdraw(
    State(tenant): State<Tenant>,
    _caller: Caller,
    Path((id, pass)): Path<(String, String)>,
) -> Response {
    let mut world = tenant.world();
    let found = world.find_mut(&id).filter(|a| a.tap.as_ref().is_some_and(|t| t.id.to_string() == pass));
    if let Some(account) = found {
        account.tap = None;
        return StatusCode::NO_CONTENT.into_response();
    }
    drop(world);
    ODataError::not_found(&pass).answer(&tenant)
}

fn shown(tap: &Tap, now: Timestamp, with_code: bool) -> Value {
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
