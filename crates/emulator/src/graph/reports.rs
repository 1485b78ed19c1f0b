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
use super::error::{ODataError, success_response};
use super::users::format_timestamp;
use crate::EmulatedTenant;

/// Age of the reports. Microsoft generates them periodically, so they are a few hours old.
const REPORT_AGE: SignedDuration = SignedDuration::from_hours(5);

/// Returns a person's registration details as a plain object, by Microsoft's schema. The documentation's example wraps
/// it (<https://learn.microsoft.com/graph/api/userregistrationdetails-get>, read 2026-11-24). The report "doesn't work
/// for disabled users"
/// (<https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails>).
pub(super) async fn get_registration_details(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
) -> Response {
    let at = tenant.clock().now().saturating_sub(REPORT_AGE).unwrap_or_default();
    let found = {
        let state = tenant.lock_state();
        state.find_account(&id).filter(|account| account.seed.enabled).map(|account| {
            let passkey = account.has_passkey();
            let methods: Vec<&str> = [
                passkey.then_some("passKeyDeviceBound"),
                account.pass.is_some().then_some("temporaryAccessPass"),
                account.seed.mobile.is_some().then_some("mobilePhone"),
            ]
            .into_iter()
            .flatten()
            .collect();
            json!({
                "@odata.context": format!("{}/$metadata#reports/authenticationMethods/userRegistrationDetails/$entity", tenant.0.urls.graph_url()),
                "id": account.id,
                "userPrincipalName": account.seed.upn,
                "userDisplayName": account.seed.name,
                "userType": if account.seed.guest { "guest" } else { "member" },
                "isAdmin": !account.seed.roles.is_empty(),
                "isSsprRegistered": false, "isSsprEnabled": false, "isSsprCapable": false,
                "isMfaRegistered": !methods.is_empty(), "isMfaCapable": !methods.is_empty(), "isPasswordlessCapable": passkey,
                "methodsRegistered": methods,
                "lastUpdatedDateTime": format_timestamp(at),
            })
        })
    };
    report_response(&tenant, found, &id)
}

/// Returns a person's risk. People without a risk get 404 (<https://learn.microsoft.com/graph/api/riskyuser-get>, read
/// 2026-11-24).
pub(super) async fn get_risky_user(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
) -> Response {
    if is_throttled(&tenant) {
        return ODataError::throttled(None).to_response(&tenant);
    }
    let at = tenant.clock().now().saturating_sub(REPORT_AGE).unwrap_or_default();
    let found = {
        let state = tenant.lock_state();
        state.find_account(&id).and_then(|account| {
            let level = account.seed.risk.as_ref()?;
            Some(json!({
                "@odata.context": format!("{}/$metadata#identityProtection/riskyUsers/$entity", tenant.0.urls.graph_url()),
                "id": account.id, "isDeleted": false, "isProcessing": false,
                "riskLevel": if account.risk_dismissed { "none" } else { level.as_str() },
                "riskState": if account.risk_dismissed { "dismissed" } else { "atRisk" }, "riskDetail": "none", "riskLastUpdatedDateTime": format_timestamp(at),
                "userDisplayName": account.seed.name, "userPrincipalName": account.seed.upn,
            }))
        })
    };
    report_response(&tenant, found, &id)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DismissRiskBody {
    user_ids: Vec<String>,
}

/// Dismisses the risk of 1 to 60 people (<https://learn.microsoft.com/graph/api/riskyuser-dismiss>, read 2026-11-25).
pub(super) async fn dismiss_risky_users(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    order: Result<Json<DismissRiskBody>, JsonRejection>,
) -> Response {
    let Ok(Json(DismissRiskBody { user_ids })) = order else {
        return ODataError::bad_request("userIds must be a list of object ids.").to_response(&tenant);
    };
    if user_ids.is_empty() || user_ids.len() > 60 {
        return ODataError::bad_request("userIds takes 1 to 60 object ids.").to_response(&tenant);
    }
    if is_throttled(&tenant) {
        return ODataError::throttled(None).to_response(&tenant);
    }
    let mut state = tenant.lock_state();
    for id in &user_ids {
        if let Some(account) = state.find_account_mut(id) {
            account.risk_dismissed = true;
        }
    }
    drop(state);
    StatusCode::NO_CONTENT.into_response()
}

/// Counts a risk request. Returns whether the limit, by default 1 request per second, is exceeded.
fn is_throttled(tenant: &EmulatedTenant) -> bool {
    let now = tenant.clock().now();
    let mut state = tenant.lock_state();
    let limit = state.seed.throttle.risks_per_second;
    state.throttle_request("risks", limit, SignedDuration::from_secs(1), now).is_some()
}

fn report_response(tenant: &EmulatedTenant, found: Option<Value>, id: &str) -> Response {
    match found {
        Some(body) => success_response(tenant, StatusCode::OK, &body),
        None => ODataError::not_found(id).to_response(tenant),
    }
}
