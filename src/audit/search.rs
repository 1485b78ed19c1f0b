//! Search in the audit log: page by page from the newest row, or in batches from the oldest for an export.
//!
//! The next page or batch begins at a sequence number, so the last one costs as much as the first.

use jiff::{SignedDuration, Timestamp};

use super::chain::ChainedRow;
use super::event::AuditActor;
use crate::base::{PersonKey, ResetId, TimestampExt as _};
use crate::store::{Db, StoreError, select_all, select_optional};

/// Number of rows on a page.
pub(crate) const AUDIT_PAGE_ROWS: usize = 50;
/// Maximum number of rows in an export batch.
const EXPORT_BATCH_ROWS: i64 = 500;
/// Maximum assumed difference between the clocks of replicas. Rows are ordered by their writing, and only nearly by
/// their times.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(10);

/// Filters of an audit search. A row must match all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditQuery {
    pub(crate) from: Option<Timestamp>,
    /// Exclusive end.
    pub(crate) until: Option<Timestamp>,
    pub(crate) event: Option<String>,
    /// Actors, of which a row must match one. Empty: any actor.
    pub(crate) actors: Vec<AuditActor>,
    pub(crate) subject: Option<PersonKey>,
    pub(crate) reset: Option<ResetId>,
}

/// Personal details of an audit row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PersonalData {
    None,
    /// Stored details as JSON.
    Stored(String),
    /// Erased by retention. Only the digest in the chain is left.
    Erased,
}

/// Audit row with its personal details and the reference of its reset.
#[derive(Clone, Debug)]
pub(crate) struct AuditEntry {
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
    pub(crate) event: String,
    pub(crate) actor: String,
    pub(crate) subject: Option<String>,
    pub(crate) reset: Option<String>,
    /// Reference of the reset, as people read it out.
    pub(crate) reference: Option<String>,
    pub(crate) detail: String,
    pub(crate) personal: PersonalData,
    /// Digest of the personal details in the chain, empty if the event has none.
    pub(crate) personal_digest: String,
    pub(crate) previous: String,
    pub(crate) hash: String,
    pub(crate) mac: String,
    pub(crate) mac_key: String,
}

#[derive(sqlx::FromRow)]
struct AuditSearchRow {
    #[sqlx(flatten)]
    row: ChainedRow,
    data: Option<String>,
    reference: Option<String>,
}

impl From<AuditSearchRow> for AuditEntry {
    fn from(AuditSearchRow { row, data, reference }: AuditSearchRow) -> Self {
        let personal = match data {
            _ if row.personal.is_empty() => PersonalData::None,
            Some(data) => PersonalData::Stored(data),
            None => PersonalData::Erased,
        };
        let reference = reference.map(|text| match text.split_at_checked(4) {
            Some((head, tail)) => format!("{head}-{tail}"),
            None => text,
        });
        Self {
            seq: row.seq,
            at: Timestamp::from_millisecond(row.at).unwrap_or_default(),
            event: row.event,
            actor: row.actor,
            subject: row.subject,
            reset: row.reset_id,
            reference,
            detail: row.detail,
            personal,
            personal_digest: row.personal,
            previous: row.previous,
            hash: row.hash,
            mac: row.mac,
            mac_key: row.mac_key,
        }
    }
}

/// Builds the search statement. The first condition selects the index to scan.
macro_rules! select_rows {
    ($first:literal, $order:literal) => {
        concat!(
            "SELECT a.seq, a.at, a.event, a.actor, a.subject, a.reset_id, a.detail, a.personal, a.previous, a.hash, a.mac,
                a.mac_key, p.data, r.reference
            FROM audit a LEFT JOIN audit_personal p ON p.seq = a.seq LEFT JOIN resets r ON r.id = a.reset_id
            WHERE ",
            $first,
            " AND a.seq > $1 AND a.seq < $2 AND a.at >= $3 AND a.at < $4 AND ($5 = '' OR a.event = $5)
                AND ($6 = '' OR a.actor = $6) AND ($7 = '' OR a.subject = $7) AND ($8 = '' OR a.reset_id = $8)
            ORDER BY a.seq ",
            $order,
            " LIMIT $9"
        )
    };
}

