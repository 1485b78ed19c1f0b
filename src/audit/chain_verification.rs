//! Offline verification of the audit chain.
//!
//! Each row is checked against its hash, the previous row, its MAC and its personal details, and the entire chain
//! against the head.
//!
//! - A MAC whose key is not configured is a break. Anyone who can write the database can put any key id into a row.
//! - The portal may append rows while the chain is read.

use std::collections::BTreeMap;

use super::chain::{ChainedRow, GENESIS_HASH, head_mac_input, personal_digest};
use super::restores::RecordedRestore;
use crate::base::Random;
use crate::config::{Config, SealingConfig};
use crate::store::{Db, KeyPurpose, SealError, Sealer, StoreError, select_all, select_optional};

/// Maximum number of key ids that are reported one by one. A rewritten chain can name a different key in each row.
const MAX_REPORTED_KEYS: usize = 10;

/// Result of a verification: breaks of the chain, parts that could not be checked, and lawful irregularities.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AuditVerification {
    pub rows: i64,
    /// Hash of the last row.
    pub head: String,
    pub breaks: Vec<String>,
    pub unchecked: Vec<String>,
    /// Restored backups that an audit event with a valid MAC records.
    pub notices: Vec<String>,
    pub(super) restores: Vec<RecordedRestore>,
}

/// Loads the keys that verify MACs: those of `sealing.keys`, the first of which also signs, and `audit.verify_keys`.
pub(crate) fn load_verification_sealer(config: &Config) -> Result<Sealer, SealError> {
    let keys = [config.sealing.keys.clone(), config.audit.verify_keys.clone()].concat();
    Sealer::load(&SealingConfig { keys }, config.tenant_id(), Random::system())
}

/// Checks every row and the head of the chain, and the MACs if `sealer` is given.
pub(crate) async fn check_chain(db: &Db, sealer: Option<&Sealer>) -> Result<AuditVerification, StoreError> {
    let mut walk = ChainWalk::new(sealer);
    loop {
        walk.check_next_rows(db).await?;
        let head = load_stored_head(db).await?;
        let is_behind = head.as_ref().is_some_and(|head| head.count > walk.report.rows);
        // A portal that runs has appended rows since the last page was read.
        if is_behind && walk.check_next_rows(db).await? > 0 {
            continue;
        }
        walk.check_head(head);
        return Ok(walk.finish());
    }
}

/// Audit row with its personal details, unless they were erased.
#[derive(sqlx::FromRow)]
struct StoredAuditRow {
    #[sqlx(flatten)]
    row: ChainedRow,
    salt: Option<String>,
    data: Option<String>,
}

/// Head of the chain as stored.
#[derive(sqlx::FromRow)]
struct StoredHead {
    count: i64,
    hash: String,
    mac: String,
    mac_key: String,
}

async fn load_stored_head(db: &Db) -> Result<Option<StoredHead>, StoreError> {
    const SQL: &str = "SELECT count, hash, mac, mac_key FROM audit_head WHERE slot = 1";
    Ok(select_optional!(db, SQL)?)
}

/// Result of checking one MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MacStatus {
    Valid,
    Wrong,
    UnknownKey,
    /// No keys were given.
    Unchecked,
}

/// MACs of a key that is not configured.
#[derive(Default)]
struct UnknownKeyUse {
    rows: i64,
    first_row: i64,
    last_row: i64,
    is_head: bool,
}

/// Verification of a chain from its first row on.
struct ChainWalk<'a> {
    sealer: Option<&'a Sealer>,
    /// Sequence number of the last row that was read. It starts below the first row, where no row may be.
    after: i64,
    unknown_keys: BTreeMap<String, UnknownKeyUse>,
    erased: i64,
    report: AuditVerification,
}

impl<'a> ChainWalk<'a> {
    fn new(sealer: Option<&'a Sealer>) -> Self {
        let report = AuditVerification { head: GENESIS_HASH.to_owned(), ..AuditVerification::default() };
        Self { sealer, after: i64::MIN, unknown_keys: BTreeMap::new(), erased: 0, report }
    }

    /// Checks the rows after the last checked one. Returns how many there were.
    async fn check_next_rows(&mut self, db: &Db) -> Result<usize, StoreError> {
        const SELECT_PAGE_SQL: &str =
            "SELECT a.seq, a.at, a.event, a.actor, a.subject, a.reset_id, a.detail, a.personal, a.previous, a.hash, a.mac,
                a.mac_key, p.salt, p.data
            FROM audit a LEFT JOIN audit_personal p ON p.seq = a.seq WHERE a.seq > $1 ORDER BY a.seq LIMIT 1000";
        let mut count = 0;
        loop {
            let rows: Vec<StoredAuditRow> = select_all!(db, SELECT_PAGE_SQL, self.after)?;
            if rows.is_empty() {
                return Ok(count);
            }
            count += rows.len();
            for stored in &rows {
                self.check_row(&stored.row);
                self.check_personal(stored);
            }
        }
    }

