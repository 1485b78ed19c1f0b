//! The reset and the operation it starts.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::{Uuid, uuid};

use super::PASSWORD_METHOD;
use super::caller::Caller;
use super::error::{ODataError, ok};
use super::users::seconds;
use crate::base::Secret;
use crate::tenant::Tenant;
use crate::tenant::faults::{Call, Effect};
use crate::tenant::server::Faults;
use crate::tenant::world::{Stage, World};
use crate::tenant::writeback::Accepted;

const GLOBAL_ADMIN: Uuid = uuid!("62e90394-69f5-4237-9190-012177145e10");
const PRIVILEGED_AUTH_ADMIN: Uuid = uuid!("7be44c8a-adaf-4e2a-84d6-ab2649e08a13");
const AUTH_ADMIN: Uuid = uuid!("c4e39bd9-1100-46d3-8c65-fb160da0071f");
const HELPDESK_ADMIN: Uuid = uuid!("729827e3-9c14-49f7-bb1b-9608f156bbb8");
const PASSWORD_ADMIN: Uuid = uuid!("966707d0-3269-4727-9be2-8c3a10f19b9d");
const USER_ADMIN: Uuid = uuid!("fe930be7-5e62-47db-91af-98c3a49a38b1");
const DIRECTORY_READERS: Uuid = uuid!("88d8e3e3-8f55-4a1e-953a-9b9898b8876b");
const GUEST_INVITER: Uuid = uuid!("95e79109-95c0-4d8e-aee3-d01accf2d47b");
const REPORTS_READER: Uuid = uuid!("4a5d8f65-41da-4de4-8968-e035b65339cf");
const MESSAGE_CENTER_READER: Uuid = uuid!("790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b");
const USAGE_REPORTS_READER: Uuid = uuid!("75934031-6c7e-415a-99d7-48dbd49e875e");
const GLOBAL_READER: Uuid = uuid!("f2ef992c-3afb-46b9-b7cf-a126ee74c451");

/// The body takes `newPassword` and nothing else: the contract says `additionalProperties: false`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(rename = "newPassword")]
    new_password: Option<Secret>,
}

pub(super) async fn reset(
    State(tenant): State<Tenant>,
    caller: Caller,
    Path((id, method)): Path<(String, String)>,
    Extension(Faults(effects)): Extension<Faults>,
    body: Bytes,
) -> Response {
    match accept(&tenant, &caller, &id, &method, &effects, &body) {
        Ok((account, operation)) => accepted(&tenant, account, operation, &effects),
        Err(error) => error.answer(&tenant),
    }
}

fn accept(
    tenant: &Tenant,
    caller: &Caller,
    id: &str,
    method: &str,
    effects: &[Effect],
    body: &[u8],
) -> Result<(Uuid, Uuid), ODataError> {
    let operator = caller.account.ok_or_else(ODataError::denied)?;
    if method != PASSWORD_METHOD {
        return Err(ODataError::bad_request("The method is not supported for this URL."));
    }
    let empty = body.is_empty();
    let read: Body = if empty {
        Body { new_password: None }
    } else {
        serde_json::from_slice(body).map_err(|_| ODataError::bad_request("The request body is not valid."))?
    };
    let mut world = tenant.world();
    let account = world.find(id).ok_or_else(|| ODataError::not_found(id))?;
    let (account, synced) = (account.id, account.seed.synced);
    if account == operator {
        return Err(ODataError::new(
            StatusCode::FORBIDDEN,
            "accessDenied",
            "You cannot reset your own password with this call.",
        ));
    }
    may_reset(&world, operator, id)?;
    let Some(password) = read.new_password else {
        let text = if synced {
            "newPassword is required for users synchronised from on-premises."
        } else {
            "This emulator makes no passwords."
        };
        return Err(ODataError::bad_request(text));
    };
    let mut path = world.take_faults(Call::Writeback, Some(id));
    drop(world);
    path.extend(effects.iter().cloned());
    let lost = effects.contains(&Effect::LoseOperation);
    let accepted = Accepted { account, operator, password, lost, effects: path };
    Ok((account, tenant.accept(accepted)))
}

fn accepted(tenant: &Tenant, account: Uuid, operation: Uuid, effects: &[Effect]) -> Response {
    let mut location = Some(format!(
        "{}/users/{account}/authentication/operations/{operation}?aadgdc=DUB02P&aadgsu=ssprprod-a",
        tenant.0.base.graph()
    ));
    for effect in effects {
        match effect {
            Effect::Location { url } => location = Some(url.clone()),
            Effect::NoLocation => location = None,
            _ => {}
        }
    }
    let mut response = StatusCode::ACCEPTED.into_response();
    let headers = response.headers_mut();
    if let Some(value) = location.and_then(|l| HeaderValue::from_str(&l).ok()) {
        headers.insert(header::LOCATION, value);
    }
    if let Some(seconds) = tenant.world().seed.writeback.retry_after_seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Ok(value) = HeaderValue::from_str(&tenant.random().uuid().to_string()) {
        headers.insert("request-id", value);
    }
    response
}

