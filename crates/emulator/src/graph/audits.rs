//! The directory audit log. Records appear with a delay, and requests are limited to 5 in 10 seconds by default.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::caller::ApiCaller;
use super::error::{ODataError, ok};
use super::query::{FilterComparison, ODataOptions};
use super::users::seconds;
use crate::EmulatedTenant;
use crate::world::{AuditRecord, TenantState};

pub(super) async fn list(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Query(options): Query<ODataOptions>,
) -> Response {
    let now = tenant.clock().now();
    let comparisons = match options.comparisons() {
        Ok(comparisons) => comparisons,
        Err(error) => return error.answer(&tenant),
    };
    let mut world = tenant.world();
    let limit = world.seed.throttle.audits_per_10s;
    if let Some(wait) = world.throttle("audits", limit, SignedDuration::from_secs(10), now) {
        drop(world);
        return ODataError::throttled(Some(wait)).answer(&tenant);
    }
    let mut rows: Vec<&AuditRecord> =
        world.audits.iter().filter(|r| r.shown_from <= now && comparisons.iter().all(|c| keeps(c, r))).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.at));
    let all = rows.into_iter().map(|row| shown(&world, row)).collect();
    drop(world);
    let url = format!("{}/auditLogs/directoryAudits", tenant.0.base.graph());
    ok(&tenant, StatusCode::OK, &options.page(all, &url, "auditLogs/directoryAudits"))
}

/// Returns whether a record matches one comparison of the filter. Comparisons that are not emulated match nothing.
fn keeps(asked: &FilterComparison, row: &AuditRecord) -> bool {
    let time = asked.value.parse::<Timestamp>();
    match (asked.property.as_str(), asked.operator.as_str()) {
        ("activityDisplayName", "eq") => row.activity == asked.value,
        ("loggedByService", "eq") => row.service == asked.value,
        ("activityDateTime", "ge") => time.is_ok_and(|t| row.at >= t),
        ("activityDateTime", "le") => time.is_ok_and(|t| row.at <= t),
        ("targetResources/id", "eq") => row.target.to_string() == asked.value,
        _ => false,
    }
}

fn shown(world: &TenantState, row: &AuditRecord) -> Value {
    let named = |id| world.account(id).map_or(("", ""), |a| (a.seed.name.as_str(), a.seed.upn.as_str()));
    let (by, by_upn) = named(row.initiator);
    let (to, to_upn) = named(row.target);
    let details: Vec<Value> =
        row.agent.iter().map(|agent| json!({ "key": "OnPremisesAgent", "value": agent })).collect();
    json!({
        "id": format!("SSPR_{}_{}", row.id, row.correlation),
        "category": "UserManagement",
        "correlationId": row.correlation,
        "result": if row.success { "success" } else { "failure" },
        "resultReason": row.reason,
        "activityDisplayName": row.activity,
        "activityDateTime": seconds(row.at),
        "loggedByService": row.service,
        "operationType": "Update",
        "initiatedBy": { "app": null, "user": { "id": row.initiator, "displayName": by, "userPrincipalName": by_upn, "ipAddress": null } },
        "targetResources": [{ "id": row.target, "displayName": to, "type": "User", "userPrincipalName": to_upn, "groupType": null, "modifiedProperties": [] }],
        "additionalDetails": details,
    })
}
