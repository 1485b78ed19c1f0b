//! Rate limits shared by all replicas.
//!
//! The generic cell rate algorithm (GCRA) runs in a single statement: a request is allowed if its theoretical arrival
//! time is not too far ahead. A rejection states after how long the next request will be allowed.

use crate::store::{exec_db, exec_tx, select_optional_tx};
use jiff::{SignedDuration, Timestamp};

use super::{Db, StoreError, Tx, write_db};

/// Maximum number of requests per time window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimit {
    pub(crate) count: i64,
    pub(crate) window: SignedDuration,
}

/// Rejection of a request, with the time until the next one will be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimitExceeded {
    pub(crate) retry_after: SignedDuration,
}

/// Counts one request if the limit allows it. The stored arrival may be a full window ahead of a clock that is ahead of
/// this one, because requests read their clocks before they wait for each other, and replicas have clocks of their own.
/// Only an arrival beyond that ($5) was written before the clock was set back, and counts as now.
const ACQUIRE_SQL: &str = "INSERT INTO limits (name, arrives_at) VALUES ($1, $2 + $3)
    ON CONFLICT (name) DO UPDATE SET arrives_at =
        CASE WHEN limits.arrives_at BETWEEN $2 AND $5 THEN limits.arrives_at ELSE $2 END + $3
    WHERE CASE WHEN limits.arrives_at BETWEEN $2 AND $5 THEN limits.arrives_at ELSE $2 END + $3 <= $2 + $4";
const SELECT_ARRIVAL_SQL: &str = "SELECT arrives_at FROM limits WHERE name = $1";

/// Difference between the clocks of two replicas that is tolerated, as for sessions: five minutes.
const MAX_CLOCK_DIFFERENCE_MS: i64 = 300_000;

/// Parameters of the GCRA statement, in milliseconds.
struct GcraWindow {
    now: i64,
    interval: i64,
    window: i64,
    /// The latest arrival that a request under a clock that differs by at most [`MAX_CLOCK_DIFFERENCE_MS`] can have written.
    latest_arrival: i64,
}

impl GcraWindow {
    fn new(limit: RateLimit, now: Timestamp) -> Self {
        let window = i64::try_from(limit.window.as_millis()).unwrap_or(i64::MAX / 4);
        let now = now.as_millisecond();
        let latest_arrival = now.saturating_add(window).saturating_add(MAX_CLOCK_DIFFERENCE_MS);
        Self { now, interval: window / limit.count.max(1), window, latest_arrival }
    }

    fn exceeded(&self, arrives: Option<(i64,)>) -> RateLimitExceeded {
        let wait = arrives.map_or(0, |(arrives,)| arrives + self.interval - self.window - self.now).max(0);
        RateLimitExceeded { retry_after: SignedDuration::from_millis(wait) }
    }
}

/// Rate limiter on the `limits` table. Its counts may be lost in a crash, see [`Db::with_relaxed_durability`].
#[derive(Clone)]
pub(crate) struct RateLimiter {
    db: Db,
}

impl RateLimiter {
    pub(crate) fn new(db: &Db) -> Self {
        Self { db: db.with_relaxed_durability() }
    }

    /// Counts one request under `name`, or rejects it.
    pub(crate) async fn try_acquire(
        &self,
        name: &str,
        limit: RateLimit,
        now: Timestamp,
    ) -> Result<Result<(), RateLimitExceeded>, StoreError> {
        let gcra = GcraWindow::new(limit, now);
        let taken = exec_db!(&self.db, ACQUIRE_SQL, name, gcra.now, gcra.interval, gcra.window, gcra.latest_arrival)?;
        if taken == 1 {
            return Ok(Ok(()));
        }
        let arrives: Option<(i64,)> =
            write_db!(&self.db, |pool| sqlx::query_as(SELECT_ARRIVAL_SQL).bind(name).fetch_optional(pool).await)?;
        Ok(Err(gcra.exceeded(arrives)))
    }

