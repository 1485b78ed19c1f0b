//! Stores the enums of cases in text columns: `as_str` writes them and `from_name` reads them.

use sqlx::error::BoxDynError;

use super::cases::CaseOrigin;
use super::decisions::DecisionBasis;
use crate::cases::case_state::CaseState;
use crate::cases::execution_state::ExecutionStatus;
use crate::cases::policy::{CaseAction, VerificationMethod};
use crate::store::store_as_text;

/// A stored name that the type does not have: the row is corrupt, or from a newer release.
#[derive(Debug, thiserror::Error)]
#[error("unknown {column} {name:?}")]
struct UnknownName {
    column: &'static str,
    name: String,
}

/// Reads a stored name.
fn read_name<T>(column: &'static str, name: &str, read: fn(&str) -> Option<T>) -> Result<T, BoxDynError> {
    Ok(read(name).ok_or_else(|| UnknownName { column, name: name.to_owned() })?)
}

store_as_text! {
    CaseAction: |value| value.as_str().to_owned(), |name| read_name("action", name, Self::from_name);
    // Only shown: an origin of a newer release counts as the internet, which is trusted least.
    CaseOrigin: |value| value.as_str().to_owned(), |name| Ok(Self::from_name(name).unwrap_or(Self::Internet));
    CaseState: |value| value.as_str().to_owned(), |name| read_name("state", name, Self::from_name);
    DecisionBasis: |value| value.as_str().to_owned(), |name| read_name("basis", name, Self::from_name);
    ExecutionStatus: |value| value.as_str().to_owned(), |name| read_name("outcome", name, Self::from_name);
    VerificationMethod: |value| value.as_str().to_owned(), |name| read_name("method", name, Self::from_name);
}
