//! Reconciliation of stored records with the audit log, so that a row that was inserted or deleted by SQL is found.
//!
//! A record and the event that reports it are written in one transaction, and neither is ever deleted: retention only
//! erases texts. So each record has its event, and each event its record.
//!
//! - Events of the first releases carry no id of a decision, approval or execution. Such an event accounts for one
//!   record of the same case and staff member.
//! - The portal may run. The caller reads the head before the records, and events after it have no record yet.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::chain_verification::AuditVerification;
use crate::store::{Db, StoreError, select_all};

/// Maximum number of records that are reported one by one, for each kind and direction.
pub(super) const MAX_REPORTED_RECORDS: usize = 10;

/// Kind of a stored record that an audit event reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordKind {
    /// Case that an agent opened.
    Case,
    /// Request at `/help`.
    HelpRequest,
    /// Person whom an agent identified in a case from `/help`.
    IdentifiedPerson,
    Decision,
    Approval,
    Execution,
    /// Use of a reset grant by a reset.
    GrantUse,
}

/// Stored record, with what must be the same in its event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StoredRecord {
    /// Reference or id. An approval and an execution also name their decision: `id/decision`.
    pub(crate) id: String,
    /// Reference of the case, empty if the record has none.
    pub(crate) case: String,
    /// Object id of the staff member who decided, approved or executed. For other kinds, the person whom the record is
    /// about, empty if the event names none.
    pub(crate) person: String,
    /// Time in milliseconds since 1970.
    pub(crate) at: i64,
}

impl From<(String, String, String, i64)> for StoredRecord {
    fn from((id, case, person, at): (String, String, String, i64)) -> Self {
        Self { id, case, person, at }
    }
}

impl RecordKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::HelpRequest => "help request",
            Self::IdentifiedPerson => "identified person of case",
            Self::Decision => "decision",
            Self::Approval => "approval",
            Self::Execution => "execution",
            Self::GrantUse => "use of a grant by reset",
        }
    }

    fn event_kinds(self) -> &'static [&'static str] {
        match self {
            Self::Case => &["case.opened"],
            Self::HelpRequest => &["case.asked_for"],
            Self::IdentifiedPerson => &["case.named"],
            Self::Decision => &["case.verified", "case.override_asked"],
            Self::Approval => &["case.approved"],
            Self::Execution => &["case.acted"],
            Self::GrantUse => &["guard.grant_used"],
        }
    }
}

#[derive(sqlx::FromRow)]
struct EventRow {
    seq: i64,
    at: i64,
    actor: String,
    subject: Option<String>,
    reset_id: Option<String>,
    detail: String,
}

/// Event that reports a record. Its id is empty in events of the first releases.
#[derive(Clone, Debug)]
struct RecordEvent {
    seq: i64,
    record: StoredRecord,
}

impl RecordEvent {
    fn from_row(kind: RecordKind, row: EventRow) -> Self {
        let detail: Map<String, Value> = serde_json::from_str(&row.detail).unwrap_or_default();
        let text = |name: &str| detail.get(name).and_then(Value::as_str).unwrap_or_default();
        // References are stored without the dash with which they are shown.
        let reference = |name: &str| text(name).replace('-', "");
        let with_decision = |name: &str| match (text(name), text("decision")) {
            ("", _) | (_, "") => String::new(),
            (id, decision) => format!("{id}/{decision}"),
        };
        let subject = row.subject.unwrap_or_default();
        let staff = row.actor.rsplit('/').next().unwrap_or_default().to_owned();
        let (id, case, person) = match kind {
            RecordKind::Case | RecordKind::IdentifiedPerson => (reference("case"), String::new(), subject),
            RecordKind::HelpRequest => (reference("request"), String::new(), String::new()),
            RecordKind::Decision => (text("decision").to_owned(), reference("case"), staff),
            RecordKind::Approval => (with_decision("approval"), reference("case"), staff),
            RecordKind::Execution => (with_decision("execution"), reference("case"), staff),
            RecordKind::GrantUse => (row.reset_id.unwrap_or_default(), String::new(), subject),
        };
        Self { seq: row.seq, record: StoredRecord { id, case, person, at: row.at } }
    }
}

