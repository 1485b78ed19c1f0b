//! Conditional Access policies and authentication strengths. Policy requests are limited to 1 per second by default;
//! 429 has no `Retry-After`.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::caller::ApiCaller;
use super::error::{ODataError, success_response};
use super::odata_query::ODataOptions;
use crate::EmulatedTenant;
use crate::seed::{AuthenticationStrength, EmulatedPolicy};
use crate::state::{TenantState, derive_object_id};

pub(super) async fn list_policies(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Query(options): Query<ODataOptions>,
) -> Response {
    let now = tenant.clock().now();
    let mut state = tenant.lock_state();
    let limit = state.seed.throttle.policies_per_second;
    if state.throttle_request("policies", limit, SignedDuration::from_secs(1), now).is_some() {
        drop(state);
        return ODataError::throttled(None).to_response(&tenant);
    }
    let all = state.seed.policies.iter().map(|policy| policy_json(&state, policy)).collect();
    drop(state);
    let url = format!("{}/identity/conditionalAccess/policies", tenant.0.urls.graph_url());
    success_response(&tenant, StatusCode::OK, &options.build_page(all, &url, "identity/conditionalAccess/policies"))
}

pub(super) async fn get_strength(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
) -> Response {
    let found = tenant.lock_state().seed.strengths.iter().find(|s| s.id == id).map(strength_json);
    match found {
        Some(body) => success_response(&tenant, StatusCode::OK, &body),
        None => ODataError::not_found(&id).to_response(&tenant),
    }
}

fn strength_json(strength: &AuthenticationStrength) -> Value {
    json!({
        "id": strength.id, "displayName": strength.name, "description": "", "requirementsSatisfied": "mfa",
        "policyType": if strength.id.starts_with("00000000") { "builtIn" } else { "custom" },
        "allowedCombinations": strength.combinations,
    })
}

fn policy_json(state: &TenantState, policy: &EmulatedPolicy) -> Value {
    let ids = |names: &[String]| -> Vec<Value> {
        names.iter().filter_map(|n| state.find_account(n)).map(|a| json!(a.id)).collect()
    };
    let groups: Vec<Value> =
        policy.exclude_groups.iter().map(|name| json!(derive_object_id(&state.seed, name))).collect();
    let strength =
        policy.strength.as_ref().and_then(|id| state.seed.strengths.iter().find(|s| &s.id == id)).map(strength_json);
    let mut conditions = json!({
        "userRiskLevels": [], "signInRiskLevels": [], "servicePrincipalRiskLevels": [], "insiderRiskLevels": null,
        "clientAppTypes": ["all"], "platforms": null, "locations": null, "devices": null, "authenticationFlows": null,
        "clientApplications": null,
        "applications": { "includeApplications": [], "excludeApplications": [], "includeUserActions": [], "includeAuthenticationContextClassReferences": policy.contexts, "applicationFilter": null },
        "users": {
            "includeUsers": ["All"], "excludeUsers": ids(&policy.exclude_people),
            "includeGroups": [], "excludeGroups": groups, "includeRoles": [], "excludeRoles": policy.exclude_roles,
            "includeGuestsOrExternalUsers": null, "excludeGuestsOrExternalUsers": null,
        },
    });
    if let Some(shown) = conditions.as_object_mut() {
        shown.extend(policy.conditions.iter().map(|(name, value)| (name.clone(), json!(value))));
    }
    json!({
        "id": policy.id,
        "displayName": policy.name,
        "state": policy.state,
        "conditions": conditions,
        "grantControls": { "operator": "OR", "builtInControls": policy.or_controls, "customAuthenticationFactors": [], "termsOfUse": [], "authenticationStrength": strength },
        "sessionControls": policy.every_time.then(|| json!({
            "signInFrequency": { "isEnabled": true, "frequencyInterval": "everyTime", "authenticationType": "primaryAndSecondaryAuthentication", "type": null, "value": null },
        })),
    })
}
