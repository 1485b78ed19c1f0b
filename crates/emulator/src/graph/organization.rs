//! The organisation and its last directory synchronisation.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use serde_json::json;

use super::caller::ApiCaller;
use super::error::success_response;
use super::odata_query::{ODataOptions, select_properties};
use super::users::format_timestamp;
use crate::EmulatedTenant;

/// Properties that are returned without `$select`.
const DEFAULT_PROPERTIES: &[&str] = &[
    "id",
    "displayName",
    "onPremisesSyncEnabled",
    "onPremisesLastSyncDateTime",
    "verifiedDomains",
    "tenantType",
    "assignedPlans",
];

pub(super) async fn list_organizations(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Query(options): Query<ODataOptions>,
) -> Response {
    let now = tenant.clock().now();
    let organization = tenant.lock_state().seed.organization.clone();
    let synced = now.saturating_sub(SignedDuration::from_secs(organization.sync_age_seconds)).unwrap_or(now);
    let full = json!({
        "id": organization.id,
        "displayName": organization.name,
        "tenantType": "AAD",
        "onPremisesSyncEnabled": true,
        "onPremisesLastSyncDateTime": format_timestamp(synced),
        "verifiedDomains": [{ "capabilities": "Email, OfficeCommunicationsOnline", "isDefault": true, "isInitial": false, "name": organization.domain, "type": "Managed" }],
        "assignedPlans": [{ "assignedDateTime": "2025-01-01T00:00:00Z", "capabilityStatus": "Enabled", "service": "AADPremiumService", "servicePlanId": "41781fb2-bc02-4b7c-bd55-b576c07bb09d" }],
    });
    let one = full
        .as_object()
        .cloned()
        .map(|map| select_properties(map, options.selected_properties().as_deref(), DEFAULT_PROPERTIES));
    let url = format!("{}/organization", tenant.0.urls.graph_url());
    success_response(&tenant, StatusCode::OK, &options.build_page(one.into_iter().collect(), &url, "organization"))
}
