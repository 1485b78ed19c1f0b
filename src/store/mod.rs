//! Database access for SQLite and PostgreSQL through one SQL text per statement.
//!
//! The module that owns a table holds its SQL. Each statement is a `const` beside the function that runs it.
//!
//! Invariants:
//! - A contract test runs every such function on both engines, because no macro can check one SQL text against two
//!   engines at compile time.

mod backup;
mod connection_pooler;
mod counters;
mod database;
mod leases;
mod periodic_tasks;
mod rate_limits;
mod sealing;
mod session_records;
mod sessions;
mod sign_in_attempts;
mod sqlite_writer;
mod statements;
#[cfg(test)]
pub(crate) mod testing;

pub use backup::BackupError;
pub(crate) use backup::create_backup;
pub(crate) use counters::{load_counter, next_counter};
pub(crate) use database::{Db, StoreError, Tx};
pub(crate) use database::{on_db, on_tx, write_db};
pub(crate) use leases::acquire_lease;
pub(crate) use periodic_tasks::{
    claim_daily_task, claim_periodic_task, reschedule_daily_task, reschedule_periodic_task,
};
pub(crate) use rate_limits::{RateLimit, RateLimitExceeded, RateLimiter};
pub(crate) use sealing::{KeyPurpose, SealContext, SealError, Sealer};
pub(crate) use session_records::SessionRecordStore;
pub(crate) use sessions::{DbSessions, SessionData, hash_id, is_session_from_cache, with_cached_sessions};
pub(crate) use sign_in_attempts::{SignInAttempts, StoredSignInAttempt};
pub(crate) use statements::{
    LenientColumn, StoredTime, exec_db, exec_tx, one_row, select_all, select_all_tx, select_one, select_one_tx,
    select_optional, select_optional_tx, store_as_text,
};
