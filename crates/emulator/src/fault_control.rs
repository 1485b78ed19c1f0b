//! Serves the fault control: lists and changes faults, and inspects the emulator, over HTTP.
//!
//! A web page in a browser on the same machine cannot use it, because every request must meet these conditions:
//! - it arrives at a separate loopback listener with a port of its own,
//! - its `Host` is that listener's address,
//! - it carries the bearer token that is generated at each start,
//! - a body is JSON, which a page cannot send to another origin without permission.

use std::io;
use std::net::SocketAddr;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::faults::InjectedFault;
use super::{EmulatedTenant, oidc, server};
use passback_foundation::Password;

/// The fault control, bound to its listener and not yet serving.
pub(super) struct FaultControl {
    listener: TcpListener,
    address: SocketAddr,
    state: FaultControlState,
}

#[derive(Clone)]
struct FaultControlState {
    tenant: EmulatedTenant,
    host: String,
    token: String,
}

impl FaultControl {
    /// Binds a free port on 127.0.0.1 and generates the token.
    pub(super) async fn bind(tenant: &EmulatedTenant) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        let state =
            FaultControlState { tenant: tenant.clone(), host: address.to_string(), token: tenant.random().token() };
        Ok(Self { listener, address, state })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn token(&self) -> String {
        self.state.token.clone()
    }

    /// Serves requests until `stop` is cancelled.
    pub(super) async fn serve(self, stop: CancellationToken) {
        let routes = Router::new()
            .route("/faults", get(list_faults).post(add_fault).put(replace_faults))
            .route("/calls", get(list_calls))
            .route("/keys/rotate", post(rotate_signing_key))
            .route("/people/{upn}/check", post(check_password))
            .route("/people/{upn}", get(get_person))
            .route("/people/{upn}/sessions", put(revoke_sessions))
            .layer(from_fn_with_state(self.state.clone(), require_control_token))
            .with_state(self.state);
        server::serve(self.listener, routes, None, stop).await;
    }
}

async fn require_control_token(State(state): State<FaultControlState>, request: Request, next: Next) -> Response {
    match check_headers(&state, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

fn check_headers(state: &FaultControlState, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    let read = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
    if read(header::HOST) != state.host {
        return Err((StatusCode::MISDIRECTED_REQUEST, "wrong host"));
    }
    let expected = format!("Bearer {}", state.token);
    if !bool::from(read(header::AUTHORIZATION).as_bytes().ct_eq(expected.as_bytes())) {
        return Err((StatusCode::UNAUTHORIZED, "control token missing or wrong"));
    }
    Ok(())
}

async fn list_faults(State(state): State<FaultControlState>) -> Json<Vec<InjectedFault>> {
    Json(state.tenant.lock_state().faults.clone())
}

async fn add_fault(
    State(state): State<FaultControlState>,
    fault: Result<Json<InjectedFault>, JsonRejection>,
) -> Response {
    match fault {
        Ok(Json(fault)) => {
            state.tenant.lock_state().faults.push(fault);
            StatusCode::CREATED.into_response()
        }
        Err(rejection) => rejection.into_response(),
    }
}

async fn replace_faults(
    State(state): State<FaultControlState>,
    faults: Result<Json<Vec<InjectedFault>>, JsonRejection>,
) -> Response {
    match faults {
        Ok(Json(faults)) => {
            state.tenant.lock_state().faults = faults;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(rejection) => rejection.into_response(),
    }
}

async fn list_calls(State(state): State<FaultControlState>) -> Json<Value> {
    Json(json!(state.tenant.lock_state().calls))
}

async fn rotate_signing_key(State(state): State<FaultControlState>) -> Response {
    match oidc::generate_signing_key(state.tenant.random()).await {
        Ok(key) => {
            state.tenant.0.keys.rotate(key);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordCheck {
    password: Password,
}

/// Returns whether this is the person's password, as `cloud` and `directory`. `directory` is null for a real directory
/// and for an account that is not synchronised.
async fn check_password(
    State(state): State<FaultControlState>,
    Path(upn): Path<String>,
    body: Result<Json<PasswordCheck>, JsonRejection>,
) -> Response {
    let Json(asked) = match body {
        Ok(body) => body,
        Err(rejection) => return rejection.into_response(),
    };
    let typed = asked.password.expose_password();
    let (sam, cloud) = {
        let tenant_state = state.tenant.lock_state();
        let Some(account) = tenant_state.find_account(&upn) else { return StatusCode::NOT_FOUND.into_response() };
        (account.sam_account_name().to_owned(), account.password.matches(typed))
    };
    Json(json!({ "cloud": cloud, "directory": state.tenant.0.directory.is_current_password(&sam, typed) }))
        .into_response()
}

/// Returns a person's object id, password state and directory account status.
async fn get_person(State(state): State<FaultControlState>, Path(upn): Path<String>) -> Response {
    let tenant_state = state.tenant.lock_state();
    let Some(account) = tenant_state.find_account(&upn) else { return StatusCode::NOT_FOUND.into_response() };
    Json(json!({
        "id": account.id, "must_change": account.must_change, "last_password_change": account.last_password_change,
        "directory": state.tenant.0.directory.account_status(account.sam_account_name()),
    }))
    .into_response()
}

/// Revokes a person's sessions and refresh tokens, like an administrator.
async fn revoke_sessions(State(state): State<FaultControlState>, Path(upn): Path<String>) -> Response {
    let now = state.tenant.clock().now();
    let mut tenant_state = state.tenant.lock_state();
    let Some(account) = tenant_state.find_account_mut(&upn) else { return StatusCode::NOT_FOUND.into_response() };
    account.sessions_valid_from = now;
    StatusCode::NO_CONTENT.into_response()
}
