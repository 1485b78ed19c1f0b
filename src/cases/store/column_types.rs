//! Stores the enums of cases in text columns: `as_str` writes them and `from_name` reads them.

use super::cases::CaseOrigin;
use super::decisions::DecisionBasis;
use crate::cases::case_state::CaseState;
use crate::cases::execution_state::ExecutionStatus;
use crate::cases::policy::{CaseAction, VerificationMethod};

/// A stored name that the type does not have: the row is corrupt, or from a newer release.
#[derive(Debug, thiserror::Error)]
#[error("unknown {column} {name:?}")]
struct UnknownName {
    column: &'static str,
    name: String,
}

macro_rules! store_as_name {
    ($($name:ty => $column:literal),+ $(,)?) => {$(
        impl<D: sqlx::Database> sqlx::Type<D> for $name
        where
            String: sqlx::Type<D>,
        {
            fn type_info() -> D::TypeInfo {
                <String as sqlx::Type<D>>::type_info()
            }

            fn compatible(info: &D::TypeInfo) -> bool {
                <String as sqlx::Type<D>>::compatible(info)
            }
        }

        impl<'q, D: sqlx::Database> sqlx::Encode<'q, D> for $name
        where
            String: sqlx::Encode<'q, D>,
        {
            fn encode_by_ref(
                &self,
                buffer: &mut D::ArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                <String as sqlx::Encode<'q, D>>::encode(self.as_str().to_owned(), buffer)
            }
        }

        impl<'r, D: sqlx::Database> sqlx::Decode<'r, D> for $name
        where
            String: sqlx::Decode<'r, D>,
        {
            fn decode(value: D::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                let name = <String as sqlx::Decode<'r, D>>::decode(value)?;
                Ok(Self::from_name(&name).ok_or(UnknownName { column: $column, name })?)
            }
        }
    )+};
}

store_as_name!(
    CaseAction => "action",
    CaseOrigin => "origin",
    CaseState => "state",
    DecisionBasis => "basis",
    ExecutionStatus => "outcome",
    VerificationMethod => "method",
);
