//! Facts about the tenant that one replica reads for all (table `signals`).

use jiff::Timestamp;

use crate::store::{Db, StoreError, StoredTime, exec_db, select_optional};

/// Saves a fact about the tenant with the time at which it was read.
pub(crate) async fn save_tenant_fact(db: &Db, name: &str, value: &str, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO signals (name, value, at) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET value = $2, at = $3";
    exec_db!(db, SQL, name, value, StoredTime(now))?;
    Ok(())
}

/// Loads a fact about the tenant and the time at which it was read.
pub(crate) async fn load_tenant_fact(db: &Db, name: &str) -> Result<Option<(String, Timestamp)>, StoreError> {
    const SQL: &str = "SELECT value, at FROM signals WHERE name = $1";
    let row: Option<(String, StoredTime)> = select_optional!(db, SQL, name)?;
    Ok(row.map(|(value, at)| (value, at.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::test_databases;

    #[tokio::test]
    async fn tenant_fact_is_stored_with_timestamp() {
        for engine in test_databases().await {
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            assert_eq!(load_tenant_fact(&engine.db, "x").await.unwrap(), None);
            for value in ["a", "b"] {
                save_tenant_fact(&engine.db, "x", value, now).await.unwrap();
                assert_eq!(load_tenant_fact(&engine.db, "x").await.unwrap(), Some((value.to_owned(), now)));
            }
        }
    }
}