/// Microsoft's table "Who can reset passwords"
/// (<https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions>, read 2026-08).
pub(super) fn may_reset(world: &World, operator: Uuid, target: &str) -> Result<(), ODataError> {
    let Some(target) = world.find(target) else { return Err(ODataError::not_found(target)) };
    let active = |id: Uuid| -> Vec<Uuid> {
        world
            .account(id)
            .map_or_else(Vec::new, |a| a.seed.roles.iter().filter(|r| !r.eligible).map(|r| r.template).collect())
    };
    let mine = active(operator);
    let privileged = mine.iter().any(|r| [GLOBAL_ADMIN, PRIVILEGED_AUTH_ADMIN].contains(r));
    let special = target.in_role_assignable_group(&world.seed) || target.seed.restricted;
    let reach = |role: &Uuid| reaches(&mine, *role);
    let plain = mine.iter().any(|r| [AUTH_ADMIN, HELPDESK_ADMIN, PASSWORD_ADMIN, USER_ADMIN].contains(r));
    let theirs = active(target.id);
    let allowed = privileged || (plain && !special && theirs.iter().all(reach));
    if allowed { Ok(()) } else { Err(ODataError::denied()) }
}

/// Whether one of my roles may reset somebody who holds `theirs`.
fn reaches(mine: &[Uuid], theirs: Uuid) -> bool {
    let by: &[Uuid] = match theirs {
        DIRECTORY_READERS | GUEST_INVITER | PASSWORD_ADMIN => &[PASSWORD_ADMIN, HELPDESK_ADMIN, AUTH_ADMIN, USER_ADMIN],
        MESSAGE_CENTER_READER | REPORTS_READER | USAGE_REPORTS_READER => &[HELPDESK_ADMIN, AUTH_ADMIN, USER_ADMIN],
        HELPDESK_ADMIN => &[HELPDESK_ADMIN, USER_ADMIN],
        AUTH_ADMIN => &[AUTH_ADMIN],
        USER_ADMIN => &[USER_ADMIN],
        _ => &[],
    };
    mine.iter().any(|role| by.contains(role))
}

pub(super) async fn operation(
    State(tenant): State<Tenant>,
    caller: Caller,
    Path((id, operation)): Path<(String, String)>,
) -> Response {
    tenant.run_due().await;
    match look(&tenant, &caller, &id, &operation) {
        Ok(body) => ok(&tenant, StatusCode::OK, &body),
        Err(error) => error.answer(&tenant),
    }
}

fn look(tenant: &Tenant, caller: &Caller, id: &str, operation: &str) -> Result<serde_json::Value, ODataError> {
    let now = tenant.clock().now();
    let world = tenant.world();
    let target = world.find(id).ok_or_else(|| ODataError::not_found(id))?;
    if caller.account != Some(target.id) && !reads_operations(&world, caller) {
        return Err(ODataError::denied());
    }
    let wanted = Uuid::parse_str(operation).ok();
    let found = world.operations.iter().find(|o| Some(o.id) == wanted && o.account == target.id && !o.lost);
    let found = found
        .ok_or_else(|| ODataError::new(StatusCode::NOT_FOUND, "resourceNotFound", "The operation was not found."))?;
    let age = now.duration_since(found.created).as_millis();
    let span = found.due.duration_since(found.created).as_millis();
    let (status, detail) = match &found.stage {
        Stage::Waiting if age * 5 < span => ("notStarted", None),
        Stage::Waiting | Stage::Carrying => ("running", None),
        Stage::Succeeded => ("succeeded", Some("ResetSuccess")),
        Stage::Failed(detail) => ("failed", Some(detail.as_str())),
    };
    let base = tenant.0.base.graph();
    Ok(json!({
        "@odata.context": format!("{base}/$metadata#users('{}')/authentication/operations/$entity", target.id),
        "id": found.id,
        "createdDateTime": seconds(found.created),
        "lastActionDateTime": seconds(found.last_action),
        "status": status,
        "statusDetail": detail,
        "resourceLocation": format!("{base}/users/{}/authentication/methods/{PASSWORD_METHOD}", target.id),
    }))
}

/// Reading other people's operations takes one of four roles; being able to reset is not enough (longrunningoperation-get.md).
fn reads_operations(world: &World, caller: &Caller) -> bool {
    const READERS: [Uuid; 4] = [GLOBAL_ADMIN, GLOBAL_READER, PRIVILEGED_AUTH_ADMIN, AUTH_ADMIN];
    let account = caller.account.and_then(|id| world.account(id));
    account.is_some_and(|a| a.seed.roles.iter().any(|r| !r.eligible && READERS.contains(&r.template)))
}