/// Compares all stored records of a kind with their audit events, and reports each that lacks the other.
///
/// `through` is the row count of the head before the records were loaded.
pub(crate) async fn reconcile_records(
    db: &Db,
    kind: RecordKind,
    stored: &[StoredRecord],
    through: i64,
    report: &mut AuditVerification,
) -> Result<(), StoreError> {
    let mut events = Vec::new();
    for event in kind.event_kinds() {
        events.extend(load_events(db, event).await?.into_iter().map(|row| RecordEvent::from_row(kind, row)));
    }
    let (unrecorded, mut gone) = compare_records(stored, &events);
    gone.retain(|event| event.seq <= through);
    let line = |record: &StoredRecord| format!("{} has no audit row", describe_record(kind.as_str(), record));
    report_lines(report, unrecorded.into_iter().map(line).collect(), kind.as_str());
    let line = |event: &RecordEvent| {
        format!(
            "audit row {} reports {}, which does not exist",
            event.seq,
            describe_record(kind.as_str(), &event.record)
        )
    };
    report_lines(report, gone.into_iter().map(line).collect(), kind.as_str());
    Ok(())
}

async fn load_events(db: &Db, event: &str) -> Result<Vec<EventRow>, StoreError> {
    const SQL: &str = "SELECT seq, at, actor, subject, reset_id, detail FROM audit
        WHERE event = $1 AND seq > $2 ORDER BY seq LIMIT 1000";
    let mut events: Vec<EventRow> = Vec::new();
    loop {
        let after = events.last().map_or(0, |row| row.seq);
        let page: Vec<EventRow> = select_all!(db, SQL, event, after)?;
        if page.is_empty() {
            return Ok(events);
        }
        events.extend(page);
    }
}

/// Returns the records without an event, and the events without a record.
fn compare_records<'a>(
    stored: &'a [StoredRecord],
    events: &'a [RecordEvent],
) -> (Vec<&'a StoredRecord>, Vec<&'a RecordEvent>) {
    let mut with_id: HashMap<(&str, &str, &str), &RecordEvent> = HashMap::new();
    let mut without_id: HashMap<(&str, &str), Vec<&RecordEvent>> = HashMap::new();
    for event in events {
        let StoredRecord { id, case, person, .. } = &event.record;
        if id.is_empty() {
            without_id.entry((case, person)).or_default().push(event);
        } else {
            with_id.insert((id, case, person), event);
        }
    }
    let mut unrecorded: Vec<&StoredRecord> = stored.iter().collect();
    unrecorded.retain(|record| with_id.remove(&(&*record.id, &*record.case, &*record.person)).is_none());
    unrecorded.retain(|record| without_id.get_mut(&(&*record.case, &*record.person)).and_then(Vec::pop).is_none());
    let mut gone: Vec<&RecordEvent> = with_id.into_values().chain(without_id.into_values().flatten()).collect();
    gone.sort_by_key(|event| event.seq);
    (unrecorded, gone)
}

/// Reports records that lack something else than an audit event, such as a grant without its execution.
pub(crate) fn report_gaps(report: &mut AuditVerification, what: &str, problem: &str, records: &[StoredRecord]) {
    let line = |record: &StoredRecord| format!("{} {problem}", describe_record(what, record));
    report_lines(report, records.iter().map(line).collect(), what);
}

/// Returns the name of a record. Its id is escaped, because anyone who can write the database chose it.
fn describe_record(what: &str, record: &StoredRecord) -> String {
    let StoredRecord { id, case, at, .. } = record;
    let at = Timestamp::from_millisecond(*at).unwrap_or_default();
    let id = if id.is_empty() { String::new() } else { format!(" {}", id.escape_debug()) };
    let case = if case.is_empty() { String::new() } else { format!(" in case {}", case.escape_debug()) };
    format!("{what}{id}{case} of {at}")
}

