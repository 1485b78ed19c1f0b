//! Transactions that append audit events directly before their commit.

use super::chain::{ChainedRow, GENESIS_HASH, head_mac_input, personal_digest};
use super::event::AuditEvent;
use crate::base::{Clock, Random};
use crate::store::{Db, KeyPurpose, Sealer, StoreError, Tx, exec_tx, select_one_tx, select_optional_tx};

/// Audit log: begins audited transactions and appends single events.
#[derive(Clone)]
pub(crate) struct AuditLog {
    db: Db,
    sealer: Sealer,
    clock: Clock,
    random: Random,
}

/// Transaction with the events that report its changes. Dropped without a commit, it changes nothing and records no
/// event.
pub(crate) struct AuditedTransaction {
    tx: Tx,
    events: Vec<AuditEvent>,
    audit_log: AuditLog,
}

impl AuditLog {
    pub(crate) fn new(db: Db, sealer: Sealer, clock: Clock, random: Random) -> Self {
        Self { db, sealer, clock, random }
    }

    pub(crate) async fn begin(&self) -> Result<AuditedTransaction, StoreError> {
        Ok(AuditedTransaction { tx: self.db.begin().await?, events: Vec::new(), audit_log: self.clone() })
    }

    /// Appends an event that reports no change of the database, such as a refusal.
    pub(crate) async fn append(&self, event: AuditEvent) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.record_event(event);
        transaction.commit().await
    }
}

impl AuditedTransaction {
    pub(crate) fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    pub(crate) fn record_event(&mut self, event: AuditEvent) {
        self.events.push(event);
    }

    /// Appends the events and commits. The head row is locked here, as late as possible: locking it first cost two
    /// thirds of the throughput (measured).
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        if !self.events.is_empty() {
            let (mut count, mut hash) = lock_head(&mut self.tx).await?;
            for event in std::mem::take(&mut self.events) {
                count += 1;
                hash = insert_row(&self.audit_log, &mut self.tx, &event, count, hash).await?;
            }
            update_head(&self.audit_log, &mut self.tx, count, &hash).await?;
        }
        self.tx.commit().await
    }
}

/// Locks the head row and returns its count and hash. An `UPDATE` takes the row lock on both engines.
async fn lock_head(tx: &mut Tx) -> Result<(i64, String), StoreError> {
    const INSERT_HEAD_SQL: &str = "INSERT INTO audit_head (slot, count, hash, mac, mac_key) VALUES (1, 0, $1, '', '') ON CONFLICT (slot) DO NOTHING";
    const LOCK_HEAD_SQL: &str = "UPDATE audit_head SET count = count WHERE slot = 1 RETURNING count, hash";
    let head = select_optional_tx!(&mut *tx, LOCK_HEAD_SQL)?;
    if let Some(head) = head {
        return Ok(head);
    }
    exec_tx!(&mut *tx, INSERT_HEAD_SQL, GENESIS_HASH)?;
    Ok(select_one_tx!(tx, LOCK_HEAD_SQL)?)
}

async fn insert_row(
    audit_log: &AuditLog,
    tx: &mut Tx,
    event: &AuditEvent,
    seq: i64,
    previous: String,
) -> Result<String, StoreError> {
    const INSERT_ROW_SQL: &str =
        "INSERT INTO audit (seq, at, event, actor, subject, reset_id, detail, personal, previous, hash, mac, mac_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    const INSERT_PERSONAL_SQL: &str = "INSERT INTO audit_personal (seq, salt, data) VALUES ($1, $2, $3)";
    let (salt, data) = (audit_log.random.token(), event.personal_json());
    let mut row = ChainedRow {
        seq,
        at: audit_log.clock.now().as_millisecond(),
        event: event.kind.to_owned(),
        actor: event.actor.stored_name(),
        subject: event.subject.map(|s| s.to_string()),
        reset_id: event.reset.map(|r| r.to_string()),
        detail: event.detail_json(),
        personal: if data.is_empty() { String::new() } else { personal_digest(&salt, &data) },
        previous,
        hash: String::new(),
        mac: String::new(),
        mac_key: String::new(),
    };
    row.hash = row.compute_hash();
    (row.mac, row.mac_key) = audit_log.sealer.compute_mac(KeyPurpose::Audit, row.hash.as_bytes());
    exec_tx!(
        tx,
        INSERT_ROW_SQL,
        row.seq,
        row.at,
        &row.event,
        &row.actor,
        &row.subject,
        &row.reset_id,
        &row.detail,
        &row.personal,
        &row.previous,
        &row.hash,
        &row.mac,
        &row.mac_key
    )?;
    if !data.is_empty() {
        exec_tx!(tx, INSERT_PERSONAL_SQL, seq, &salt, &data)?;
    }
    Ok(row.hash)
}

async fn update_head(audit_log: &AuditLog, tx: &mut Tx, count: i64, hash: &str) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE audit_head SET count = $1, hash = $2, mac = $3, mac_key = $4 WHERE slot = 1";
    let (mac, key) = audit_log.sealer.compute_mac(KeyPurpose::Audit, &head_mac_input(count, hash));
    exec_tx!(tx, SQL, count, hash, &mac, &key)?;
    Ok(())
}
