//! Counts resets for the hourly limit.

use jiff::Timestamp;

use crate::store::{Db, StoreError, select_one};

/// Returns the number of resets since a time, without canary resets. Uses two counts that indexes answer alone:
/// `canary IS NULL` would read the row of each reset of the hour, at every reset.
pub(super) async fn count_resets_since(db: &Db, since: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT (SELECT COUNT(*) FROM resets WHERE created_at >= $1)
        - (SELECT COUNT(*) FROM resets WHERE created_at >= $1 AND canary = 1)";
    let since = since.as_millisecond();
    let (count,): (i64,) = select_one!(db, SQL, since)?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::test_databases;

    #[tokio::test]
    async fn empty_table_counts_zero_resets() {
        for engine in test_databases().await {
            assert_eq!(count_resets_since(&engine.db, Timestamp::UNIX_EPOCH).await.unwrap(), 0);
        }
    }
}