    /// Counts one request inside the transaction of the counted action. If that transaction is rolled back, nothing is
    /// counted.
    pub(crate) async fn try_acquire_in(
        tx: &mut Tx,
        name: &str,
        limit: RateLimit,
        now: Timestamp,
    ) -> Result<Result<(), RateLimitExceeded>, StoreError> {
        let gcra = GcraWindow::new(limit, now);
        let taken = exec_tx!(&mut *tx, ACQUIRE_SQL, name, gcra.now, gcra.interval, gcra.window, gcra.latest_arrival)?;
        if taken == 1 {
            return Ok(Ok(()));
        }
        let arrives: Option<(i64,)> = select_optional_tx!(tx, SELECT_ARRIVAL_SQL, name)?;
        Ok(Err(gcra.exceeded(arrives)))
    }

    /// Deletes rows that no longer limit any request.
    pub(crate) async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM limits WHERE arrives_at < $1";
        let at = now.as_millisecond();
        Ok(exec_db!(&self.db, SQL, at)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::test_databases;

    #[tokio::test]
    async fn rate_limit_allows_three_and_reports_exact_retry_time() {
        for engine in test_databases().await {
            let limits = RateLimiter::new(&engine.db);
            let limit = RateLimit { count: 3, window: SignedDuration::from_secs(60) };
            let start = Timestamp::from_second(1_800_000_000).unwrap();
            for _ in 0..3 {
                assert_eq!(limits.try_acquire("person:1", limit, start).await.unwrap(), Ok(()));
            }
            let refused = limits.try_acquire("person:1", limit, start).await.unwrap().unwrap_err();
            assert_eq!(refused.retry_after, SignedDuration::from_secs(20));
            let just_before = start + refused.retry_after - SignedDuration::from_millis(1);
            assert!(limits.try_acquire("person:1", limit, just_before).await.unwrap().is_err());
            assert_eq!(limits.try_acquire("person:1", limit, start + refused.retry_after).await.unwrap(), Ok(()));
            assert_eq!(limits.try_acquire("person:2", limit, start).await.unwrap(), Ok(()), "others are not limited");
            let set_back = start - SignedDuration::from_hours(5);
            assert_eq!(
                limits.try_acquire("person:1", limit, set_back).await.unwrap(),
                Ok(()),
                "a clock that was set back rejects no request"
            );
            assert!(limits.delete_expired(start + SignedDuration::from_hours(1)).await.unwrap() >= 2);
        }
    }

    #[tokio::test]
    async fn late_request_with_an_earlier_clock_is_limited_too() {
        for engine in test_databases().await {
            let limits = RateLimiter::new(&engine.db);
            let limit = RateLimit { count: 3, window: SignedDuration::from_secs(60) };
            let start = Timestamp::from_second(1_800_000_000).unwrap();
            for _ in 0..3 {
                assert_eq!(limits.try_acquire("person:1", limit, start).await.unwrap(), Ok(()));
            }
            for behind in [SignedDuration::from_millis(1), SignedDuration::from_secs(290)] {
                let refused = limits.try_acquire("person:1", limit, start - behind).await.unwrap().unwrap_err();
                assert_eq!(refused.retry_after, SignedDuration::from_secs(20) + behind);
            }
        }
    }

    #[tokio::test]
    async fn concurrent_requests_never_exceed_the_limit() {
        for engine in test_databases().await {
            let limits = RateLimiter::new(&engine.db);
            let limit = RateLimit { count: 5, window: SignedDuration::from_secs(60) };
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            let tries = (0..20).map(|_| {
                let limits = limits.clone();
                tokio::spawn(async move { limits.try_acquire("shared", limit, now).await.unwrap().is_ok() })
            });
            let mut passed = 0;
            for one in tries.collect::<Vec<_>>() {
                passed += i32::from(one.await.unwrap());
            }
            assert_eq!(passed, 5);
        }
    }
}
