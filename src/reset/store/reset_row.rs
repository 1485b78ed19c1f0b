//! Reads a row of `resets` directly into a [`PasswordReset`].

use jiff::{SignedDuration, Timestamp};
use sqlx::error::BoxDynError;
use sqlx::{ColumnIndex, Database, Decode, FromRow, Row, Type};

use crate::base::{ObjectId, PersonKey, ReferenceCode};
use crate::people::PasswordLastSet;
use crate::reset::cause::ResetCause;
use crate::reset::record::{DeliveryLogGap, PasswordReset};
use crate::reset::state::ResetState;
use crate::store::{LenientColumn, StoredTime};

/// Builds SQL with the columns of a reset. A macro, because `concat!` accepts only literals.
macro_rules! with_reset_columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "id, reference, tenant, object, synced, state, cause, created_at, updated_at, dispatched_at, accepted_at, \
             settled_at, location, polls, lost_since, down_since, down_total, line_since, revision, operator, account, \
             pwd_before, carried_note",
            $after
        )
    };
}
pub(super) use with_reset_columns;

/// Lets rows hold a type that is stored as text. Text that the function does not know is an error of its column.
macro_rules! read_from_text {
    ($($name:ty: $parse:expr),+ $(,)?) => {$(
        impl<D: Database> Type<D> for $name
        where
            String: Type<D>,
        {
            fn type_info() -> D::TypeInfo {
                <String as Type<D>>::type_info()
            }

            fn compatible(info: &D::TypeInfo) -> bool {
                <String as Type<D>>::compatible(info)
            }
        }

        impl<'r, D: Database> Decode<'r, D> for $name
        where
            String: Decode<'r, D>,
        {
            fn decode(value: D::ValueRef<'r>) -> Result<Self, BoxDynError> {
                let text = <String as Decode<'r, D>>::decode(value)?;
                let parse: fn(&str) -> Option<Self> = $parse;
                parse(&text).ok_or_else(|| format!("unknown value {text}").into())
            }
        }
    )+};
}

read_from_text! {
    ReferenceCode: |text| text.parse().ok(),
    ResetState: ResetState::from_name,
    ResetCause: ResetCause::from_name,
}

impl<'r, R> FromRow<'r, R> for PasswordReset
where
    R: Row,
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let time = |column: &'static str| -> Result<Timestamp, sqlx::Error> {
            row.try_get::<StoredTime, _>(column).map(|stored| stored.0)
        };
        let optional_time = |column: &'static str| -> Result<Option<Timestamp>, sqlx::Error> {
            row.try_get::<Option<StoredTime>, _>(column).map(|stored| stored.map(|at| at.0))
        };
        let log_gap: Option<String> = row.try_get("carried_note")?;
        Ok(Self {
            id: row.try_get("id")?,
            reference: row.try_get("reference")?,
            person: PersonKey { tenant: row.try_get("tenant")?, object: row.try_get("object")? },
            synced: row.try_get::<i64, _>("synced")? == 1,
            state: row.try_get("state")?,
            cause: row.try_get("cause")?,
            created_at: time("created_at")?,
            updated_at: time("updated_at")?,
            dispatched_at: optional_time("dispatched_at")?,
            accepted_at: optional_time("accepted_at")?,
            settled_at: optional_time("settled_at")?,
            location: row.try_get("location")?,
            poll_count: row.try_get("polls")?,
            lost_since: optional_time("lost_since")?,
            outage_since: optional_time("down_since")?,
            outage_total: SignedDuration::from_millis(row.try_get("down_total")?),
            queued_since: optional_time("line_since")?,
            revision: row.try_get("revision")?,
            operator_id: row.try_get::<Option<LenientColumn<ObjectId>>, _>("operator")?.and_then(|operator| operator.0),
            directory_account: row.try_get("account")?,
            password_baseline: row.try_get::<Option<i64>, _>("pwd_before")?.map(PasswordLastSet::from_millis),
            // A note that only a newer release has is skipped and is no error: both releases run during an upgrade.
            delivery_log_gap: log_gap.as_deref().and_then(DeliveryLogGap::from_name),
        })
    }
}