/// SQL of one search in both orders.
struct QueryTexts {
    newest: &'static str,
    oldest: &'static str,
}

macro_rules! texts_by_index {
    ($first:literal) => {
        QueryTexts { newest: select_rows!($first, "DESC"), oldest: select_rows!($first, "ASC") }
    };
}

impl AuditQuery {
    /// Selects the statement that scans the index of the most selective filter.
    fn query_texts(&self) -> QueryTexts {
        match () {
            () if self.reset.is_some() => texts_by_index!("a.reset_id = $8"),
            () if self.subject.is_some() => texts_by_index!("a.subject = $7"),
            () if !self.actors.is_empty() => texts_by_index!("a.actor = $6"),
            () if self.event.is_some() => texts_by_index!("a.event = $5"),
            () => texts_by_index!("a.seq > 0"),
        }
    }

    fn actor_names(&self) -> Vec<String> {
        if self.actors.is_empty() {
            vec![String::new()]
        } else {
            self.actors.iter().map(AuditActor::stored_name).collect()
        }
    }
}

/// Exclusive range of sequence numbers.
struct SequenceRange {
    after: i64,
    before: i64,
}

/// Loads the newest rows before a sequence number: a page, and one more row if another page follows.
pub(crate) async fn load_newest(
    db: &Db,
    query: &AuditQuery,
    before: Option<i64>,
) -> Result<Vec<AuditEntry>, StoreError> {
    let between = narrow_by_time(db, query, SequenceRange { after: 0, before: before.unwrap_or(i64::MAX) }).await?;
    let limit = i64::try_from(AUDIT_PAGE_ROWS).unwrap_or(0) + 1;
    let mut found = load_entries(db, query, query.query_texts().newest, &between, limit).await?;
    found.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
    found.truncate(AUDIT_PAGE_ROWS + 1);
    Ok(found)
}

/// Loads the next export batch: the oldest rows after `after`, up to and including `through`. Empty at the end.
pub(crate) async fn load_oldest(
    db: &Db,
    query: &AuditQuery,
    after: i64,
    through: i64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let between = narrow_by_time(db, query, SequenceRange { after, before: through.saturating_add(1) }).await?;
    let mut found = load_entries(db, query, query.query_texts().oldest, &between, EXPORT_BATCH_ROWS).await?;
    found.sort_by_key(|entry| entry.seq);
    found.truncate(usize::try_from(EXPORT_BATCH_ROWS).unwrap_or(usize::MAX));
    Ok(found)
}

/// Loads the matching rows for each actor in turn. The rows of different actors are not sorted together.
async fn load_entries(
    db: &Db,
    query: &AuditQuery,
    sql: &'static str,
    between: &SequenceRange,
    limit: i64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let millis = |at: Option<Timestamp>, none: i64| at.map_or(none, Timestamp::as_millisecond);
    let (from, until) = (millis(query.from, i64::MIN), millis(query.until, i64::MAX));
    let event = query.event.clone().unwrap_or_default();
    let subject = query.subject.map(|key| key.to_string()).unwrap_or_default();
    let reset = query.reset.map(|id| id.to_string()).unwrap_or_default();
    let mut all = Vec::new();
    for actor in query.actor_names() {
        let rows: Vec<AuditSearchRow> =
            select_all!(db, sql, between.after, between.before, from, until, &event, &actor, &subject, &reset, limit)?;
        all.extend(rows.into_iter().map(AuditEntry::from));
    }
    Ok(all)
}

/// Narrows the range of sequence numbers to the query's times, with a margin of [`MAX_CLOCK_SKEW`], so that the index
/// scan skips rows that are too old or too new.
async fn narrow_by_time(db: &Db, query: &AuditQuery, between: SequenceRange) -> Result<SequenceRange, StoreError> {
    let (mut after, mut before) = (between.after, between.before);
    if let Some(from) = query.from {
        after = after.max(load_last_sequence_before(db, from.earlier(MAX_CLOCK_SKEW)).await?);
    }
    if let Some(until) = query.until {
        let until = until.later(MAX_CLOCK_SKEW);
        before = before.min(load_first_sequence_from(db, until).await?);
    }
    Ok(SequenceRange { after, before })
}