    fn check_row(&mut self, row: &ChainedRow) {
        let (seq, report) = (row.seq, &mut self.report);
        let expected = report.rows.saturating_add(1);
        if seq != expected {
            report.breaks.push(format!("row {expected} is missing: the next one is {seq}"));
        }
        if row.previous != report.head {
            report.breaks.push(format!("row {seq} does not follow the row before it"));
        }
        let is_unchanged = row.hash == row.compute_hash();
        if !is_unchanged {
            report.breaks.push(format!("row {seq} was changed"));
        }
        report.rows = seq;
        self.after = seq;
        report.head.clone_from(&row.hash);
        let mac = self.check_mac(row.hash.as_bytes(), &row.mac, &row.mac_key);
        match mac {
            MacStatus::Wrong => {
                self.report.breaks.push(format!("row {seq} was not written by this portal: its MAC is wrong"));
            }
            MacStatus::UnknownKey => {
                let usage = self.unknown_keys.entry(row.mac_key.clone()).or_default();
                usage.rows += 1;
                usage.first_row = if usage.rows == 1 { seq } else { usage.first_row };
                usage.last_row = seq;
            }
            MacStatus::Valid | MacStatus::Unchecked => {}
        }
        // Only the MAC proves that a command with the sealing keys wrote this row.
        let is_proved = is_unchanged && mac == MacStatus::Valid;
        self.report.restores.extend(RecordedRestore::from_row(row, is_proved));
    }

    fn check_personal(&mut self, stored: &StoredAuditRow) {
        let digest = &stored.row.personal;
        match (&stored.salt, &stored.data) {
            (Some(salt), Some(data)) if personal_digest(salt, data) == *digest => {}
            // Erased by retention: only the digest is left, which nothing can be compared with.
            (None, None) => self.erased += i64::from(!digest.is_empty()),
            _ => self.report.breaks.push(format!("the personal details of row {} were changed", stored.row.seq)),
        }
    }

    fn check_mac(&self, data: &[u8], mac: &str, key: &str) -> MacStatus {
        let Some(sealer) = self.sealer else { return MacStatus::Unchecked };
        match sealer.verify_mac(KeyPurpose::Audit, data, mac, key) {
            Some(true) => MacStatus::Valid,
            Some(false) => MacStatus::Wrong,
            None => MacStatus::UnknownKey,
        }
    }

    fn check_head(&mut self, head: Option<StoredHead>) {
        let Some(StoredHead { count, hash, mac, mac_key }) = head else {
            if self.report.rows > 0 {
                self.report.breaks.push("the head is missing".to_owned());
            }
            return;
        };
        if count != self.report.rows || hash != self.report.head {
            self.report.breaks.push(format!("the head says {count} rows; there are {}", self.report.rows));
        }
        // The head of an empty chain has no MAC yet.
        if count == 0 && self.report.rows == 0 {
            return;
        }
        match self.check_mac(&head_mac_input(count, &hash), &mac, &mac_key) {
            MacStatus::Wrong => {
                self.report.breaks.push("the head was not written by this portal: its MAC is wrong".to_owned());
            }
            MacStatus::UnknownKey => self.unknown_keys.entry(mac_key).or_default().is_head = true,
            MacStatus::Valid | MacStatus::Unchecked => {}
        }
    }

    /// Adds what was counted to the report.
    fn finish(mut self) -> AuditVerification {
        if self.sealer.is_none() {
            self.report.unchecked.push(
                "the MACs: no sealing keys were given (--config). This result proves nothing against someone who can \
                 write the database"
                    .to_owned(),
            );
        }
        if self.erased > 0 {
            self.report.unchecked.push(format!("the personal details of {} rows: they were erased", self.erased));
        }
        let more = self.unknown_keys.len().saturating_sub(MAX_REPORTED_KEYS);
        for (key, usage) in self.unknown_keys.iter().take(MAX_REPORTED_KEYS) {
            self.report.breaks.push(usage.describe(key));
        }
        if more > 0 {
            self.report.breaks.push(format!("{more} more keys are unknown"));
        }
        self.report
    }
}

