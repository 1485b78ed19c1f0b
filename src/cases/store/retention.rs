//! Erases personal data in old cases: names, entered texts and notes.
//!
//! - What was done stays, with ids.

use jiff::Timestamp;

use crate::store::{StoreError, StoredTime, Tx, exec_tx};

/// Statements that erase texts in the parts of a case. `$1` is the time before which a case must have changed last.
const ERASE_PARTS_SQL: [&str; 7] = [
    "DELETE FROM case_notes WHERE case_id IN (SELECT id FROM cases WHERE updated_at < $1)",
    "UPDATE case_checks SET agent_name = '', sealed = '' WHERE case_id IN (SELECT id FROM cases WHERE updated_at < $1)",
    "UPDATE case_verifications SET agent_name = '' WHERE case_id IN (SELECT id FROM cases WHERE updated_at < $1)",
    "UPDATE case_verdicts SET agent_name = '', reason = '' WHERE case_id IN (SELECT id FROM cases WHERE updated_at < $1)",
    "UPDATE case_approvals SET approver_name = '' WHERE verdict_id IN
        (SELECT v.id FROM case_verdicts v JOIN cases c ON c.id = v.case_id WHERE c.updated_at < $1)",
    "UPDATE case_actions SET agent_name = '' WHERE case_id IN (SELECT id FROM cases WHERE updated_at < $1)",
    "UPDATE pass_watches SET sealed = '' WHERE case_id IN (SELECT id FROM cases WHERE updated_at < $1)",
];
/// Statement that erases texts in a case. It also closes a case that is still open after the retention period.
const ERASE_CASES_SQL: &str = "UPDATE cases SET name = '', upn = '', ticket = '', owner_name = '', asked_key = NULL,
    state = CASE WHEN state = 'open' THEN 'closed' ELSE state END
    WHERE updated_at < $1 AND (name <> '' OR upn <> '' OR ticket <> '' OR owner_name <> '')";

/// Erases personal data in cases that have not changed since a time. Returns the number of cases.
pub(crate) async fn erase_old_cases(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    let before = StoredTime(before);
    let cases = exec_tx!(&mut *tx, ERASE_CASES_SQL, before)?;
    if cases > 0 {
        for sql in ERASE_PARTS_SQL {
            exec_tx!(&mut *tx, sql, before)?;
        }
    }
    Ok(cases)
}
