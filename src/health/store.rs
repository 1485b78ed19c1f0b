//! SQL of health issues (table `troubles`).

use jiff::Timestamp;

use super::kind::HealthIssueKind;
use crate::store::{Db, StoreError, StoredTime, Tx, exec_db, exec_tx, select_all, select_one};

/// Health issue that is not resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenHealthIssue {
    pub(crate) kind: HealthIssueKind,
    pub(crate) since: Timestamp,
    pub(crate) detail: String,
}

/// Loads the open issues, oldest first. Omits kinds that only a newer release has.
pub(crate) async fn load_open_issues(db: &Db) -> Result<Vec<OpenHealthIssue>, StoreError> {
    const SQL: &str = "SELECT kind, since, detail FROM troubles WHERE ended_at IS NULL ORDER BY since, kind";
    let rows: Vec<(String, StoredTime, String)> = select_all!(db, SQL)?;
    let one = |(kind, since, detail): (String, StoredTime, String)| {
        Some(OpenHealthIssue { kind: HealthIssueKind::from_name(&kind)?, since: since.0, detail })
    };
    Ok(rows.into_iter().filter_map(one).collect())
}

/// Loads a number that increases with every change of the table.
pub(crate) async fn load_change_counter(db: &Db) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT CAST(COALESCE(SUM(change), 0) AS BIGINT) FROM troubles";
    let (sum,): (i64,) = select_one!(db, SQL)?;
    Ok(sum)
}

/// Inserts an open issue. Returns false if it is already open.
pub(super) async fn insert_issue(
    tx: &mut Tx,
    kind: HealthIssueKind,
    detail: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO troubles (kind, since, detail, ended_at, change) VALUES ($1, $3, $2, NULL, 1)
        ON CONFLICT (kind) DO UPDATE SET since = $3, detail = $2, ended_at = NULL, change = troubles.change + 1
        WHERE troubles.ended_at IS NOT NULL";
    Ok(exec_tx!(tx, SQL, kind.as_str(), detail, StoredTime(now))? == 1)
}

/// Updates the detail of an open issue.
pub(super) async fn update_issue(db: &Db, kind: HealthIssueKind, detail: &str) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE troubles SET detail = $2, change = change + 1 WHERE kind = $1 AND ended_at IS NULL";
    exec_db!(db, SQL, kind.as_str(), detail)?;
    Ok(())
}

/// Marks an issue as resolved. Returns false if it was not open.
pub(super) async fn mark_resolved(tx: &mut Tx, kind: HealthIssueKind, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE troubles SET ended_at = $2, change = change + 1 WHERE kind = $1 AND ended_at IS NULL";
    Ok(exec_tx!(tx, SQL, kind.as_str(), StoredTime(now))? == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::test_databases;

    #[tokio::test]
    async fn health_issue_opens_and_resolves_once_and_can_reopen() {
        for engine in test_databases().await {
            let db = &engine.db;
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            let begins = async |detail: &str| {
                let mut tx = db.begin().await.unwrap();
                let began = insert_issue(&mut tx, HealthIssueKind::SyncOverdue, detail, now).await.unwrap();
                tx.commit().await.unwrap();
                began
            };
            let ends = async || {
                let mut tx = db.begin().await.unwrap();
                let ended = mark_resolved(&mut tx, HealthIssueKind::SyncOverdue, now).await.unwrap();
                tx.commit().await.unwrap();
                ended
            };
            assert!(
                load_open_issues(db).await.unwrap().is_empty()
                    && load_change_counter(db).await.unwrap() == 0
                    && !ends().await
            );
            assert!(begins("3 h").await);
            assert!(!begins("4 h").await, "the issue is already open");
            update_issue(db, HealthIssueKind::SyncOverdue, "4 h").await.unwrap();
            let stands = OpenHealthIssue { kind: HealthIssueKind::SyncOverdue, since: now, detail: "4 h".to_owned() };
            assert_eq!(
                (load_open_issues(db).await.unwrap(), load_change_counter(db).await.unwrap()),
                (vec![stands], 2)
            );
            assert!(ends().await && !ends().await);
            assert!(load_open_issues(db).await.unwrap().is_empty());
            assert!(begins("again").await);
            assert_eq!(load_change_counter(db).await.unwrap(), 4);
        }
    }
}
