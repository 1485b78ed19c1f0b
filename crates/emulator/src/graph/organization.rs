//! The organisation and its last directory synchronisation.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use serde_json::json;

use super::caller::ApiCaller;
use super::error::ok;
use super::query::{ODataOptions, project};
use super::users::seconds;
use crate::EmulatedTenant;

/// Properties that are returned without `$select`.
const DEFAULT: &[&str] = &[
    "id",
    "displayName",
    "onPremisesSyncEnabled",
    "onPremisesLastSyncDateTime",
    "verifiedDomains",
    "tenantType",
    "assignedPlans",
];

pub(super) async fn list(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Query(options): Query<ODataOptions>,
) -> Response {
    let now = tenant.clock().now();
    let organization = tenant.world().seed.organization.clone();
    let synced = now.saturating_sub(SignedDuration::from_secs(organization.sync_age_seconds)).unwrap_or(now);
    let full = json!({
        "id": organization.id,
        "displayName": organization.name,
        "tenantType": "AAD",
        "onPremisesSyncEnabled": true,
        "onPremisesLastSyncDateTime": seconds(synced),
        "verifiedDomains": [{ "capabilities": "Email, OfficeCommunicationsOnline", "isDefault": true, "isInitial": false, "name": organization.domain, "type": "Managed" }],
        "assignedPlans": [{ "assignedDateTime": "2025-01-01T00:00:00Z", "capabilityStatus": "Enabled", "service": "AADPremiumService", "servicePlanId": "41781fb2-bc02-4b7c-bd55-b576c07bb09d" }],
    });
    let one = full.as_object().cloned().map(|map| project(map, options.select().as_deref(), DEFAULT));
    let url = format!("{}/organization", tenant.0.base.graph());
    ok(&tenant, StatusCode::OK, &options.page(one.into_iter().collect(), &url, "organization"))
}