/// Adds the first lines to the breaks, and the number of the others.
pub(super) fn report_lines(report: &mut AuditVerification, lines: Vec<String>, what: &str) {
    let more = lines.len().saturating_sub(MAX_REPORTED_RECORDS);
    report.breaks.extend(lines.into_iter().take(MAX_REPORTED_RECORDS));
    if more > 0 {
        report.breaks.push(format!("{what}: {more} more"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AuditActor, AuditEvent, AuditLog, load_head};
    use crate::base::{Clock, PersonKey, Random};
    use crate::store::testing::{TestDatabase, test_databases, test_sealer, test_tenant};

    const AGENT: &str = "00000000-0000-4000-8000-000000000001";

    fn record(id: &str, case: &str) -> StoredRecord {
        StoredRecord { id: id.to_owned(), case: case.to_owned(), person: AGENT.to_owned(), at: 1_800_000_000_000 }
    }

    async fn append_approval(engine: &TestDatabase, details: &[(&str, &str)]) {
        let audit_log = AuditLog::new(engine.db.clone(), test_sealer(), Clock::system(), Random::system());
        let agent = PersonKey { tenant: test_tenant(), object: AGENT.parse().unwrap() };
        let mut event = AuditEvent::new("case.approved", AuditActor::Staff(agent));
        for (name, value) in details {
            event = event.with_detail(name, *value);
        }
        audit_log.append(event).await.unwrap();
    }

    async fn reconcile(engine: &TestDatabase, stored: &[StoredRecord]) -> Vec<String> {
        let through = load_head(&engine.db).await.unwrap().map_or(0, |(count, _)| count);
        let mut report = AuditVerification::default();
        reconcile_records(&engine.db, RecordKind::Approval, stored, through, &mut report).await.unwrap();
        report.breaks
    }

    #[tokio::test]
    async fn each_approval_and_its_event_are_matched_once() {
        for engine in test_databases().await {
            append_approval(&engine, &[("case", "AAAA-1111"), ("approval", "a1"), ("decision", "d1")]).await;
            // An event of the first releases.
            append_approval(&engine, &[("case", "BBBB-2222")]).await;
            let (new, old) = (record("a1/d1", "AAAA1111"), record("a0/d0", "BBBB2222"));
            assert_eq!(reconcile(&engine, &[new.clone(), old.clone()]).await, Vec::<String>::new());
            for (inserted, why) in [
                (record("a2/d2", "AAAA1111"), "another approval in the case"),
                (record("a2/d2", "BBBB2222"), "a second one for an event without id"),
                (record("a1/d2", "AAAA1111"), "of another decision"),
            ] {
                let found = reconcile(&engine, &[new.clone(), old.clone(), inserted]).await;
                assert!(found.len() == 1 && found[0].ends_with("has no audit row"), "{why}: {found:?}");
            }
            let stolen = StoredRecord { person: "someone".to_owned(), ..new.clone() };
            let found = reconcile(&engine, &[stolen, old.clone()]).await;
            assert_eq!(found.len(), 2, "by someone else: {found:?}");
            let found = reconcile(&engine, &[old]).await;
            assert!(found[0].starts_with("audit row 1 reports approval a1/d1 in case AAAA1111"), "{found:?}");
            let found = reconcile(&engine, &[new]).await;
            assert!(found[0].starts_with("audit row 2 reports approval in case BBBB2222"), "{found:?}");
        }
    }

    #[tokio::test]
    async fn event_after_the_head_needs_no_record_yet() {
        for engine in test_databases().await {
            append_approval(&engine, &[("case", "AAAA-1111"), ("approval", "a1"), ("decision", "d1")]).await;
            let mut report = AuditVerification::default();
            reconcile_records(&engine.db, RecordKind::Approval, &[], 0, &mut report).await.unwrap();
            assert_eq!(report.breaks, Vec::<String>::new());
        }
    }

    #[tokio::test]
    async fn many_missing_events_are_reported_in_few_lines() {
        for engine in test_databases().await {
            let stored: Vec<_> = (0..35).map(|n| record(&format!("a{n}/d"), "AAAA1111")).collect();
            let found = reconcile(&engine, &stored).await;
            assert_eq!((found.len(), found[10].as_str()), (11, "approval: 25 more"));
        }
    }
}
