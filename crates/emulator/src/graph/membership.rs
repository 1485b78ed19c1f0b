//! Groups, active tenant-wide roles and administrative units of a person.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::caller::ApiCaller;
use super::error::{ODataError, ok};
use super::query::ODataOptions;
use crate::EmulatedTenant;
use crate::world::{CloudAccount, TenantState, derived_id};

pub(super) async fn all(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    answer(&tenant, &id, &options, |world, account| {
        let mut both = typed(groups_of(world, account), "group");
        both.extend(typed(roles_of(world, account), "directoryRole"));
        both.extend(units_of(world, account));
        both
    })
}

pub(super) async fn roles(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    answer(&tenant, &id, &options, roles_of)
}

pub(super) async fn groups(
    State(tenant): State<EmulatedTenant>,
    _caller: ApiCaller,
    Path(id): Path<String>,
    Query(options): Query<ODataOptions>,
) -> Response {
    let only_assignable =
        options.comparisons().is_ok_and(|c| c.iter().any(|c| c.property == "isAssignableToRole" && c.value == "true"));
    answer(&tenant, &id, &options, |world, account| {
        let mut groups = groups_of(world, account);
        groups.retain(|g| !only_assignable || g.get("isAssignableToRole") == Some(&json!(true)));
        groups
    })
}

fn answer(
    tenant: &EmulatedTenant,
    id: &str,
    options: &ODataOptions,
    of: impl Fn(&TenantState, &CloudAccount) -> Vec<Value>,
) -> Response {
    let found = {
        let world = tenant.world();
        world.find(id).map(|account| of(&world, account))
    };
    let Some(found) = found else { return ODataError::not_found(id).answer(tenant) };
    let url = format!("{}/users/{id}/transitiveMemberOf", tenant.0.base.graph());
    ok(tenant, StatusCode::OK, &options.page(found, &url, "directoryObjects"))
}

fn groups_of(world: &TenantState, account: &CloudAccount) -> Vec<Value> {
    let mine = world.seed.groups.iter().filter(|g| g.members.contains(&account.seed.upn));
    mine.map(|g| json!({ "id": derived_id(&world.seed, &g.name), "displayName": g.name, "isAssignableToRole": g.role_assignable })).collect()
}

/// Returns active tenant-wide roles. Scoped and eligible roles are in `roleManagement` only.
fn roles_of(world: &TenantState, account: &CloudAccount) -> Vec<Value> {
    let mine = account.seed.roles.iter().filter(|r| !r.eligible && r.scope == "/");
    mine.map(|r| json!({ "id": derived_id(&world.seed, &r.template.to_string()), "displayName": null, "roleTemplateId": r.template })).collect()
}

/// Returns type and id of administrative units, as Graph does for a token that may not read them
/// (<https://learn.microsoft.com/graph/permissions-overview>, "Limited information returned for inaccessible member
/// objects", read 2026-11-25).
fn units_of(world: &TenantState, account: &CloudAccount) -> Vec<Value> {
    let mine = world.seed.units.iter().filter(|unit| unit.holds(&account.seed.upn));
    typed(mine.map(|unit| json!({ "id": unit.id })).collect(), "administrativeUnit")
}

/// Adds `@odata.type` to each object.
fn typed(objects: Vec<Value>, kind: &str) -> Vec<Value> {
    let mut objects = objects;
    for map in objects.iter_mut().filter_map(Value::as_object_mut) {
        map.insert("@odata.type".to_owned(), json!(format!("#microsoft.graph.{kind}")));
    }
    objects
}
