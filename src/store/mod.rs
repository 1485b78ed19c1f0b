//! Database access for SQLite and PostgreSQL through one SQL text per statement.
//!
//! The module that owns a table holds its SQL. Each statement is a `const` beside the function that runs it.
//!
//! Invariants:
//! - A contract test runs every such function on both engines, because no macro can check one SQL text against two
//!   engines at compile time.

mod attempts;
mod backup;
mod daily;
mod db;
mod leases;
mod limits;
mod seal;
mod sessions;
#[cfg(test)]
pub(crate) mod testing;
mod writer;

pub(crate) use attempts::{SignInAttempts, StoredSignInAttempt};
pub use backup::BackupError;
pub(crate) use backup::create_backup;
pub(crate) use daily::{claim_daily_task, claim_periodic_task, reschedule_daily_task, reschedule_periodic_task};
pub(crate) use db::{Db, StoreError, Tx};
pub(crate) use db::{on_db, on_tx, write_db};
pub(crate) use leases::acquire_lease;
pub(crate) use limits::{RateLimit, RateLimitExceeded, RateLimiter};
pub(crate) use seal::{KeyPurpose, SealContext, SealError, Sealer};
pub(crate) use sessions::{DbSessions, hash_id, is_session_from_cache, with_cached_sessions};
