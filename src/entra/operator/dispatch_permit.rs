//! Dispatch permit: the right to send one reset.
//!
//! - It can only be created from a committed database row.

use std::time::Duration;

use crate::base::{ObjectId, PersonKey, ResetId};
use crate::store::{Db, StoreError, select_optional};

/// Permit to send one reset for exactly this person. Its row is committed and marked as dispatched.
pub(crate) struct DispatchPermit {
    pub(super) object: ObjectId,
    /// Deadline by [`crate::base::Clock::elapsed`]. A process suspended past it must not send the reset.
    pub(super) send_deadline: Duration,
}

impl DispatchPermit {
    /// Loads the dispatched reset outside any transaction, so that uncommitted rows are not visible.
    pub(crate) async fn load(
        db: &Db,
        reset: ResetId,
        person: PersonKey,
        leaves_before: Duration,
    ) -> Result<Self, StoreError> {
        const SQL: &str = "SELECT object FROM resets
            WHERE id = $1 AND tenant = $2 AND object = $3 AND state = 'sending' AND dispatched_at IS NOT NULL";
        let row: Option<(ObjectId,)> = select_optional!(db, SQL, reset, person.tenant, person.object)?;
        let (object,) = row.ok_or(StoreError::RowNotFound)?;
        Ok(Self { object, send_deadline: leaves_before })
    }
}
