//! Offline verification of the audit chain.
//!
//! Each row is checked against its hash, the previous row, its MAC and its personal details, and the entire chain
//! against the head.

use super::chain::{ChainedRow, GENESIS_HASH, head_mac_input, personal_digest};
use crate::base::{Random, Secret};
use crate::config::Config;
use crate::store::{Db, KeyPurpose, Sealer, StoreError, select_all, select_optional};

/// Result of a verification: breaks of the chain, and parts that could not be checked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AuditVerification {
    pub rows: i64,
    /// Hash of the last row.
    pub head: String,
    pub breaks: Vec<String>,
    pub unchecked: Vec<String>,
}

/// Verifies the audit log of the database at `url`. With a configuration it also checks the MACs, with an exported head
/// (`count hash`) also that the chain contains that head.
///
/// # Errors
/// When the database or the keys cannot be read.
pub async fn verify_audit(
    url: &str,
    config: Option<&Config>,
    head: Option<&str>,
) -> Result<AuditVerification, Box<dyn std::error::Error + Send + Sync>> {
    let db = Db::open_existing(&Secret::new(url.to_owned())).await?;
    let sealer = config.map(|c| Sealer::load(&c.sealing, c.tenant_id(), Random::system())).transpose()?;
    let mut report = check_chain(&db, sealer.as_ref()).await?;
    match head {
        Some(head) => check_exported_head(&db, head, &mut report).await?,
        None => report.unchecked.push("rewriting of the whole history: no exported head was given (--head)".to_owned()),
    }
    Ok(report)
}

/// Checks that the row of an exported head still has the exported hash.
pub(super) async fn check_exported_head(db: &Db, head: &str, report: &mut AuditVerification) -> Result<(), StoreError> {
    const SQL: &str = "SELECT hash FROM audit WHERE seq = $1";
    let mut parts = head.split_whitespace();
    let (count, hash) = (parts.next().and_then(|c| c.parse::<i64>().ok()).unwrap_or(-1), parts.next().unwrap_or(""));
    let row: Option<(String,)> = select_optional!(db, SQL, count)?;
    if row.is_none_or(|(known,)| known != hash) {
        report.breaks.push(format!("this chain does not go through the exported head at row {count}"));
    }
    Ok(())
}

/// Checks every row and the head of the chain, and the MACs if `sealer` is given.
pub(crate) async fn check_chain(db: &Db, sealer: Option<&Sealer>) -> Result<AuditVerification, StoreError> {
    const SELECT_PAGE_SQL: &str =
        "SELECT a.seq, a.at, a.event, a.actor, a.subject, a.reset_id, a.detail, a.personal, a.previous, a.hash, a.mac,
            a.mac_key, p.salt, p.data
        FROM audit a LEFT JOIN audit_personal p ON p.seq = a.seq WHERE a.seq > $1 ORDER BY a.seq LIMIT 1000";
    let mut erased = 0;
    let mut report = AuditVerification { head: GENESIS_HASH.to_owned(), ..AuditVerification::default() };
    if sealer.is_none() {
        report.unchecked.push("the MACs: no sealing keys were given (--config)".to_owned());
    }
    loop {
        let rows: Vec<StoredAuditRow> = select_all!(db, SELECT_PAGE_SQL, report.rows)?;
        if rows.is_empty() {
            break;
        }
        for kept in &rows {
            check_row(sealer, &kept.row, &mut report);
            match (&kept.salt, &kept.data) {
                (Some(salt), Some(data)) if personal_digest(salt, data) == kept.row.personal => {}
                // Erased by retention: only the digest is left, which nothing can be compared with.
                (None, None) => erased += i64::from(!kept.row.personal.is_empty()),
                _ => report.breaks.push(format!("the personal details of row {} were changed", kept.row.seq)),
            }
        }
    }
    if erased > 0 {
        report.unchecked.push(format!("the personal details of {erased} rows: they were erased"));
    }
    check_head(db, sealer, &mut report).await?;
    Ok(report)
}

/// Audit row with its personal details, unless they were erased.
#[derive(sqlx::FromRow)]
struct StoredAuditRow {
    #[sqlx(flatten)]
    row: ChainedRow,
    salt: Option<String>,
    data: Option<String>,
}

fn check_row(sealer: Option<&Sealer>, row: &ChainedRow, report: &mut AuditVerification) {
    let seq = row.seq;
    if seq != report.rows + 1 {
        report.breaks.push(format!("row {} is missing: the next one is {seq}", report.rows + 1));
    }
    if row.previous != report.head {
        report.breaks.push(format!("row {seq} does not follow the row before it"));
    }
    if row.hash != row.compute_hash() {
        report.breaks.push(format!("row {seq} was changed"));
    }
    match sealer.map(|s| s.verify_mac(KeyPurpose::Audit, row.hash.as_bytes(), &row.mac, &row.mac_key)) {
        Some(Some(false)) => report.breaks.push(format!("row {seq} was not written by this portal: its MAC is wrong")),
        Some(None) => report.unchecked.push(format!("the MAC of row {seq}: key {} is not here", row.mac_key)),
        Some(Some(true)) | None => {}
    }
    report.rows = seq;
    report.head.clone_from(&row.hash);
}

async fn check_head(db: &Db, sealer: Option<&Sealer>, report: &mut AuditVerification) -> Result<(), StoreError> {
    const SELECT_HEAD_SQL: &str = "SELECT count, hash, mac, mac_key FROM audit_head WHERE slot = 1";
    let head: Option<(i64, String, String, String)> = select_optional!(db, SELECT_HEAD_SQL)?;
    let Some((count, hash, mac, key)) = head else {
        if report.rows > 0 {
            report.breaks.push("the head is missing".to_owned());
        }
        return Ok(());
    };
    if count != report.rows || hash != report.head {
        report.breaks.push(format!("the head says {count} rows; there are {}", report.rows));
    }
    if sealer.is_some_and(|s| {
        count > 0 && s.verify_mac(KeyPurpose::Audit, &head_mac_input(count, &hash), &mac, &key) == Some(false)
    }) {
        report.breaks.push("the head was not written by this portal: its MAC is wrong".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AuditActor, AuditEvent, AuditLog};
    use crate::base::Clock;
    use crate::store::testing::{TestDatabase, test_databases, test_sealer};

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
}
