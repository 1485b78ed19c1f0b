//! Sessions in the database, with a cache in memory.
//!
//! The id is stored as a hash and the data is sealed. Pages that only show something may read a session from this
//! process's cache.
//!
//! Invariants:
//! - Each deletion is recorded in order in `session_ends`, so that every replica removes the session from its cache.

use std::any::Any;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};

use super::{
    Db, KeyPurpose, SealContext, Sealer, StoreError, exec_db, exec_tx, load_counter, next_counter, select_all,
    select_optional,
};
use crate::base::{ChangeTrackedCache, Clock, PersonKey, TimestampExt as _, encode_hex};

/// Maximum number of sessions in the cache.
const MAX_CACHED_SESSIONS: usize = 20_000;

/// Counter that numbers the ended sessions.
const END_COUNTER: &str = "session_end";

/// Values of a session by their keys, as `tower-sessions` holds them.
pub(crate) type SessionData = HashMap<String, serde_json::Value>;

/// Store of sessions in the database, with a cache in memory.
#[derive(Clone)]
pub(crate) struct DbSessions {
    pub(super) db: Db,
    pub(super) sealer: Sealer,
    clock: Clock,
    pub(super) cache: ChangeTrackedCache<CachedSession>,
}

/// Session in the cache, with the value that every page reads, deserialized once.
pub(super) struct CachedSession {
    pub(super) record: Record,
    value: OnceLock<Box<dyn Any + Send + Sync>>,
}

tokio::task_local! {
    /// Set while a request may use a cached session. The value states whether it did.
    static FROM_MEMORY: Cell<bool>;
}

impl CachedSession {
    pub(super) fn new(record: Record) -> Arc<Self> {
        Arc::new(Self { record, value: OnceLock::new() })
    }
}

/// Runs `work` with cached sessions allowed, for pages that show something and change nothing.
pub(crate) async fn with_cached_sessions<F: Future>(work: F) -> F::Output {
    FROM_MEMORY.scope(Cell::new(false), work).await
}

/// Returns whether this request may use cached sessions.
pub(super) fn allows_cached_sessions() -> bool {
    FROM_MEMORY.try_with(|_| ()).is_ok()
}

/// Returns whether this request's session came from the cache. Such a copy is never written back, because another
/// replica may have written the session since.
pub(crate) fn is_session_from_cache() -> bool {
    FROM_MEMORY.try_with(Cell::get).unwrap_or(false)
}

/// Hashes a session id or another token of a browser for storage in the database.
pub(crate) fn hash_id(token: &str) -> String {
    encode_hex(&Sha256::digest(token.as_bytes()))
}

impl DbSessions {
    pub(crate) fn new(db: Db, sealer: Sealer, clock: Clock) -> Self {
        Self { db, sealer, cache: ChangeTrackedCache::new(clock.clone(), MAX_CACHED_SESSIONS), clock }
    }

