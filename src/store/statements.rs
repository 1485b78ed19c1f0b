//! Macros that run one SQL statement with its bound values on either engine, and the types that rows hold.
//!
//! All of them return `Result<_, sqlx::Error>`; `?` turns that into [`super::StoreError`].

use std::ops::Deref;

use jiff::Timestamp;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

use super::StoreError;
use crate::base::{CaseId, ObjectId, ResetId, TenantId};

/// Runs a statement inside a transaction. Returns the number of changed rows.
macro_rules! exec_tx {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::on_tx!($tx, |c| sqlx::query($sql)$(.bind($value))*.execute(c).await.map(|done| done.rows_affected()))
    };
}
pub(crate) use exec_tx;

/// Runs a single write statement outside a transaction. Returns the number of changed rows.
macro_rules! exec_db {
    ($db:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::write_db!($db, |c| sqlx::query($sql)$(.bind($value))*.execute(c).await.map(|done| done.rows_affected()))
    };
}
pub(crate) use exec_db;

/// Loads all rows of a query.
macro_rules! select_all {
    ($db:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::on_db!($db, |c| sqlx::query_as($sql)$(.bind($value))*.fetch_all(c).await)
    };
}
pub(crate) use select_all;

/// Loads the row of a query, if there is one.
macro_rules! select_optional {
    ($db:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::on_db!($db, |c| sqlx::query_as($sql)$(.bind($value))*.fetch_optional(c).await)
    };
}
pub(crate) use select_optional;

/// Loads the only row of a query.
macro_rules! select_one {
    ($db:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::on_db!($db, |c| sqlx::query_as($sql)$(.bind($value))*.fetch_one(c).await)
    };
}
pub(crate) use select_one;

/// Loads all rows of a query inside a transaction.
macro_rules! select_all_tx {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::on_tx!($tx, |c| sqlx::query_as($sql)$(.bind($value))*.fetch_all(c).await)
    };
}
pub(crate) use select_all_tx;

/// Loads the row of a query inside a transaction, if there is one.
macro_rules! select_optional_tx {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::on_tx!($tx, |c| sqlx::query_as($sql)$(.bind($value))*.fetch_optional(c).await)
    };
}
pub(crate) use select_optional_tx;

/// Loads the only row of a query inside a transaction.
macro_rules! select_one_tx {
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::store::on_tx!($tx, |c| sqlx::query_as($sql)$(.bind($value))*.fetch_one(c).await)
    };
}
pub(crate) use select_one_tx;

/// Requires that a statement changed exactly one row.
pub(crate) fn one_row(changed: u64) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::RowNotFound) }
}

/// Time as stored: milliseconds since 1970-01-01 UTC in a `BIGINT` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StoredTime(pub(crate) Timestamp);

impl Deref for StoredTime {
    type Target = Timestamp;

    fn deref(&self) -> &Timestamp {
        &self.0
    }
}

impl<D: Database> Type<D> for StoredTime
where
    i64: Type<D>,
{
    fn type_info() -> D::TypeInfo {
        <i64 as Type<D>>::type_info()
    }

    fn compatible(info: &D::TypeInfo) -> bool {
        <i64 as Type<D>>::compatible(info)
    }
}

impl<'q, D: Database> Encode<'q, D> for StoredTime
where
    i64: Encode<'q, D>,
{
    fn encode_by_ref(&self, buffer: &mut D::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.0.as_millisecond().encode_by_ref(buffer)
    }
}

impl<'r, D: Database> Decode<'r, D> for StoredTime
where
    i64: Decode<'r, D>,
{
    fn decode(value: D::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(Timestamp::from_millisecond(i64::decode(value)?)?))
    }
}

/// Column of a list in which one unreadable value must not take the other rows away: it decodes to nothing instead of
/// an error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LenientColumn<T>(pub(crate) Option<T>);

impl<D: Database, T: Type<D>> Type<D> for LenientColumn<T> {
    fn type_info() -> D::TypeInfo {
        T::type_info()
    }

    fn compatible(info: &D::TypeInfo) -> bool {
        T::compatible(info)
    }
}

impl<'r, D: Database, T: Decode<'r, D>> Decode<'r, D> for LenientColumn<T> {
    fn decode(value: D::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(T::decode(value).ok()))
    }
}

/// Stores a type in a text column, with a function that writes the text and one that reads it.
macro_rules! store_as_text {
    ($($name:ty: $write:expr, $read:expr;)+) => {$(
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
                let write: fn(&Self) -> String = $write;
                <String as sqlx::Encode<'q, D>>::encode(write(self), buffer)
            }
        }

        impl<'r, D: sqlx::Database> sqlx::Decode<'r, D> for $name
        where
            String: sqlx::Decode<'r, D>,
        {
            fn decode(value: D::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                let read: fn(&str) -> Result<Self, sqlx::error::BoxDynError> = $read;
                read(&<String as sqlx::Decode<'r, D>>::decode(value)?)
            }
        }
    )+};
}
pub(crate) use store_as_text;

store_as_text! {
    ResetId: ResetId::to_string, |text| Ok(text.parse()?);
    CaseId: CaseId::to_string, |text| Ok(text.parse()?);
    TenantId: TenantId::to_string, |text| Ok(text.parse()?);
    ObjectId: ObjectId::to_string, |text| Ok(text.parse()?);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;
    use crate::store::testing::test_databases;

    #[tokio::test]
    async fn ids_and_times_survive_a_round_trip_on_both_engines() {
        for engine in test_databases().await {
            let now = Timestamp::from_millisecond(1_800_000_000_123).unwrap();
            let id = ResetId::new(&Random::seeded(1), now);
            let (stored, read): (StoredTime, ResetId) =
                select_one!(&engine.db, "SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT)", StoredTime(now), id).unwrap();
            assert_eq!((stored.0, read), (now, id));
            let broken: Result<(ResetId,), sqlx::Error> = select_one!(&engine.db, "SELECT CAST($1 AS TEXT)", "no id");
            assert!(broken.is_err(), "text that is no id is an error");
            let sql = "SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT)";
            let (id, count): (LenientColumn<ResetId>, i64) = select_one!(&engine.db, sql, "no id", 7_i64).unwrap();
            assert!(id.0.is_none() && count == 7, "the rest of the row is still read");
        }
    }

    #[test]
    fn only_a_single_changed_row_is_accepted() {
        assert!(one_row(1).is_ok() && one_row(0).is_err() && one_row(2).is_err());
    }
}
