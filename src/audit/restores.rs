//! Restored backups, each recorded by an audit event that names where the chain continues and which exported heads are
//! lost.
//!
//! A restored database looks like one that an attacker rolled back. The difference is an event whose MAC needs the
//! sealing key, which the database does not contain.

use jiff::Timestamp;
use serde::Deserialize;

use super::chain::ChainedRow;
use super::event::{AuditActor, AuditEvent};
use super::exported_heads::ExportedHead;

/// Kind of the event that records a restored backup.
const RESTORED_EVENT: &str = "audit.restored";

/// Returns the event that records a restored backup: the head at which it continues and the exported heads that it
/// does not contain.
pub(crate) fn restore_event(count: i64, hash: &str, lost: &[ExportedHead], reason: &str) -> AuditEvent {
    let lost: Vec<String> = lost.iter().map(|head| format!("{} {}", head.count, head.hash)).collect();
    AuditEvent::new(RESTORED_EVENT, AuditActor::Command)
        .with_detail("count", count)
        .with_detail("hash", hash)
        .with_detail("lost_heads", lost)
        .with_personal_detail("reason", reason)
}

/// Recorded restore of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RecordedRestore {
    seq: i64,
    at: Timestamp,
    detail: RestoreDetail,
    /// Whether the row's MAC is valid. Without it, anyone who can write the database can have written the row.
    is_proved: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct RestoreDetail {
    count: i64,
    lost_heads: Vec<String>,
}

impl RecordedRestore {
    /// Reads a row that records a restore. Returns `None` for other rows, and for details of another form.
    pub(super) fn from_row(row: &ChainedRow, is_proved: bool) -> Option<Self> {
        if row.event != RESTORED_EVENT {
            return None;
        }
        let detail = serde_json::from_str(&row.detail).ok()?;
        Some(Self { seq: row.seq, at: Timestamp::from_millisecond(row.at).unwrap_or_default(), detail, is_proved })
    }

    pub(super) fn is_proved(&self) -> bool {
        self.is_proved
    }

    pub(super) fn seq(&self) -> i64 {
        self.seq
    }

    /// Returns whether the restore lost this very head. A range of rows would also cover heads of the chain after the
    /// restore, and so hide a later rollback.
    pub(super) fn has_lost(&self, head: &ExportedHead) -> bool {
        let line = format!("{} {}", head.count, head.hash);
        self.detail.lost_heads.contains(&line)
    }

    /// Returns the line that reports this restore.
    pub(super) fn describe(&self) -> String {
        let Self { seq, at, detail: RestoreDetail { count, lost_heads }, .. } = self;
        let newest = lost_heads.iter().filter_map(|line| line.split(' ').next()?.parse::<i64>().ok()).max();
        let lost = match newest {
            None => "no exported head is missing".to_owned(),
            Some(newest) if newest > *count => {
                format!("rows {} to {newest} of the exported head are missing", count.saturating_add(1))
            }
            Some(newest) => format!("exported heads up to row {newest} are missing"),
        };
        format!("restored at {at} to row {count}: {lost}, recorded by row {seq}")
    }
}