    /// Deletes expired sessions, and recorded ends older than 1 hour, which every replica has read.
    pub(crate) async fn delete_expired(&self) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM sessions WHERE expires_at < $1";
        const DELETE_ENDS_SQL: &str = "DELETE FROM session_ends WHERE at < $1";
        let now = self.clock.now();
        let hour_ago = now.earlier(SignedDuration::from_hours(1)).as_millisecond();
        let now = now.as_millisecond();
        exec_db!(&self.db, DELETE_ENDS_SQL, hour_ago)?;
        Ok(exec_db!(&self.db, SQL, now)?)
    }

    /// Loads the change number of the newest recorded end.
    pub(crate) async fn load_newest_end(&self) -> Result<i64, StoreError> {
        load_counter(&self.db, END_COUNTER).await
    }

    /// Loads the id hashes of the sessions that ended after change number `seen`, and the newest change number. Removes
    /// these sessions from the cache.
    pub(crate) async fn load_ended_since(&self, seen: i64) -> Result<(Vec<String>, i64), StoreError> {
        const SQL: &str = "SELECT change, id_hash FROM session_ends WHERE change > $1 ORDER BY change";
        let asked_at = self.clock.elapsed();
        let rows: Vec<(i64, String)> = select_all!(&self.db, SQL, seen)?;
        let newest = rows.last().map_or(seen, |(change, _)| *change);
        let ended: Vec<String> = rows.into_iter().map(|(_, row)| row).collect();
        self.cache.apply_changes(ended.iter().map(String::as_str), asked_at);
        Ok((ended, newest))
    }

    /// Returns the value under `key` from the cache, if the request may use cached sessions and the session is cached.
    /// The value is deserialized once per session, so all callers must use one key and one type.
    pub(crate) fn cached_value<T>(&self, id: Id, key: &str) -> Option<T>
    where
        T: DeserializeOwned + Clone + Send + Sync + 'static,
    {
        if !allows_cached_sessions() {
            return None;
        }
        let known = self.cached_session(&hash_id(&id.to_string()))?;
        if let Some(value) = known.value.get() {
            return value.downcast_ref::<T>().cloned();
        }
        let value: T = T::deserialize(known.record.data.get(key)?).ok()?;
        let _ = known.value.set(Box::new(value.clone()));
        Some(value)
    }

    /// Returns the session from the cache unless it has expired, and records that the request used it.
    pub(super) fn cached_session(&self, row: &str) -> Option<Arc<CachedSession>> {
        let lives =
            |known: &Arc<CachedSession>| to_millis(known.record.expiry_date) > self.clock.now().as_millisecond();
        let known = self.cache.get(row).filter(lives)?;
        let _ = FROM_MEMORY.try_with(|came| came.set(true));
        Some(known)
    }

    /// Loads a session's data from the database by the hash of its id. `None`: the session has ended, or its sealing
    /// key is missing.
    pub(crate) async fn load_data(&self, row: &str) -> Result<Option<SessionData>, StoreError> {
        Ok(self.load_row(row).await?.map(|(data, _)| data))
    }

    pub(super) async fn load_row(&self, row: &str) -> Result<Option<(SessionData, i64)>, StoreError> {
        const SQL: &str = "SELECT sealed, expires_at FROM sessions WHERE id_hash = $1 AND expires_at > $2";
        let now = self.clock.now().as_millisecond();
        let found: Option<(String, i64)> = select_optional!(&self.db, SQL, row, now)?;
        let Some((sealed, expires)) = found else { return Ok(None) };
        // A session whose sealing key is missing counts as ended, and its owner signs in again.
        let Ok(plain) = self.sealer.open(KeyPurpose::Session, seal_context(row), &sealed) else { return Ok(None) };
        let data = serde_json::from_slice(&plain)
            .map_err(|e| StoreError::InvalidRow { table: "sessions", problem: e.to_string() })?;
        Ok(Some((data, expires)))
    }

    /// Ends every session of a person: at once on this replica, within 1 second on the others.
    pub(crate) async fn end_sessions_of(&self, person: PersonKey) -> Result<(), StoreError> {
        const SQL: &str = "SELECT id_hash FROM sessions WHERE tenant = $1 AND object = $2";
        let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
        let rows: Vec<(String,)> = select_all!(&self.db, SQL, &tenant, &object)?;
        for (row,) in rows {
            self.cache.invalidate(&row);
            self.end_session(&row).await?;
        }
        Ok(())
    }

    pub(super) async fn end_session(&self, row: &str) -> Result<(), StoreError> {
        const DELETE_SESSION_SQL: &str = "DELETE FROM sessions WHERE id_hash = $1";
        const INSERT_END_SQL: &str = "INSERT INTO session_ends (change, id_hash, at) VALUES ($1, $2, $3)";
        let mut tx = self.db.begin().await?;
        let gone = exec_tx!(&mut tx, DELETE_SESSION_SQL, row)?;
        if gone == 1 {
            let now = self.clock.now().as_millisecond();
            let change = next_counter(&mut tx, END_COUNTER).await?;
            exec_tx!(&mut tx, INSERT_END_SQL, change, row, now)?;
        }
        tx.commit().await
    }
}

pub(super) fn seal_context(row: &str) -> SealContext<'_> {
    SealContext { table: "sessions", column: "sealed", row }
}

pub(super) fn to_millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