async fn load_last_sequence_before(db: &Db, at: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT seq FROM audit WHERE at < $1 ORDER BY at DESC LIMIT 1";
    let at = at.as_millisecond();
    let row: Option<(i64,)> = select_optional!(db, SQL, at)?;
    Ok(row.map_or(0, |(seq,)| seq))
}

async fn load_first_sequence_from(db: &Db, at: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT seq FROM audit WHERE at >= $1 ORDER BY at LIMIT 1";
    let at = at.as_millisecond();
    let row: Option<(i64,)> = select_optional!(db, SQL, at)?;
    Ok(row.map_or(i64::MAX, |(seq,)| seq))
}

/// Loads a sequence number that is above every row from before a time.
pub(super) async fn sequence_after(db: &Db, at: Timestamp) -> Result<i64, StoreError> {
    load_first_sequence_from(db, at.later(MAX_CLOCK_SKEW)).await
}

/// Loads the kinds of all recorded events, with one index lookup per kind.
pub(crate) async fn load_event_kinds(db: &Db) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "WITH RECURSIVE kinds (event) AS (
            SELECT MIN(event) FROM audit
            UNION ALL SELECT (SELECT MIN(a.event) FROM audit a WHERE a.event > kinds.event) FROM kinds WHERE kinds.event IS NOT NULL)
        SELECT event FROM kinds WHERE event IS NOT NULL";
    let rows: Vec<(String,)> = select_all!(db, SQL)?;
    Ok(rows.into_iter().map(|(event,)| event).collect())
}

