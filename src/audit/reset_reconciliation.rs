//! Reconciliation of resets with the audit log.
//!
//! Resets are many, so that the database compares them. Each direction is one statement, which sees a single state of a
//! database that is in use.

use jiff::Timestamp;

use super::chain_verification::AuditVerification;
use super::reconciliation::MAX_REPORTED_RECORDS;
use crate::store::{Db, StoreError, select_all};

/// Checks that each reset has the audit event of its request, for the same person, and the reverse.
pub(crate) async fn reconcile_resets(db: &Db, report: &mut AuditVerification) -> Result<(), StoreError> {
    const UNRECORDED_SQL: &str = "SELECT r.reference, r.created_at, COUNT(*) OVER () FROM resets r
        WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.reset_id = r.id AND a.event = 'reset.requested'
            AND a.subject = r.tenant || '/' || r.object)
        ORDER BY r.created_at LIMIT 10";
    const GONE_SQL: &str = "SELECT a.seq, a.at, COUNT(*) OVER () FROM audit a
        WHERE a.event = 'reset.requested' AND NOT EXISTS (SELECT 1 FROM resets r
            WHERE r.id = a.reset_id AND a.subject = r.tenant || '/' || r.object)
        ORDER BY a.seq LIMIT 10";
    let time = |at: i64| Timestamp::from_millisecond(at).unwrap_or_default();
    let unrecorded: Vec<(String, i64, i64)> = select_all!(db, UNRECORDED_SQL)?;
    for (reference, at, _) in &unrecorded {
        report.breaks.push(format!("reset {} of {} has no audit row", reference.escape_debug(), time(*at)));
    }
    report_more(report, unrecorded.first().map_or(0, |(_, _, all)| *all));
    let gone: Vec<(i64, i64, i64)> = select_all!(db, GONE_SQL)?;
    for (seq, at, _) in &gone {
        report.breaks.push(format!("audit row {seq} reports a reset of {}, which does not exist", time(*at)));
    }
    report_more(report, gone.first().map_or(0, |(_, _, all)| *all));
    Ok(())
}

fn report_more(report: &mut AuditVerification, all: i64) {
    let more = all.saturating_sub(i64::try_from(MAX_REPORTED_RECORDS).unwrap_or(i64::MAX));
    if more > 0 {
        report.breaks.push(format!("reset: {more} more"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AuditActor, AuditEvent, AuditLog};
    use crate::base::{Clock, PersonKey, Random, ResetId};
    use crate::store::exec_db;
    use crate::store::testing::{TestDatabase, test_databases, test_sealer, test_tenant};

    const PERSON: &str = "00000000-0000-4000-8000-000000000001";
    const OTHER: &str = "00000000-0000-4000-8000-000000000002";

    async fn insert_reset(engine: &TestDatabase, id: ResetId, reference: &str, object: &str) {
        const SQL: &str = "INSERT INTO resets (id, reference, tenant, object, upn, name, synced, state, created_at, updated_at, revision, change, open)
            VALUES ($1, $2, $3, $4, '', '', 1, 'written', 0, 0, 1, 0, 0)";
        exec_db!(&engine.db, SQL, id, reference, test_tenant(), object).unwrap();
    }

    async fn reconcile(engine: &TestDatabase) -> Vec<String> {
        let mut report = AuditVerification::default();
        reconcile_resets(&engine.db, &mut report).await.unwrap();
        report.breaks
    }

    #[tokio::test]
    async fn reset_without_its_event_and_the_reverse_are_found() {
        for engine in test_databases().await {
            let random = Random::seeded(1);
            let id = || ResetId::new(&random, Timestamp::UNIX_EPOCH);
            let person = PersonKey { tenant: test_tenant(), object: PERSON.parse().unwrap() };
            let audit_log = AuditLog::new(engine.db.clone(), test_sealer(), Clock::system(), Random::system());
            let requested = id();
            insert_reset(&engine, requested, "AAAA1111", PERSON).await;
            let event = AuditEvent::new("reset.requested", AuditActor::Person(person)).with_subject(person);
            audit_log.append(event.clone().with_reset(requested)).await.unwrap();
            assert_eq!(reconcile(&engine).await, Vec::<String>::new());
            insert_reset(&engine, id(), "BBBB2222", PERSON).await;
            assert_eq!(reconcile(&engine).await, ["reset BBBB2222 of 1970-01-01T00:00:00Z has no audit row"]);
            exec_db!(&engine.db, "DELETE FROM resets WHERE reference = 'BBBB2222'").unwrap();
            exec_db!(&engine.db, "UPDATE resets SET object = $1", OTHER).unwrap();
            assert_eq!(reconcile(&engine).await.len(), 2, "it was given to another person");
            exec_db!(&engine.db, "DELETE FROM resets").unwrap();
            for _ in 0..12 {
                audit_log.append(event.clone().with_reset(id())).await.unwrap();
            }
            let found = reconcile(&engine).await;
            assert!(found[0].starts_with("audit row 1 reports a reset of"), "{found:?}");
            assert_eq!((found.len(), found[10].as_str()), (11, "reset: 3 more"));
        }
    }
}
