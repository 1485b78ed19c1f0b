//! AADSTS errors in Entra's response formats.
//!
//! Codes: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes> (read 2026-08).

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use uuid::Uuid;

use crate::EmulatedTenant;
use crate::faults::{FaultEffect, FaultTarget};

/// An AADSTS error: its number, OAuth `error` and message.
#[derive(Clone, Debug)]
pub(super) struct AadstsError {
    pub(super) code: u32,
    pub(super) error: Cow<'static, str>,
    pub(super) message: String,
}

impl AadstsError {
    pub(super) fn new(code: u32, error: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        Self { code, error: error.into(), message: text.into() }
    }

    /// Takes an [`FaultEffect::Aadsts`] fault for this call, if there is one.
    pub(super) fn from_fault(tenant: &EmulatedTenant, call: FaultTarget, account: Option<Uuid>) -> Option<Self> {
        let account = account.map(|id| id.to_string());
        let mut state = tenant.lock_state();
        let told =
            state.take_faults_matching(call, account.as_deref(), |effect| matches!(effect, FaultEffect::Aadsts { .. }));
        told.into_iter().find_map(|effect| match effect {
            FaultEffect::Aadsts { code, error } => {
                Some(Self::new(code, error, "The emulator was told to answer this."))
            }
            _ => None,
        })
    }

    pub(super) fn unknown_tenant(name: &str) -> Self {
        Self::new(
            90002,
            "invalid_request",
            format!("Tenant '{name}' not found. Check to make sure you have the correct tenant ID."),
        )
    }

    pub(super) fn unknown_app(id: &str) -> Self {
        Self::new(
            700_016,
            "unauthorized_client",
            format!("Application with identifier '{id}' was not found in the directory."),
        )
    }

    /// Returns the text of `error_description`.
    pub(super) fn description(&self, tenant: &EmulatedTenant) -> String {
        let now = tenant.clock().now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let (trace, correlation) = (tenant.random().uuid(), tenant.random().uuid());
        format!(
            "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
            self.code, self.message
        )
    }

    /// Returns the error as a response of the token endpoint.
    pub(super) fn to_response(&self, tenant: &EmulatedTenant) -> Response {
        let status = if self.error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let body = json!({
            "error": self.error,
            "error_description": self.description(tenant),
            "error_codes": [self.code],
            "timestamp": tenant.clock().now().strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            "trace_id": tenant.random().uuid(),
            "correlation_id": tenant.random().uuid(),
            "error_uri": format!("{}/error?code={}", tenant.0.urls.base_url(), self.code),
        });
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
        response
    }
}