/// Loads the sequence number and hash of the last row, as exported.
pub(crate) async fn load_head(db: &Db) -> Result<Option<(i64, String)>, StoreError> {
    const SQL: &str = "SELECT count, hash FROM audit_head WHERE slot = 1 AND count > 0";
    Ok(select_optional!(db, SQL)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AuditEvent, AuditLog, erasable_before, erase_personal_data};
    use crate::base::{Clock, ObjectId, Random};
    use crate::store::testing::{TestDatabase, test_databases, test_sealer, test_tenant};

    fn person_key(n: u32) -> PersonKey {
        let object: ObjectId = format!("00000000-0000-4000-8000-{n:012}").parse().unwrap();
        PersonKey { tenant: test_tenant(), object }
    }

    fn timestamp_at_hour(n: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + n * 3_600).unwrap()
    }

    fn new_audit_log(engine: &TestDatabase, clock: &Clock) -> AuditLog {
        AuditLog::new(engine.db.clone(), test_sealer(), clock.clone(), Random::system())
    }

    /// Appends one event per hour, in turn by person 1 and staff member 1, with person `n % 3` as subject.
    async fn append_events(engine: &TestDatabase, rows: u32) {
        let clock = Clock::manual(timestamp_at_hour(0));
        let audit_log = new_audit_log(engine, &clock);
        for n in 0..rows {
            let actor = if n % 2 == 0 { AuditActor::Person(person_key(1)) } else { AuditActor::Staff(person_key(1)) };
            let kind = ["a.one", "a.two", "b.three"][n as usize % 3];
            let event = AuditEvent::new(kind, actor).with_subject(person_key(n % 3)).with_detail("n", n);
            audit_log
                .append(if n % 4 == 0 { event.with_personal_detail("name", "Wanda") } else { event })
                .await
                .unwrap();
            clock.advance(SignedDuration::from_hours(1));
        }
    }

    async fn newest_sequences(engine: &TestDatabase, query: &AuditQuery) -> Vec<i64> {
        load_newest(&engine.db, query, None).await.unwrap().into_iter().map(|entry| entry.seq).collect()
    }

    #[tokio::test]
    async fn audit_query_combines_all_filters() {
        for engine in test_databases().await {
            append_events(&engine, 12).await;
            let all = AuditQuery::default();
            assert_eq!(newest_sequences(&engine, &all).await, (1..=12).rev().collect::<Vec<_>>());
            let event = AuditQuery { event: Some("a.two".to_owned()), ..all.clone() };
            assert_eq!(newest_sequences(&engine, &event).await, [11, 8, 5, 2]);
            let staff = AuditQuery { actors: vec![AuditActor::Staff(person_key(1))], ..all.clone() };
            assert_eq!(newest_sequences(&engine, &staff).await, [12, 10, 8, 6, 4, 2]);
            let either = AuditQuery {
                actors: vec![AuditActor::Staff(person_key(1)), AuditActor::Person(person_key(1))],
                ..all.clone()
            };
            assert_eq!(newest_sequences(&engine, &either).await, (1..=12).rev().collect::<Vec<_>>());
            let both = AuditQuery { subject: Some(person_key(0)), event: Some("a.one".to_owned()), ..staff.clone() };
            assert_eq!(newest_sequences(&engine, &both).await, [10, 4]);
            let times =
                AuditQuery { from: Some(timestamp_at_hour(3)), until: Some(timestamp_at_hour(6)), ..all.clone() };
            assert_eq!(newest_sequences(&engine, &times).await, [6, 5, 4], "the start is inclusive, the end exclusive");
            let none = AuditQuery { from: Some(timestamp_at_hour(900)), ..all.clone() };
            assert_eq!(newest_sequences(&engine, &none).await, [] as [i64; 0]);
            assert_eq!(load_event_kinds(&engine.db).await.unwrap(), ["a.one", "a.two", "b.three"]);
        }
    }

    #[tokio::test]
    async fn pages_and_export_batches_return_every_row_once() {
        for engine in test_databases().await {
            append_events(&engine, 130).await;
            let query = AuditQuery {
                actors: vec![AuditActor::Staff(person_key(1)), AuditActor::Person(person_key(1))],
                ..AuditQuery::default()
            };
            let (mut seen, mut before) = (Vec::new(), None);
            loop {
                let mut page = load_newest(&engine.db, &query, before).await.unwrap();
                let more = page.len() > AUDIT_PAGE_ROWS;
                page.truncate(AUDIT_PAGE_ROWS);
                seen.extend(page.iter().map(|entry| entry.seq));
                before = page.last().map(|entry| entry.seq);
                if !more {
                    break;
                }
            }
            assert_eq!(seen, (1..=130).rev().collect::<Vec<_>>());
            let mut after = 0;
            let mut seen = Vec::new();
            loop {
                let batch = load_oldest(&engine.db, &query, after, 120).await.unwrap();
                let Some(last) = batch.last() else { break };
                after = last.seq;
                seen.extend(batch.iter().map(|entry| entry.seq));
            }
            assert_eq!(seen, (1..=120).collect::<Vec<_>>(), "up to the head at the start of the export");
        }
    }

    #[tokio::test]
    async fn erased_personal_data_is_reported_and_chain_stays_valid() {
        for engine in test_databases().await {
            append_events(&engine, 12).await;
            let keys = test_sealer();
            let audit_log = new_audit_log(&engine, &Clock::manual(timestamp_at_hour(100)));
            let below = erasable_before(&engine.db, timestamp_at_hour(5)).await.unwrap();
            let mut transaction = audit_log.begin().await.unwrap();
            let erased = erase_personal_data(&mut transaction, below, timestamp_at_hour(5)).await.unwrap();
            assert_eq!(erased, 2, "rows 1 and 5 of 1, 5 and 9");
            transaction.commit().await.unwrap();
            let entries = load_newest(&engine.db, &AuditQuery::default(), None).await.unwrap();
            let personal = |seq| entries.iter().find(|e| e.seq == seq).unwrap().personal.clone();
            assert_eq!(
                (personal(1), personal(5), personal(2)),
                (PersonalData::Erased, PersonalData::Erased, PersonalData::None)
            );
            assert_eq!(personal(9), PersonalData::Stored("{\"name\":\"Wanda\"}".to_owned()));
            let report = crate::audit::check_chain(&engine.db, Some(&keys)).await.unwrap();
            assert_eq!(report.breaks, Vec::<String>::new());
            assert_eq!(report.unchecked, ["the personal details of 2 rows: they were erased"]);
        }
    }
}
