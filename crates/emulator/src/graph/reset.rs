//! `resetPassword` and the long-running operation that it starts.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::caller::ApiCaller;
use super::error::{ODataError, success_response};
use super::users::format_timestamp;
use super::{PASSWORD_METHOD_ID, role_reach};
use crate::EmulatedTenant;
use crate::faults::{FaultEffect, FaultTarget};
use crate::server::ActiveFaults;
use crate::state::OperationStage;
use crate::writeback_agent::AcceptedReset;
use passback_foundation::Secret;

/// The request body. `newPassword` is its only property, because Microsoft's schema says `additionalProperties: false`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResetPasswordBody {
    #[serde(rename = "newPassword")]
    new_password: Option<Secret>,
}

pub(super) async fn reset_password(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path((id, method)): Path<(String, String)>,
    Extension(ActiveFaults(effects)): Extension<ActiveFaults>,
    body: Bytes,
) -> Response {
    match accept_reset(&tenant, &caller, &id, &method, &effects, &body) {
        Ok((account, operation)) => accepted_response(&tenant, account, operation, &effects),
        Err(error) => error.to_response(&tenant),
    }
}

/// Validates a reset and queues it. Returns the account and the operation.
fn accept_reset(
    tenant: &EmulatedTenant,
    caller: &ApiCaller,
    id: &str,
    method: &str,
    effects: &[FaultEffect],
    body: &[u8],
) -> Result<(Uuid, Uuid), ODataError> {
    let operator = caller.account_id.ok_or_else(ODataError::denied)?;
    if method != PASSWORD_METHOD_ID {
        return Err(ODataError::bad_request("The method is not supported for this URL."));
    }
    let empty = body.is_empty();
    let read: ResetPasswordBody = if empty {
        ResetPasswordBody { new_password: None }
    } else {
        serde_json::from_slice(body).map_err(|_| ODataError::bad_request("The request body is not valid."))?
    };
    let mut state = tenant.lock_state();
    let account = state.find_account(id).ok_or_else(|| ODataError::not_found(id))?;
    let (account, synced) = (account.id, account.seed.synced);
    if account == operator {
        return Err(ODataError::new(
            StatusCode::FORBIDDEN,
            "accessDenied",
            "You cannot reset your own password with this call.",
        ));
    }
    role_reach::check_may_reset(&state, operator, id)?;
    let Some(password) = read.new_password else {
        let text = if synced {
            "newPassword is required for users synchronised from on-premises."
        } else {
            "This emulator makes no passwords."
        };
        return Err(ODataError::bad_request(text));
    };
    let mut path = state.take_faults(FaultTarget::Writeback, Some(id));
    drop(state);
    path.extend(effects.iter().cloned());
    let lost = effects.contains(&FaultEffect::LoseOperation);
    let accepted = AcceptedReset { account, operator, password, lost, effects: path };
    Ok((account, tenant.queue_reset(accepted)))
}

/// Returns the 202 response with the operation's `Location`, changed by faults.
fn accepted_response(tenant: &EmulatedTenant, account: Uuid, operation: Uuid, effects: &[FaultEffect]) -> Response {
    let mut location = Some(format!(
        "{}/users/{account}/authentication/operations/{operation}?aadgdc=DUB02P&aadgsu=ssprprod-a",
        tenant.0.urls.graph_url()
    ));
    for effect in effects {
        match effect {
            FaultEffect::Location { url } => location = Some(url.clone()),
            FaultEffect::NoLocation => location = None,
            _ => {}
        }
    }
    let mut response = StatusCode::ACCEPTED.into_response();
    let headers = response.headers_mut();
    if let Some(value) = location.and_then(|l| HeaderValue::from_str(&l).ok()) {
        headers.insert(header::LOCATION, value);
    }
    if let Some(seconds) = tenant.lock_state().seed.writeback.retry_after_seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Ok(value) = HeaderValue::from_str(&tenant.random().uuid().to_string()) {
        headers.insert("request-id", value);
    }
    response
}

pub(super) async fn get_operation(
    State(tenant): State<EmulatedTenant>,
    caller: ApiCaller,
    Path((id, operation)): Path<(String, String)>,
) -> Response {
    tenant.run_due_operations().await;
    match operation_json(&tenant, &caller, &id, &operation) {
        Ok(body) => success_response(&tenant, StatusCode::OK, &body),
        Err(error) => error.to_response(&tenant),
    }
}

/// Returns the operation as Graph's JSON. Its status is `notStarted` for the first fifth of the delay, then `running`.
fn operation_json(
    tenant: &EmulatedTenant,
    caller: &ApiCaller,
    id: &str,
    operation: &str,
) -> Result<serde_json::Value, ODataError> {
    let now = tenant.clock().now();
    let state = tenant.lock_state();
    let target = state.find_account(id).ok_or_else(|| ODataError::not_found(id))?;
    role_reach::check_may_read_methods(&state, caller, target)?;
    let wanted = Uuid::parse_str(operation).ok();
    let found = state.operations.iter().find(|o| Some(o.id) == wanted && o.account == target.id && !o.lost);
    let found = found
        .ok_or_else(|| ODataError::new(StatusCode::NOT_FOUND, "resourceNotFound", "The operation was not found."))?;
    let age = now.duration_since(found.created_at).as_millis();
    let span = found.due_at.duration_since(found.created_at).as_millis();
    let (status, detail) = match &found.stage {
        OperationStage::Waiting if age * 5 < span => ("notStarted", None),
        OperationStage::Waiting | OperationStage::WritingBack => ("running", None),
        OperationStage::Succeeded => ("succeeded", Some("ResetSuccess")),
        OperationStage::Failed(detail) => ("failed", Some(detail.as_str())),
    };
    let base = tenant.0.urls.graph_url();
    Ok(json!({
        "@odata.context": format!("{base}/$metadata#users('{}')/authentication/operations/$entity", target.id),
        "id": found.id,
        "createdDateTime": format_timestamp(found.created_at),
        "lastActionDateTime": format_timestamp(found.last_action_at),
        "status": status,
        "statusDetail": detail,
        "resourceLocation": format!("{base}/users/{}/authentication/methods/{PASSWORD_METHOD_ID}", target.id),
    }))
}
