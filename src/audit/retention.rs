//! Forgetting what is personal. The chain holds a salted digest of it and stays whole.

use jiff::Timestamp;

use super::ledger::Ledger;
use super::search::beyond;
use crate::store::{Db, StoreError, on_tx};

/// So many rows are erased in one transaction.
const AT_ONCE: i64 = 500;

/// Rows from before a time have numbers below this. Read before the transaction, which nobody should have to wait for.
pub(crate) async fn erasable(db: &Db, before: Timestamp) -> Result<i64, StoreError> {
    beyond(db, before).await
}

/// Erases personal details of rows from before a time and with lower numbers, some of them: as long as any are, there may be
/// more.
pub(crate) async fn erase_personal(ledger: &mut Ledger, below: i64, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str =
        "DELETE FROM audit_personal WHERE seq IN (SELECT p.seq FROM audit_personal p JOIN audit a ON a.seq = p.seq
        WHERE p.seq < $1 AND a.at < $2 ORDER BY p.seq LIMIT $3)";
    let before = before.as_millisecond();
    Ok(on_tx!(ledger.tx(), |c| sqlx::query(SQL)
        .bind(below)
        .bind(before)
        .bind(AT_ONCE)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}
