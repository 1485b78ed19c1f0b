//! Errors of handlers. A middleware renders them as pages.

use std::error::Error as StdError;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;

use crate::base::format_error_chain;

/// Refusal with a stable code. Pages and tests compare the code, never the text. The message catalogue has
/// `refusal-<code>-title`, `-text` and `-do`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodedRefusal {
    pub(crate) code: &'static str,
    pub(crate) status: StatusCode,
    /// Target of the button, if the page has one.
    pub(crate) button_path: Option<&'static str>,
}

/// Error of a handler.
#[derive(Clone, Debug)]
pub(crate) enum WebError {
    /// The object is unknown or belongs to another person. Both look the same.
    NotFound,
    Refused(CodedRefusal),
    /// The rate limit is exceeded. The client may retry after this time.
    RateLimited(SignedDuration),
    /// Microsoft or the database is unavailable. Nothing was done.
    Unavailable(String),
    Internal(String),
}

impl WebError {
    pub(crate) fn internal(cause: &dyn StdError) -> Self {
        Self::Internal(format_error_chain(cause))
    }

    pub(crate) fn unavailable(cause: &dyn StdError) -> Self {
        Self::Unavailable(format_error_chain(cause))
    }

    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Refused(refusal) => refusal.status,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "E-NOT-FOUND",
            Self::Refused(refusal) => refusal.code,
            Self::RateLimited(_) => "E-LIMIT",
            Self::Unavailable(_) => "E-UNAVAILABLE",
            Self::Internal(_) => "E-INTERNAL",
        }
    }
}

impl From<crate::store::StoreError> for WebError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::unavailable(&error)
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let mut response = self.status_code().into_response();
        if let Self::RateLimited(wait) = &self
            && let Ok(value) = HeaderValue::from_str(&((wait.as_millis().max(0) + 999) / 1_000).to_string())
        {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Returns a 404 as JSON, the same for unknown references and those of other people.
pub(crate) fn json_not_found() -> Response {
    (StatusCode::NOT_FOUND, axum::Json(serde_json::json!({ "error": "E-NOT-FOUND" }))).into_response()
}
