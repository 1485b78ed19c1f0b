//! Turns errors of case operations into HTTP, for the pages of staff and of people.
//!
//! - A person who does not exist and a case that does not exist look the same.

use axum::http::StatusCode;

use crate::cases::CaseError;
use crate::web::{CodedRefusal, WebError};

impl From<CaseError> for WebError {
    /// Returns the error page of a failed operation.
    ///
    /// A refusal has its own page only when a case is opened. On the page of a case it is a message.
    fn from(error: CaseError) -> Self {
        match error {
            CaseError::Refused(refusal) => Self::Refused(CodedRefusal {
                code: refusal.as_str(),
                status: StatusCode::CONFLICT,
                button_path: Some("/helpdesk/cases"),
            }),
            CaseError::CaseNotFound | CaseError::PersonNotFound => Self::NotFound,
            CaseError::Store(error) => error.into(),
            CaseError::Graph(error) => Self::unavailable(&error),
        }
    }
}