impl UnknownKeyUse {
    /// Returns the line about one key. The id is quoted and escaped, because anyone who can write the database chose it.
    fn describe(&self, key: &str) -> String {
        let rows = format!("{} rows ({} to {})", self.rows, self.first_row, self.last_row);
        let signed = match (self.rows, self.is_head) {
            (0, _) => "the head".to_owned(),
            (_, true) => format!("{rows} and the head"),
            (_, false) => rows,
        };
        format!(
            "key {key:?} signed {signed} and is not configured: if it was removed from sealing.keys, add it to \
             audit.verify_keys and verify again, otherwise someone rewrote the chain"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AuditActor, AuditEvent, AuditLog};
    use crate::base::Clock;
    use crate::store::exec_db;
    use crate::store::testing::{TestDatabase, test_databases, test_sealer, test_tenant, write_key_file};

    async fn append_events(engine: &TestDatabase, sealer: &Sealer) {
        let audit_log = AuditLog::new(engine.db.clone(), sealer.clone(), Clock::system(), Random::system());
        for n in 0..4 {
            audit_log
                .append(
                    AuditEvent::new("test", AuditActor::Portal)
                        .with_detail("n", n)
                        .with_personal_detail("name", "Wanda"),
                )
                .await
                .unwrap();
        }
    }

    /// Loads keys with the ids `old` and `new`, the first of which signs.
    fn load_sealer(ids: &[&str]) -> Sealer {
        let dir = tempfile::tempdir().unwrap();
        let keys = ids.iter().map(|id| write_key_file(dir.path(), id, if *id == "old" { 1 } else { 2 })).collect();
        Sealer::load(&SealingConfig { keys }, test_tenant(), Random::system()).unwrap()
    }

    #[tokio::test]
    async fn untouched_chain_verifies() {
        for engine in test_databases().await {
            let sealer = test_sealer();
            assert_eq!(check_chain(&engine.db, Some(&sealer)).await.unwrap().breaks, Vec::<String>::new());
            append_events(&engine, &sealer).await;
            let report = check_chain(&engine.db, Some(&sealer)).await.unwrap();
            assert_eq!((report.rows, report.breaks.len(), report.unchecked.len()), (4, 0, 0));
        }
    }

    #[tokio::test]
    async fn dropped_transaction_records_no_event() {
        for engine in test_databases().await {
            let sealer = test_sealer();
            let audit_log = AuditLog::new(engine.db.clone(), sealer.clone(), Clock::system(), Random::system());
            let mut transaction = audit_log.begin().await.unwrap();
            transaction.record_event(AuditEvent::new("test", AuditActor::Portal));
            drop(transaction);
            append_events(&engine, &sealer).await;
            assert_eq!(check_chain(&engine.db, Some(&sealer)).await.unwrap().rows, 4);
        }
    }

    #[tokio::test]
    async fn unknown_key_is_one_break_with_its_rows() {
        for engine in test_databases().await {
            append_events(&engine, &load_sealer(&["old"])).await;
            append_events(&engine, &load_sealer(&["new", "old"])).await;
            let all = check_chain(&engine.db, Some(&load_sealer(&["new", "old"]))).await.unwrap();
            assert_eq!(
                (all.rows, all.breaks, all.unchecked),
                (8, Vec::new(), Vec::new()),
                "a rotated key that is kept"
            );
            let removed = check_chain(&engine.db, Some(&load_sealer(&["new"]))).await.unwrap();
            assert_eq!(removed.breaks.len(), 1, "{:?}", removed.breaks);
            assert!(
                removed.breaks[0].starts_with("key \"old\" signed 4 rows (1 to 4) and is not"),
                "{:?}",
                removed.breaks
            );
            let stale = check_chain(&engine.db, Some(&load_sealer(&["old"]))).await.unwrap();
            assert!(
                stale.breaks[0].starts_with("key \"new\" signed 4 rows (5 to 8) and the head"),
                "{:?}",
                stale.breaks
            );
        }
    }

    #[tokio::test]
    async fn many_unknown_keys_are_reported_in_few_lines() {
        for engine in test_databases().await {
            let sealer = test_sealer();
            for _ in 0..4 {
                append_events(&engine, &sealer).await;
            }
            exec_db!(&engine.db, "UPDATE audit SET mac_key = 'lost' || seq").unwrap();
            let report = check_chain(&engine.db, Some(&sealer)).await.unwrap();
            assert_eq!(report.breaks.len(), 11, "{:?}", report.breaks);
            assert_eq!(report.breaks[10], "6 more keys are unknown");
        }
    }
}
