//! Directory roles: active assignments and eligibilities, tenant-wide and scoped.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::{ODataError, ok};
use super::query::Options;
use crate::tenant::Tenant;
use crate::tenant::world::derived_id;

pub(super) async fn assignments(
    State(tenant): State<Tenant>,
    _caller: Caller,
    Query(options): Query<Options>,
) -> Response {
    answer(&tenant, &options, false, "roleAssignments")
}

pub(super) async fn eligibilities(
    State(tenant): State<Tenant>,
    _caller: Caller,
    Query(options): Query<Options>,
) -> Response {
    answer(&tenant, &options, true, "roleEligibilityScheduleInstances")
}

/// Both lists must be filtered by principal here, as the portal does.
fn answer(tenant: &Tenant, options: &Options, eligible: bool, name: &str) -> Response {
    let principal = match options.comparisons() {
        Ok(comparisons) => {
            comparisons.into_iter().find(|c| c.property == "principalId" && c.operator == "eq").map(|c| c.value)
        }
        Err(error) => return error.answer(tenant),
    };
    let Some(principal) = principal else {
        return ODataError::bad_request("A filter by principalId is required.").answer(tenant);
    };
    let found: Vec<Value> = {
        let world = tenant.world();
        let roles = world.find(&principal).map(|a| a.seed.roles.clone()).unwrap_or_default();
        let kept = roles.iter().filter(|r| r.eligible == eligible);
        kept.map(|r| {
            json!({
                "id": derived_id(&world.seed, &format!("{principal}/{}/{}", r.template, r.scope)),
                "principalId": principal,
                "roleDefinitionId": r.template,
                "directoryScopeId": r.scope,
            })
        })
        .collect()
    };
    let url = format!("{}/roleManagement/directory/{name}", tenant.0.base.graph());
    ok(tenant, StatusCode::OK, &options.page(found, &url, &format!("roleManagement/directory/{name}")))
}
