//! Groups, active tenant-wide roles and administrative units of a person.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::caller::ApiCaller;
use super::error::{ODataError, success_response};
use super::odata_query::ODataOptions;
use crate::EmulatedTenant;
use crate::state::{CloudAccount, TenantState, derive_object_id};

pub(super) async fn list_memberships(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    membership_response(&tenant, &id, &options, |state, account| {
        let mut both = with_odata_type(groups_json(state, account), "group");
        both.extend(with_odata_type(roles_json(state, account), "directoryRole"));
        both.extend(units_json(state, account));
        both
    })
}

pub(super) async fn list_directory_roles(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    membership_response(&tenant, &id, &options, roles_json)
}

pub(super) async fn list_groups(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    let only_assignable = options
        .parse_comparisons()
        .is_ok_and(|c| c.iter().any(|c| c.property == "isAssignableToRole" && c.value == "true"));
    membership_response(&tenant, &id, &options, |state, account| {
        let mut groups = groups_json(state, account);
        groups.retain(|g| !only_assignable || g.get("isAssignableToRole") == Some(&json!(true)));
        groups
    })
}

fn membership_response(
    tenant: &EmulatedTenant,
    id: &str,
    options: &ODataOptions,
    of: impl Fn(&TenantState, &CloudAccount) -> Vec<Value>,
) -> Response {
    let found = {
        let state = tenant.lock_state();
        state.find_account(id).map(|account| of(&state, account))
    };
    let Some(found) = found else { return ODataError::not_found(id).to_response(tenant) };
    let url = format!("{}/users/{id}/transitiveMemberOf", tenant.0.urls.graph_url());
    success_response(tenant, StatusCode::OK, &options.build_page(found, &url, "directoryObjects"))
}

fn groups_json(state: &TenantState, account: &CloudAccount) -> Vec<Value> {
    let mine = state.seed.groups.iter().filter(|g| g.members.contains(&account.seed.upn));
    mine.map(|g| json!({ "id": derive_object_id(&state.seed, &g.name), "displayName": g.name, "isAssignableToRole": g.role_assignable })).collect()
}

/// Returns active tenant-wide roles. Scoped and eligible roles are in `roleManagement` only.
fn roles_json(state: &TenantState, account: &CloudAccount) -> Vec<Value> {
    let mine = account.seed.roles.iter().filter(|r| !r.eligible && r.scope == "/");
    mine.map(|r| json!({ "id": derive_object_id(&state.seed, &r.template.to_string()), "displayName": null, "roleTemplateId": r.template })).collect()
}

/// Returns type and id of administrative units, as Graph does for a token that may not read them
/// (<https://learn.microsoft.com/graph/permissions-overview>, "Limited information returned for inaccessible member
/// objects", read 2026-11-25).
fn units_json(state: &TenantState, account: &CloudAccount) -> Vec<Value> {
    let mine = state.seed.units.iter().filter(|unit| unit.has_member(&account.seed.upn));
    with_odata_type(mine.map(|unit| json!({ "id": unit.id })).collect(), "administrativeUnit")
}

/// Adds `@odata.type` to each object.
fn with_odata_type(objects: Vec<Value>, kind: &str) -> Vec<Value> {
    let mut objects = objects;
    for map in objects.iter_mut().filter_map(Value::as_object_mut) {
        map.insert("@odata.type".to_owned(), json!(format!("#microsoft.graph.{kind}")));
    }
    objects
}
