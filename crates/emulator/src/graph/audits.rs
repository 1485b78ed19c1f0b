//! The directory audit log. Records appear with a delay, and requests are limited to 5 in 10 seconds by default.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::caller::ApiCaller;
use super::error::{ODataError, success_response};
use super::odata_query::{FilterComparison, ODataOptions};
use super::users::format_timestamp;
use crate::EmulatedTenant;
use crate::state::{AuditRecord, TenantState};

pub(super) async fn list_directory_audits(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Query(options): Query<ODataOptions>,
) -> Response {
    let now = tenant.clock().now();
    let comparisons = match options.parse_comparisons() {
        Ok(comparisons) => comparisons,
        Err(error) => return error.to_response(&tenant),
    };
    let mut state = tenant.lock_state();
    let limit = state.seed.throttle.audits_per_10s;
    if let Some(wait) = state.throttle_request("audits", limit, SignedDuration::from_secs(10), now) {
        drop(state);
        return ODataError::throttled(Some(wait)).to_response(&tenant);
    }
    let mut rows: Vec<&AuditRecord> = state
        .audit_records
        .iter()
        .filter(|r| r.visible_from <= now && comparisons.iter().all(|c| is_match(c, r)))
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.occurred_at));
    let all = rows.into_iter().map(|row| audit_json(&state, row)).collect();
    drop(state);
    let url = format!("{}/auditLogs/directoryAudits", tenant.0.urls.graph_url());
    success_response(&tenant, StatusCode::OK, &options.build_page(all, &url, "auditLogs/directoryAudits"))
}

/// Returns whether a record matches one comparison of the filter. Comparisons that are not emulated match nothing.
fn is_match(asked: &FilterComparison, row: &AuditRecord) -> bool {
    let time = asked.value.parse::<Timestamp>();
    match (asked.property.as_str(), asked.operator.as_str()) {
        ("activityDisplayName", "eq") => row.activity == asked.value,
        ("loggedByService", "eq") => row.service == asked.value,
        ("activityDateTime", "ge") => time.is_ok_and(|t| row.occurred_at >= t),
        ("activityDateTime", "le") => time.is_ok_and(|t| row.occurred_at <= t),
        ("targetResources/id", "eq") => row.target.to_string() == asked.value,
        _ => false,
    }
}

fn audit_json(state: &TenantState, row: &AuditRecord) -> Value {
    let named = |id| state.account_by_id(id).map_or(("", ""), |a| (a.seed.name.as_str(), a.seed.upn.as_str()));
    let (by, by_upn) = named(row.initiator);
    let (to, to_upn) = named(row.target);
    let details: Vec<Value> =
        row.agent.iter().map(|agent| json!({ "key": "OnPremisesAgent", "value": agent })).collect();
    json!({
        "id": format!("SSPR_{}_{}", row.id, row.correlation_id),
        "category": "UserManagement",
        "correlationId": row.correlation_id,
        "result": if row.success { "success" } else { "failure" },
        "resultReason": row.reason,
        "activityDisplayName": row.activity,
        "activityDateTime": format_timestamp(row.occurred_at),
        "loggedByService": row.service,
        "operationType": "Update",
        "initiatedBy": { "app": null, "user": { "id": row.initiator, "displayName": by, "userPrincipalName": by_upn, "ipAddress": null } },
        "targetResources": [{ "id": row.target, "displayName": to, "type": "User", "userPrincipalName": to_upn, "groupType": null, "modifiedProperties": [] }],
        "additionalDetails": details,
    })
}
