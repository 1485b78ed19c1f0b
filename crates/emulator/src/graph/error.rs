//! Graph's response formats: `OData` errors `{"error":{"code","message","innerError":{…}}}`, and request ids.

use axum::Json;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::EmulatedTenant;

/// An error response of Graph.
#[derive(Debug)]
pub(crate) struct ODataError {
    status: StatusCode,
    code: String,
    message: String,
    retry_after: Option<i64>,
    /// Claims challenge: only a token issued after this time, in Unix seconds, is accepted.
    not_before: Option<i64>,
}

impl ODataError {
    pub(crate) fn new(status: StatusCode, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned(), retry_after: None, not_before: None }
    }

    pub(super) fn denied() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    }

    pub(super) fn unauthenticated(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
    }

    /// Returns the claims challenge for a client that can handle it, with Graph's text for a revoked session
    /// (<https://learn.microsoft.com/entra/identity-platform/claims-challenge>, read 2026-11-23).
    pub(crate) fn claims_challenge(not_before: i64) -> Self {
        let text = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp";
        Self { not_before: Some(not_before), ..Self::unauthenticated(text) }
    }

    pub(super) fn not_found(name: &str) -> Self {
        let message = format!(
            "Resource '{name}' does not exist or one of its queried reference-property objects are not present."
        );
        Self::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", &message)
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "badRequest", message)
    }

    /// Returns the error for a filter that Entra does not support for this property.
    pub(super) fn unsupported_filter(property: &str) -> Self {
        let message = format!(
            "Unsupported or invalid query filter clause specified for property '{property}' of resource 'User'."
        );
        Self::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", &message)
    }

    pub(super) fn throttled(retry_after: Option<i64>) -> Self {
        let error =
            Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "Too many requests. Please try again later.");
        Self { retry_after, ..error }
    }

    pub(crate) fn to_response(&self, tenant: &EmulatedTenant) -> Response {
        let request_id = tenant.random().uuid().to_string();
        let body = json!({ "error": {
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": tenant.clock().now().strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                "request-id": request_id,
                "client-request-id": request_id,
            },
        }});
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        for name in ["request-id", "client-request-id"] {
            if let Ok(value) = HeaderValue::from_str(&request_id) {
                headers.insert(name, value);
            }
        }
        if let Some(seconds) = self.retry_after {
            headers.insert("retry-after", HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let error = match self.not_before {
                None => r#"error="invalid_token""#.to_owned(),
                Some(since) => {
                    let claims =
                        json!({ "access_token": { "nbf": { "essential": true, "value": since.to_string() } } });
                    format!(r#"error="insufficient_claims", claims="{}""#, STANDARD.encode(claims.to_string()))
                }
            };
            let header = format!(
                r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", {error}"#
            );
            if let Ok(value) = HeaderValue::from_str(&header) {
                headers.insert("www-authenticate", value);
            }
        }
        response
    }
}

/// Returns a successful response with Graph's `request-id` header.
pub(super) fn success_response(tenant: &EmulatedTenant, status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    if let Ok(value) = HeaderValue::from_str(&tenant.random().uuid().to_string()) {
        response.headers_mut().insert("request-id", value);
    }
    response
}
