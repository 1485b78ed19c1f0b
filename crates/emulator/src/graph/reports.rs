//! Reports about one person: registered sign-in methods and user risk.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::ApiCaller;
use super::error::{ODataError, ok};
use super::users::seconds;
use crate::EmulatedTenant;

/// Age of the reports. Microsoft generates them periodically, so they are a few hours old.
const AGE: SignedDuration = SignedDuration::from_hours(5);

/// Returns a person's registration details as a plain object, by Microsoft's schema. The documentation's example wraps
/// it (<https://learn.microsoft.com/graph/api/userregistrationdetails-get>, read 2026-11-24). The report "doesn't work
/// for disabled users"
/// (<https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails>).
pub(super) async fn registration(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
) -> Response {
    let at = tenant.clock().now().saturating_sub(AGE).unwrap_or_default();
    let found = {
        let world = tenant.world();
        world.find(&id).filter(|account| account.seed.enabled).map(|account| {
            let passkey = account.has_passkey();
            let methods: Vec<&str> = [
                passkey.then_some("passKeyDeviceBound"),
                account.tap.is_some().then_some("temporaryAccessPass"),
                account.seed.mobile.is_some().then_some("mobilePhone"),
            ]
            .into_iter()
            .flatten()
            .collect();
            json!({
                "@odata.context": format!("{}/$metadata#reports/authenticationMethods/userRegistrationDetails/$entity", tenant.0.base.graph()),
                "id": account.id,
                "userPrincipalName": account.seed.upn,
                "userDisplayName": account.seed.name,
                "userType": if account.seed.guest { "guest" } else { "member" },
                "isAdmin": !account.seed.roles.is_empty(),
                "isSsprRegistered": false, "isSsprEnabled": false, "isSsprCapable": false,
                "isMfaRegistered": !methods.is_empty(), "isMfaCapable": !methods.is_empty(), "isPasswordlessCapable": passkey,
                "methodsRegistered": methods,
                "lastUpdatedDateTime": seconds(at),
            })
        })
    };
    answer(&tenant, found, &id)
}

/// Returns a person's risk. People without a risk get 404 (<https://learn.microsoft.com/graph/api/riskyuser-get>, read
/// 2026-11-24).
pub(super) async fn risk(State(tenant): State<EmulatedTenant>, _caller: ApiCaller, Path(id): Path<String>) -> Response {
    if too_many(&tenant) {
        return ODataError::throttled(None).answer(&tenant);
    }
    let at = tenant.clock().now().saturating_sub(AGE).unwrap_or_default();
    let found = {
        let world = tenant.world();
        world.find(&id).and_then(|account| {
            let level = account.seed.risk.as_ref()?;
            Some(json!({
                "@odata.context": format!("{}/$metadata#identityProtection/riskyUsers/$entity", tenant.0.base.graph()),
                "id": account.id, "isDeleted": false, "isProcessing": false,
                "riskLevel": if account.risk_dismissed { "none" } else { level.as_str() },
                "riskState": if account.risk_dismissed { "dismissed" } else { "atRisk" }, "riskDetail": "none", "riskLastUpdatedDateTime": seconds(at),
                "userDisplayName": account.seed.name, "userPrincipalName": account.seed.upn,
            }))
        })
    };
    answer(&tenant, found, &id)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DismissRiskBody {
    user_ids: Vec<String>,
}

/// Dismisses the risk of 1 to 60 people (<https://learn.microsoft.com/graph/api/riskyuser-dismiss>, read 2026-11-25).
pub(super) async fn dismiss(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    order: Result<Json<DismissRiskBody>, JsonRejection>,
) -> Response {
    let Ok(Json(DismissRiskBody { user_ids })) = order else {
        return ODataError::bad_request("userIds must be a list of object ids.").answer(&tenant);
    };
    if user_ids.is_empty() || user_ids.len() > 60 {
        return ODataError::bad_request("userIds takes 1 to 60 object ids.").answer(&tenant);
    }
    if too_many(&tenant) {
        return ODataError::throttled(None).answer(&tenant);
    }
    let mut world = tenant.world();
    for id in &user_ids {
        if let Some(account) = world.find_mut(id) {
            account.risk_dismissed = true;
        }
    }
    drop(world);
    StatusCode::NO_CONTENT.into_response()
}

/// Counts a risk request. Returns whether the limit, by default 1 request per second, is exceeded.
fn too_many(tenant: &EmulatedTenant) -> bool {
    let now = tenant.clock().now();
    let mut world = tenant.world();
    let limit = world.seed.throttle.risks_per_second;
    world.throttle("risks", limit, SignedDuration::from_secs(1), now).is_some()
}

fn answer(tenant: &EmulatedTenant, found: Option<Value>, id: &str) -> Response {
    match found {
        Some(body) => ok(tenant, StatusCode::OK, &body),
        None => ODataError::not_found(id).answer(tenant),
    }
}
