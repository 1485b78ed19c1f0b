//! Audit log: a hash chain of events, each written in the transaction of the change that it reports.
//!
//! An [`AuditedTransaction`] collects events and appends them directly before its commit, when the head row is locked.
//! Each row carries the hash of the previous row and a MAC with its key id. The head holds the row count and the last
//! hash. Personal details are in a separate table and enter the chain only as a salted digest.
//!
//! Invariants:
//! - A transaction that is dropped without commit changes nothing and records no event.
//! - Retention can erase personal details, and the chain still verifies.
//! - Anyone with both the database and the sealing keys can write another history. Only an exported head detects that.
//! - Anyone with only the database can roll it back. Only an exported head detects that, too.

mod chain;
mod chain_verification;
mod decision_sequence;
mod event;
mod exported_heads;
mod head_verification;
mod reconciliation;
mod reset_history;
mod reset_reconciliation;
mod restores;
mod retention;
mod search;
mod staff_activity;
#[cfg(test)]
mod tests;
mod transaction;

pub use chain_verification::AuditVerification;
pub(crate) use chain_verification::{check_chain, load_verification_sealer};
pub(crate) use decision_sequence::check_decision_sequence;
pub(crate) use event::{AuditActor, AuditEvent};
pub use exported_heads::{ExportedHead, ExportedHeadError, read_exported_heads};
pub(crate) use head_verification::{check_exported_heads, load_missing_heads, unrecorded_heads};
pub(crate) use reconciliation::{RecordKind, StoredRecord, reconcile_records, report_gaps};
pub(crate) use reset_history::{ResetHistoryEntry, load_reset_history};
pub(crate) use reset_reconciliation::reconcile_resets;
pub(crate) use restores::restore_event;
pub(crate) use retention::{erasable_before, erase_personal_data};
pub(crate) use search::{
    AUDIT_PAGE_ROWS, AuditEntry, AuditQuery, PersonalData, load_event_kinds, load_head, load_newest, load_oldest,
};
pub(crate) use staff_activity::{
    StaffAction, count_approvers_since, load_staff_actions, load_staff_upn, load_staff_workload,
};
pub(crate) use transaction::{AuditLog, AuditedTransaction};
