//! What retention takes from cases: names, what was typed and written. What was done stays, by ids.

use jiff::Timestamp;

use crate::store::{StoreError, Tx, on_tx};

/// Texts of parts of a case; `$1` is the time before which a case must have changed last.
const PARTS: [&str; 7] = [
    "DELETE FROM case_notes WHERE case_id IN (SELECT id FROM cases WHERE updated_at < $1)",
    "UPDATE case_checks SET agent_name = '', sealed = '' WHERE case_id IN (SELECT id FROM cases WHERE updated_at < $1)",
    "UPDATE case_verifications SET agent_name = '' WHERE case_id IN (SELECT id FROM cases WHERE updated_at < $1)",
    "UPDATE case_verdicts SET agent_name = '', reason = '' WHERE case_id IN (SELECT id FROM cases WHERE updated_at < $1)",
    "UPDATE case_approvals SET approver_name = '' WHERE verdict_id IN
        (SELECT v.id FROM case_verdicts v JOIN cases c ON c.id = v.case_id WHERE c.updated_at < $1)",
    "UPDATE case_actions SET agent_name = '' WHERE case_id IN (SELECT id FROM cases WHERE updated_at < $1)",
    "UPDATE pass_watches SET sealed = '' WHERE case_id IN (SELECT id FROM cases WHERE updated_at < $1)",
];
/// One that is still open after so long is nobody's any more.
const CASES: &str = "UPDATE cases SET name = '', upn = '', ticket = '', owner_name = '', asked_key = NULL,
    state = CASE WHEN state = 'open' THEN 'closed' ELSE state END
    WHERE updated_at < $1 AND (name <> '' OR upn <> '' OR ticket <> '' OR owner_name <> '')";

/// Erases what is personal in cases that did not change since a moment. Gives how many there were.
pub(crate) async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    let before = before.as_millisecond();
    let cases =
        on_tx!(&mut *tx, |c| sqlx::query(CASES).bind(before).execute(c).await.map(|done| done.rows_affected()))?;
    if cases > 0 {
        for sql in PARTS {
            on_tx!(&mut *tx, |c| sqlx::query(sql).bind(before).execute(c).await.map(|_| ()))?;
        }
    }
    Ok(cases)
}
