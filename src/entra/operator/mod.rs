//! Reset operator: the service account that calls `resetPassword`.
//!
//! Its tokens are stored sealed in one row that all replicas share.
//!
//! - Each use of the refresh token replaces it.
//! - One replica refreshes at a time. It claims the row first (`refresh_owner`, `refresh_until`): a transaction held
//!   during a request to Entra would block every other writer of a SQLite database for seconds.
//! - The access token is shared through the same row.

mod account;
mod client;
mod dispatch_permit;
mod error;
mod link;
mod reset_password;
mod send_deadline;
mod store;
mod temporary_access_pass;
mod tokens;
mod validate_password;

pub(crate) use account::{LinkedOperator, OperatorCandidate};
pub(crate) use client::{OperatorClient, OperatorPrivilege};
pub(crate) use dispatch_permit::DispatchPermit;
pub(crate) use error::{OperatorError, OperatorFault};
pub(crate) use link::LinkRefusal;
pub(crate) use reset_password::{DispatchOutcome, OperationPoll, OperationStatus};
pub(crate) use temporary_access_pass::{PassStatus, TemporaryAccessPass};
pub(crate) use validate_password::{PasswordValidation, ValidationRuleName};
