//! Order of decision, approval and execution within the audit log.
//!
//! Someone who inserts an approval with SQL, has it executed and deletes it again leaves no record to reconcile. But the
//! portal has recorded an execution whose approval no audit row reports.
//!
//! - Events of the first releases carry no id of a decision. Such an event counts for all decisions of its case.

use std::collections::HashSet;

use serde::Deserialize;

use super::chain_verification::AuditVerification;
use super::reconciliation::report_lines;
use crate::store::{Db, StoreError, select_all};

/// Details of the events that are compared.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StepDetail {
    case: String,
    decision: String,
    approved: bool,
}

/// Decisions that audit rows report, and cases with such a row that has no id.
#[derive(Default)]
struct ReportedDecisions {
    ids: HashSet<String>,
    cases: HashSet<String>,
}

impl ReportedDecisions {
    fn add(&mut self, detail: StepDetail) {
        if detail.decision.is_empty() {
            self.cases.insert(detail.case);
        } else {
            self.ids.insert(detail.decision);
        }
    }

    fn contains(&self, detail: &StepDetail) -> bool {
        self.ids.contains(&detail.decision) || self.cases.contains(&detail.case)
    }
}

/// Checks that each execution follows the audit row of its decision, and that of its approval if it had one.
pub(crate) async fn check_decision_sequence(db: &Db, report: &mut AuditVerification) -> Result<(), StoreError> {
    const SQL: &str = "SELECT seq, event, detail FROM audit
        WHERE event IN ('case.verified', 'case.override_asked', 'case.approved', 'case.acted') AND seq > $1
        ORDER BY seq LIMIT 1000";
    let (mut decided, mut approved) = (ReportedDecisions::default(), ReportedDecisions::default());
    let (mut lines, mut after) = (Vec::new(), 0);
    loop {
        let page: Vec<(i64, String, String)> = select_all!(db, SQL, after)?;
        let Some((last, ..)) = page.last() else { break };
        after = *last;
        for (seq, event, detail) in page {
            let detail: StepDetail = serde_json::from_str(&detail).unwrap_or_default();
            match event.as_str() {
                "case.approved" => approved.add(detail),
                "case.acted" => lines.extend(describe_gap(seq, &detail, &decided, &approved)),
                _ => decided.add(detail),
            }
        }
    }
    report_lines(report, lines, "execution");
    Ok(())
}

/// Returns what is missing before an execution. One that carries no decision is from a first release, and not checked.
fn describe_gap(
    seq: i64,
    execution: &StepDetail,
    decided: &ReportedDecisions,
    approved: &ReportedDecisions,
) -> Option<String> {
    let missing = match () {
        () if execution.decision.is_empty() => return None,
        () if !decided.contains(execution) => "decision",
        () if execution.approved && !approved.contains(execution) => "approval",
        () => return None,
    };
    Some(format!("audit row {seq} reports an execution in case {}, and no row before it its {missing}", execution.case))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AuditActor, AuditEvent, AuditLog};
    use crate::base::{Clock, Random};
    use crate::store::testing::{TestDatabase, test_databases, test_sealer};

    async fn append(engine: &TestDatabase, kind: &'static str, case: &str, decision: Option<&str>) {
        let audit_log = AuditLog::new(engine.db.clone(), test_sealer(), Clock::system(), Random::system());
        let event = AuditEvent::new(kind, AuditActor::Portal).with_detail("case", case).with_detail("approved", true);
        let event = decision.map_or(event.clone(), |id| event.with_detail("decision", id));
        audit_log.append(event).await.unwrap();
    }

    async fn check(engine: &TestDatabase) -> Vec<String> {
        let mut report = AuditVerification::default();
        check_decision_sequence(&engine.db, &mut report).await.unwrap();
        report.breaks
    }

    #[tokio::test]
    async fn execution_without_earlier_decision_or_approval_is_found() {
        for engine in test_databases().await {
            append(&engine, "case.verified", "AAAA-1111", Some("d1")).await;
            append(&engine, "case.approved", "AAAA-1111", Some("d1")).await;
            append(&engine, "case.acted", "AAAA-1111", Some("d1")).await;
            assert_eq!(check(&engine).await, Vec::<String>::new());
            append(&engine, "case.override_asked", "AAAA-1111", Some("d2")).await;
            append(&engine, "case.acted", "AAAA-1111", Some("d2")).await;
            append(&engine, "case.approved", "AAAA-1111", Some("d2")).await;
            append(&engine, "case.acted", "AAAA-1111", Some("d3")).await;
            let found = check(&engine).await;
            assert!(found[0].starts_with("audit row 5 ") && found[0].ends_with("its approval"), "{found:?}");
            assert!(found[1].starts_with("audit row 7 ") && found[1].ends_with("its decision"), "{found:?}");
            assert_eq!(found.len(), 2, "{found:?}");
        }
    }

    #[tokio::test]
    async fn execution_after_an_upgrade_follows_events_without_ids() {
        for engine in test_databases().await {
            append(&engine, "case.verified", "AAAA-1111", None).await;
            append(&engine, "case.approved", "AAAA-1111", None).await;
            append(&engine, "case.acted", "AAAA-1111", Some("d1")).await;
            append(&engine, "case.acted", "BBBB-2222", None).await;
            assert_eq!(check(&engine).await, Vec::<String>::new());
        }
    }
}
