//! Directory roles: active and eligible assignments, and role definitions.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::caller::ApiCaller;
use super::error::{ODataError, success_response};
use super::odata_query::{ODataOptions, select_properties};
use crate::EmulatedTenant;
use crate::state::derive_object_id;

pub(super) async fn list_role_assignments(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Query(options): Query<ODataOptions>,
) -> Response {
    roles_response(&tenant, &options, false, "roleAssignments")
}

pub(super) async fn list_role_eligibilities(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Query(options): Query<ODataOptions>,
) -> Response {
    roles_response(&tenant, &options, true, "roleEligibilityScheduleInstances")
}

/// Returns active or eligible assignments. The emulator requires a filter by `principalId`, which the portal
/// sends.
fn roles_response(tenant: &EmulatedTenant, options: &ODataOptions, eligible: bool, name: &str) -> Response {
    let principal = match options.parse_comparisons() {
        Ok(comparisons) => {
            comparisons.into_iter().find(|c| c.property == "principalId" && c.operator == "eq").map(|c| c.value)
        }
        Err(error) => return error.to_response(tenant),
    };
    let Some(principal) = principal else {
        return ODataError::bad_request("A filter by principalId is required.").to_response(tenant);
    };
    let found: Vec<Value> = {
        let state = tenant.lock_state();
        let roles = state.find_account(&principal).map(|a| a.seed.roles.clone()).unwrap_or_default();
        let kept = roles.iter().filter(|r| r.eligible == eligible);
        kept.map(|r| {
            json!({
                "id": derive_object_id(&state.seed, &format!("{principal}/{}/{}", r.template, r.scope)),
                "principalId": principal,
                "roleDefinitionId": r.template,
                "directoryScopeId": r.scope,
            })
        })
        .collect()
    };
    let url = format!("{}/roleManagement/directory/{name}", tenant.0.urls.graph_url());
    success_response(
        tenant,
        StatusCode::OK,
        &options.build_page(found, &url, &format!("roleManagement/directory/{name}")),
    )
}

/// Names of built-in roles that seeds use
/// (<https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference>, read 2026-11-24).
const ROLE_NAMES: &[(&str, &str)] = &[
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    ("c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator"),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Privileged Authentication Administrator"),
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"),
    ("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator"),
    ("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"),
    ("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers"),
];

pub(super) async fn get_role_definition(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    let Some((id, name)) = ROLE_NAMES.iter().find(|(known, _)| *known == id) else {
        return ODataError::not_found(&id).to_response(&tenant);
    };
    let full = json!({ "id": id, "displayName": name, "isBuiltIn": true, "isEnabled": true, "templateId": id });
    let full = full.as_object().cloned().unwrap_or_default();
    let select = options.selected_properties();
    let names = ["id", "displayName", "isBuiltIn", "isEnabled", "templateId"];
    success_response(&tenant, StatusCode::OK, &select_properties(full, select.as_deref(), &names))
}
