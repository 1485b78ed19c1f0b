//! Records of cases that the audit log also has, for their reconciliation.
//!
//! Every statement is for `passback audit verify` and reads all rows.

use crate::audit::{RecordKind, StoredRecord};
use crate::store::{Db, StoreError, select_all};

/// Statements that load what an audit event reports: id, case, person and time. The columns of [`StoredRecord`] say
/// which ones.
const SELECT_RECORDS_SQL: [(RecordKind, &str); 6] = [
    (
        RecordKind::Case,
        "SELECT reference, '', COALESCE(tenant || '/' || object, ''), created_at FROM cases WHERE origin = 'desk'",
    ),
    (RecordKind::HelpRequest, "SELECT q.reference, '', '', q.at FROM case_requests q JOIN cases c ON c.id = q.case_id"),
    (
        RecordKind::IdentifiedPerson,
        "SELECT reference, '', tenant || '/' || object, created_at FROM cases
        WHERE origin <> 'desk' AND object IS NOT NULL",
    ),
    (
        RecordKind::Decision,
        "SELECT v.id, COALESCE(c.reference, ''), v.agent, v.at
        FROM case_verdicts v LEFT JOIN cases c ON c.id = v.case_id ORDER BY v.at, v.id",
    ),
    (
        RecordKind::Approval,
        "SELECT p.id || '/' || p.verdict_id, COALESCE(c.reference, ''), p.approver, p.at
        FROM case_approvals p LEFT JOIN case_verdicts v ON v.id = p.verdict_id LEFT JOIN cases c ON c.id = v.case_id
        ORDER BY p.at, p.id",
    ),
    (
        RecordKind::Execution,
        "SELECT a.id || '/' || a.verdict_id, COALESCE(c.reference, ''), a.agent, a.at
        FROM case_actions a LEFT JOIN cases c ON c.id = a.case_id ORDER BY a.at, a.id",
    ),
];

/// Loads the records of cases, by the kind of event that reports them.
pub(crate) async fn load_audited_records(db: &Db) -> Result<Vec<(RecordKind, Vec<StoredRecord>)>, StoreError> {
    let mut records = Vec::new();
    for (kind, sql) in SELECT_RECORDS_SQL {
        records.push((kind, load_records(db, sql).await?));
    }
    Ok(records)
}

async fn load_records(db: &Db, sql: &'static str) -> Result<Vec<StoredRecord>, StoreError> {
    let rows: Vec<(String, String, String, i64)> = select_all!(db, sql)?;
    Ok(rows.into_iter().map(StoredRecord::from).collect())
}

/// Case records that lack another record, which is written in the same transaction.
pub(crate) struct IncompleteRecords {
    /// Cases from `/help` without any request.
    pub(crate) cases_without_request: Vec<StoredRecord>,
    /// Reset grants without an execution for the same person.
    pub(crate) grants_without_execution: Vec<StoredRecord>,
    /// Executions that allow a reset, without their grant.
    pub(crate) executions_without_grant: Vec<StoredRecord>,
}

/// Loads case records that lack another record. Each is one statement, which sees a single state of a database that is
/// in use.
pub(crate) async fn load_incomplete_records(db: &Db) -> Result<IncompleteRecords, StoreError> {
    const CASES_SQL: &str = "SELECT c.reference, '', '', c.created_at FROM cases c WHERE c.origin <> 'desk'
        AND NOT EXISTS (SELECT 1 FROM case_requests q WHERE q.case_id = c.id)";
    const GRANTS_SQL: &str = "SELECT g.action_id, '', g.object, g.until FROM grants g
        WHERE NOT EXISTS (SELECT 1 FROM case_actions a JOIN cases c ON c.id = a.case_id
            WHERE a.id = g.action_id AND a.action = 'grant' AND c.tenant = g.tenant AND c.object = g.object)";
    const EXECUTIONS_SQL: &str = "SELECT a.id, c.reference, a.agent, a.at
        FROM case_actions a JOIN cases c ON c.id = a.case_id WHERE a.action = 'grant'
        AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.action_id = a.id)";
    Ok(IncompleteRecords {
        cases_without_request: load_records(db, CASES_SQL).await?,
        grants_without_execution: load_records(db, GRANTS_SQL).await?,
        executions_without_grant: load_records(db, EXECUTIONS_SQL).await?,
    })
}
