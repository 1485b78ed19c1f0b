//! The right to send one reset. It comes from a committed row and from nowhere else.

use std::time::Duration;

use crate::base::{ObjectId, PersonKey, ResetId};
use crate::store::{Db, StoreError, on_db};

/// A reset whose intent is in the database, marked as dispatched, for exactly this person.
pub(crate) struct Order {
    pub(super) object: ObjectId,
    /// By [`crate::base::Clock::elapsed`]: a process that slept past this must not send any more.
    pub(super) leaves_before: Duration,
}

impl Order {
    /// Reads the intent back from the database, outside any transaction: what is not committed is not seen.
    pub(crate) async fn of(
        db: &Db,
        reset: ResetId,
        person: PersonKey,
        leaves_before: Duration,
    ) -> Result<Self, StoreError> {
        const SQL: &str = "SELECT object FROM resets
            WHERE id = $1 AND tenant = $2 AND object = $3 AND state = 'sending' AND dispatched_at IS NOT NULL";
        let (id, tenant, object) = (reset.to_string(), person.tenant.to_string(), person.object.to_string());
        let row: Option<(String,)> =
            on_db!(db, |pool| sqlx::query_as(SQL).bind(&id).bind(&tenant).bind(&object).fetch_optional(pool).await)?;
        row.ok_or(StoreError::NoRow)?;
        Ok(Self { object: person.object, leaves_before })
    }
}
