//! Counters that number the changes of a feed (table `counters`).
//!
//! A reader that has seen a number asks for the changes above it.

use super::{Db, StoreError, Tx, select_one, select_one_tx};

/// Increments a counter and returns its new value. Call it last in a transaction, because all writers of the feed share
/// its row. A counter that serves as a lock comes first.
pub(crate) async fn next_counter(tx: &mut Tx, name: &str) -> Result<i64, StoreError> {
    const SQL: &str = "UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value";
    let (value,): (i64,) = select_one_tx!(tx, SQL, name)?;
    Ok(value)
}

/// Loads the current value of a counter.
pub(crate) async fn load_counter(db: &Db, name: &str) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT value FROM counters WHERE name = $1";
    let (value,): (i64,) = select_one!(db, SQL, name)?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::test_databases;

    #[tokio::test]
    async fn counter_increases_when_its_transaction_commits() {
        for engine in test_databases().await {
            let start = load_counter(&engine.db, "session_end").await.unwrap();
            let mut tx = engine.db.begin().await.unwrap();
            assert_eq!(next_counter(&mut tx, "session_end").await.unwrap(), start + 1);
            tx.commit().await.unwrap();
            let mut dropped = engine.db.begin().await.unwrap();
            assert_eq!(next_counter(&mut dropped, "session_end").await.unwrap(), start + 2);
            drop(dropped);
            assert_eq!(load_counter(&engine.db, "session_end").await.unwrap(), start + 1);
            let mut tx = engine.db.begin().await.unwrap();
            assert!(next_counter(&mut tx, "unknown").await.is_err(), "migrations create the counters");
        }
    }
}
