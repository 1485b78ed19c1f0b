//! Erasure of personal details after their retention period. The chain holds a salted digest of them and still
//! verifies.

use jiff::Timestamp;

use super::search::sequence_after;
use super::transaction::AuditedTransaction;
use crate::store::{Db, StoreError, exec_tx};

/// Maximum number of rows erased in one transaction.
const ERASURE_BATCH_ROWS: i64 = 500;

/// Loads a sequence number that is above every row from before a time. Call it before the transaction that erases, to
/// keep that one short.
pub(crate) async fn erasable_before(db: &Db, before: Timestamp) -> Result<i64, StoreError> {
    sequence_after(db, before).await
}

/// Erases personal details of rows from before a time with sequence numbers below a limit, at most
/// [`ERASURE_BATCH_ROWS`] of them. Returns how many were erased; more may remain until it returns 0.
pub(crate) async fn erase_personal_data(
    transaction: &mut AuditedTransaction,
    below: i64,
    before: Timestamp,
) -> Result<u64, StoreError> {
    const SQL: &str =
        "DELETE FROM audit_personal WHERE seq IN (SELECT p.seq FROM audit_personal p JOIN audit a ON a.seq = p.seq
        WHERE p.seq < $1 AND a.at < $2 ORDER BY p.seq LIMIT $3)";
    let before = before.as_millisecond();
    Ok(exec_tx!(transaction.tx(), SQL, below, before, ERASURE_BATCH_ROWS)?)
}
