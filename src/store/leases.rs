//! Leases on work that one replica does for all.

use crate::base::TimestampExt as _;
use crate::store::exec_db;
use jiff::{SignedDuration, Timestamp};

use super::{Db, StoreError};

/// Acquires or renews the lease on shared work for 20 seconds. Returns `false` if another replica holds it.
pub(crate) async fn acquire_lease(db: &Db, name: &str, owner: &str, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO leases (name, owner, until) VALUES ($1, $2, $4)
        ON CONFLICT (name) DO UPDATE SET owner = $2, until = $4
        WHERE leases.owner = $2 OR leases.until < $3 OR leases.until > $5";
    let after = |seconds| now.later(SignedDuration::from_secs(seconds)).as_millisecond();
    // An expiry more than 60 seconds ahead was written before the clock was set back, and does not count.
    let (now, until, far) = (now.as_millisecond(), after(20), after(60));
    let rows = exec_db!(db, SQL, name, owner, now, until, far)?;
    Ok(rows == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::test_databases;

    #[tokio::test]
    async fn lease_has_one_owner_and_is_taken_over_after_expiry() {
        for engine in test_databases().await {
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            assert!(acquire_lease(&engine.db, "words", "one", now).await.unwrap());
            assert!(acquire_lease(&engine.db, "words", "one", now).await.unwrap(), "renewed");
            assert!(!acquire_lease(&engine.db, "words", "other", now + SignedDuration::from_secs(19)).await.unwrap());
            assert!(acquire_lease(&engine.db, "other work", "other", now).await.unwrap());
            assert!(
                acquire_lease(&engine.db, "words", "other", now + SignedDuration::from_secs(21)).await.unwrap(),
                "expired"
            );
            let set_back = now - SignedDuration::from_hours(1);
            assert!(acquire_lease(&engine.db, "words", "one", set_back).await.unwrap(), "the clock was set back");
        }
    }
}
