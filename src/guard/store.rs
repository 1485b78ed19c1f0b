//! Counts resets for the hourly limit.

use jiff::Timestamp;

use crate::store::{Db, StoreError, on_db};

/// Returns the number of resets since a time, without canary resets. Uses two counts that indexes answer alone:
/// `canary IS NULL` would read the row of each reset of the hour, at every reset.
pub(super) async fn created_since(db: &Db, since: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT (SELECT COUNT(*) FROM resets WHERE created_at >= $1)
        - (SELECT COUNT(*) FROM resets WHERE created_at >= $1 AND canary = 1)";
    let since = since.as_millisecond();
    let (count,): (i64,) = on_db!(db, |pool| sqlx::query_as(SQL).bind(since).fetch_one(pool).await)?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::engines;

    #[tokio::test]
    async fn an_empty_table_has_no_resets() {
        for engine in engines().await {
            assert_eq!(created_since(&engine.db, Timestamp::UNIX_EPOCH).await.unwrap(), 0);
        }
    }
}
