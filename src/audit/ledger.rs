//! Transactions that append audit events directly before their commit.

use super::chain::{ChainedRow, GENESIS, head_bytes, personal_digest};
use super::event::AuditEvent;
use crate::base::{Clock, Random};
use crate::store::{Db, KeyPurpose, Sealer, StoreError, Tx, on_tx};

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
    auditor: AuditLog,
}

impl AuditLog {
    pub(crate) fn new(db: Db, sealer: Sealer, clock: Clock, random: Random) -> Self {
        Self { db, sealer, clock, random }
    }

    pub(crate) async fn begin(&self) -> Result<AuditedTransaction, StoreError> {
        Ok(AuditedTransaction { tx: self.db.begin().await?, events: Vec::new(), auditor: self.clone() })
    }

    /// Appends an event that reports no change of the database, such as a refusal.
    pub(crate) async fn note(&self, event: AuditEvent) -> Result<(), StoreError> {
        let mut ledger = self.begin().await?;
        ledger.record(event);
        ledger.commit().await
    }
}

impl AuditedTransaction {
    pub(crate) fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    pub(crate) fn record(&mut self, event: AuditEvent) {
        self.events.push(event);
    }

    /// Appends the events and commits. The head row is locked here, as late as possible: locking it first cost two
    /// thirds of the throughput (measured).
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        if !self.events.is_empty() {
            let (mut count, mut hash) = lock_head(&mut self.tx).await?;
            for event in std::mem::take(&mut self.events) {
                count += 1;
                hash = append(&self.auditor, &mut self.tx, &event, count, hash).await?;
            }
            move_head(&self.auditor, &mut self.tx, count, &hash).await?;
        }
        self.tx.commit().await
    }
}

/// Locks the head row and returns its count and hash. An `UPDATE` takes the row lock on both engines.
async fn lock_head(tx: &mut Tx) -> Result<(i64, String), StoreError> {
    const FIRST: &str = "INSERT INTO audit_head (slot, count, hash, mac, mac_key) VALUES (1, 0, $1, '', '') ON CONFLICT (slot) DO NOTHING";
    const LOCK: &str = "UPDATE audit_head SET count = count WHERE slot = 1 RETURNING count, hash";
    let head = on_tx!(&mut *tx, |c| sqlx::query_as(LOCK).fetch_optional(c).await)?;
    if let Some(head) = head {
        return Ok(head);
    }
    on_tx!(&mut *tx, |c| sqlx::query(FIRST).bind(GENESIS).execute(c).await.map(|_| ()))?;
    Ok(on_tx!(tx, |c| sqlx::query_as(LOCK).fetch_one(c).await)?)
}

async fn append(
    auditor: &AuditLog,
    tx: &mut Tx,
    event: &AuditEvent,
    seq: i64,
    previous: String,
) -> Result<String, StoreError> {
    const ROW: &str =
        "INSERT INTO audit (seq, at, event, actor, subject, reset_id, detail, personal, previous, hash, mac, mac_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    const PERSONAL: &str = "INSERT INTO audit_personal (seq, salt, data) VALUES ($1, $2, $3)";
    let (salt, data) = (auditor.random.token(), event.personal_data());
    let mut row = ChainedRow {
        seq,
        at: auditor.clock.now().as_millisecond(),
        event: event.kind.to_owned(),
        actor: event.actor.name(),
        subject: event.subject.map(|s| s.to_string()),
        reset_id: event.reset.map(|r| r.to_string()),
        detail: event.detail(),
        personal: if data.is_empty() { String::new() } else { personal_digest(&salt, &data) },
        previous,
        hash: String::new(),
        mac: String::new(),
        mac_key: String::new(),
    };
    row.hash = row.computed();
    (row.mac, row.mac_key) = auditor.sealer.mac(KeyPurpose::Audit, row.hash.as_bytes());
    on_tx!(tx, |c| sqlx::query(ROW)
        .bind(row.seq)
        .bind(row.at)
        .bind(&row.event)
        .bind(&row.actor)
        .bind(&row.subject)
        .bind(&row.reset_id)
        .bind(&row.detail)
        .bind(&row.personal)
        .bind(&row.previous)
        .bind(&row.hash)
        .bind(&row.mac)
        .bind(&row.mac_key)
        .execute(c)
        .await
        .map(|_| ()))?;
    if !data.is_empty() {
        on_tx!(tx, |c| sqlx::query(PERSONAL).bind(seq).bind(&salt).bind(&data).execute(c).await.map(|_| ()))?;
    }
    Ok(row.hash)
}

async fn move_head(auditor: &AuditLog, tx: &mut Tx, count: i64, hash: &str) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE audit_head SET count = $1, hash = $2, mac = $3, mac_key = $4 WHERE slot = 1";
    let (mac, key) = auditor.sealer.mac(KeyPurpose::Audit, &head_bytes(count, hash));
    on_tx!(tx, |c| sqlx::query(SQL).bind(count).bind(hash).bind(&mac).bind(&key).execute(c).await.map(|_| ()))?;
    Ok(())
}
