//! Periodic tasks that one replica runs for all, most of them once a day.
//!
//! A row per task holds the time of its last run. The caller that updates the row runs the task.

use crate::base::TimestampExt as _;
use crate::store::{exec_db, select_optional};
use jiff::{SignedDuration, Timestamp};

use super::{Db, StoreError};

const DAILY_PERIOD: SignedDuration = SignedDuration::from_hours(24);

/// Claims a daily task. Returns `true` if the task is due and this caller must run it. A last run in the future was
/// written before the clock was set back, and does not count.
pub(crate) async fn claim_daily_task(db: &Db, name: &str, now: Timestamp) -> Result<bool, StoreError> {
    claim_periodic_task(db, name, DAILY_PERIOD, now).await
}

/// Claims a task with any period, see [`claim_daily_task`].
pub(crate) async fn claim_periodic_task(
    db: &Db,
    name: &str,
    every: SignedDuration,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SELECT_DONE_SQL: &str = "SELECT done_at FROM daily WHERE name = $1 AND done_at > $2 AND done_at <= $3";
    const CLAIM_SQL: &str = "INSERT INTO daily (name, done_at) VALUES ($1, $3)
        ON CONFLICT (name) DO UPDATE SET done_at = $3 WHERE NOT (daily.done_at > $2 AND daily.done_at <= $3)";
    let before = now.earlier(every).as_millisecond();
    let now = now.as_millisecond();
    // The task is rarely due, and reading takes no lock.
    let done: Option<(i64,)> = select_optional!(db, SELECT_DONE_SQL, name, before, now)?;
    if done.is_some() {
        return Ok(false);
    }
    let rows = exec_db!(db, CLAIM_SQL, name, before, now)?;
    Ok(rows == 1)
}

/// Makes a claimed daily task due again after a delay, because this run failed.
pub(crate) async fn reschedule_daily_task(
    db: &Db,
    name: &str,
    after: SignedDuration,
    now: Timestamp,
) -> Result<(), StoreError> {
    reschedule_periodic_task(db, name, DAILY_PERIOD, after, now).await
}

/// Makes a claimed task with any period due again after a delay.
pub(crate) async fn reschedule_periodic_task(
    db: &Db,
    name: &str,
    every: SignedDuration,
    after: SignedDuration,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE daily SET done_at = $2 WHERE name = $1";
    let done = now.saturating_sub(every).and_then(|at| at.checked_add(after)).unwrap_or_default().as_millisecond();
    exec_db!(db, SQL, name, done)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::test_databases;

    #[tokio::test]
    async fn daily_task_is_claimed_once_a_day_by_one_caller() {
        for engine in test_databases().await {
            let start = Timestamp::from_second(1_800_000_000).unwrap();
            let hours = |n| start + SignedDuration::from_hours(n);
            let claims = (0..8).map(|_| claim_daily_task(&engine.db, "head", start));
            let claimed = futures_util::future::join_all(claims).await;
            assert_eq!(claimed.into_iter().filter(|claimed| *claimed.as_ref().unwrap()).count(), 1);
            assert!(!claim_daily_task(&engine.db, "head", hours(23)).await.unwrap());
            assert!(claim_daily_task(&engine.db, "other", hours(23)).await.unwrap(), "tasks are independent");
            assert!(claim_daily_task(&engine.db, "head", hours(24)).await.unwrap());
            reschedule_daily_task(&engine.db, "head", SignedDuration::from_hours(1), hours(24)).await.unwrap();
            assert!(!claim_daily_task(&engine.db, "head", hours(24)).await.unwrap());
            assert!(claim_daily_task(&engine.db, "head", hours(25)).await.unwrap());
            assert!(claim_daily_task(&engine.db, "head", hours(-100)).await.unwrap(), "the clock was set back");
        }
    }
}
