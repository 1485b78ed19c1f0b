//! Chained events, written in the transaction of what they report.
//!
//! A [`ledger::Ledger`] is a transaction that also writes history: events are collected and appended as the last thing before
//! commit, when the head row is locked. Each row carries the hash of the one before and a MAC by key id; the head
//! holds count and hash. Personal details stand in a side table and are in the chain only as a salted digest, so that
//! retention can erase them and the chain still verifies.
//!
//! What it cannot prove: somebody who has both the database and the key can write another history. Exported heads
//! prove against that.

mod chain;
mod event;
mod ledger;
mod retention;
mod search;
mod staff;
#[cfg(test)]
mod tests;
mod trail;
mod verify;

pub(crate) use event::{Actor, Event};
pub(crate) use ledger::{Auditor, Ledger};
pub(crate) use retention::{erasable, erase_personal};
pub(crate) use search::{AUDIT_PAGE, Entry, Personal, Sought, head, kinds, newest, oldest};
pub(crate) use staff::{StaffAct, acts_of_staff, approvers_since, upn_of_staff, work_of_staff};
pub(crate) use trail::{Trace, trail};
pub use verify::{Report, verify};
