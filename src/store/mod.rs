//! SQLite or PostgreSQL behind one SQL text. A module that owns tables holds their SQL, each text a `const` beside the
//! function that runs it; every such function is run on both engines by a contract test, since no macro can check one
//! text against two.

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

pub(crate) use attempts::{Attempts, StoredAttempt};
pub use backup::BackupError;
pub(crate) use backup::backup;
pub(crate) use daily::{claim_daily, claim_every, retry_daily, retry_every};
pub(crate) use db::{Db, StoreError, Tx};
pub(crate) use db::{on_db, on_tx, write_db};
pub(crate) use leases::lease;
pub(crate) use limits::{Limit, Limits, Refused};
pub(crate) use seal::{Place, Purpose, SealError, Sealer};
pub(crate) use sessions::{DbSessions, hash_id, session_is_from_memory, with_sessions_from_memory};
