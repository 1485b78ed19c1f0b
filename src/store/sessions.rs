//! Session store for `tower-sessions` on the portal's own tables.
//!
//! The id is stored as a hash and the data is sealed. Pages that only show something may read a session from this
//! process's cache.
//!
//! Invariants:
//! - Saving never recreates a session that was deleted.
//! - Each deletion is recorded in order in `session_ends`, so that every replica removes the session from its cache.

use crate::store::{exec_db, exec_tx, select_all, select_one, select_one_tx, select_optional};
use std::any::Any;
use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use tower_sessions::SessionStore;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use super::{Db, KeyPurpose, SealContext, Sealer, StoreError};
use crate::base::{ChangeTrackedCache, Clock, PersonKey, TimestampExt as _, encode_hex};

/// Maximum number of sessions in the cache.
const MAX_CACHED_SESSIONS: usize = 20_000;

type SessionData = std::collections::HashMap<String, serde_json::Value>;

/// Store of sessions in the database, with a cache in memory.
#[derive(Clone)]
pub(crate) struct DbSessions {
    db: Db,
    sealer: Sealer,
    clock: Clock,
    cache: ChangeTrackedCache<CachedSession>,
}

/// Session in the cache, with the value that every page reads, deserialized once.
struct CachedSession {
    record: Record,
    value: OnceLock<Box<dyn Any + Send + Sync>>,
}

tokio::task_local! {
    /// Set while a request may use a cached session. The value states whether it did.
    static FROM_MEMORY: Cell<bool>;
}

/// Runs `work` with cached sessions allowed, for pages that show something and change nothing.
pub(crate) async fn with_cached_sessions<F: Future>(work: F) -> F::Output {
    FROM_MEMORY.scope(Cell::new(false), work).await
}

/// Returns whether this request's session came from the cache. Such a copy is never written back, because another
/// replica may have written the session since.
pub(crate) fn is_session_from_cache() -> bool {
    FROM_MEMORY.try_with(Cell::get).unwrap_or(false)
}

impl std::fmt::Debug for DbSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DbSessions")
    }
}

/// Hashes a session id or another token of a browser for storage in the database.
pub(crate) fn hash_id(token: &str) -> String {
    encode_hex(&Sha256::digest(token.as_bytes()))
}

impl DbSessions {
    pub(crate) fn new(db: Db, sealer: Sealer, clock: Clock) -> Self {
        Self { db, sealer, cache: ChangeTrackedCache::new(clock.clone(), MAX_CACHED_SESSIONS), clock }
    }

    fn seal_record(&self, row: &str, record: &Record) -> Result<String> {
        let plain = serde_json::to_vec(&record.data).map_err(|e| Error::Encode(e.to_string()))?;
        self.sealer.seal(KeyPurpose::Session, seal_context(row), &plain).map_err(|e| Error::Encode(e.to_string()))
    }

    /// Deletes expired sessions, and recorded ends older than 1 hour, which every replica has read.
    pub(crate) async fn delete_expired(&self) -> std::result::Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM sessions WHERE expires_at < $1";
        const DELETE_ENDS_SQL: &str = "DELETE FROM session_ends WHERE at < $1";
        let now = self.clock.now();
        let hour_ago = now.earlier(SignedDuration::from_hours(1)).as_millisecond();
        let now = now.as_millisecond();
        exec_db!(&self.db, DELETE_ENDS_SQL, hour_ago)?;
        Ok(exec_db!(&self.db, SQL, now)?)
    }

    /// Loads the change number of the newest recorded end.
    pub(crate) async fn load_newest_end(&self) -> std::result::Result<i64, StoreError> {
        const SQL: &str = "SELECT value FROM counters WHERE name = 'session_end'";
        let (value,): (i64,) = select_one!(&self.db, SQL)?;
        Ok(value)
    }

    /// Loads the id hashes of the sessions that ended after change number `seen`, and the newest change number. Removes
    /// these sessions from the cache.
    pub(crate) async fn load_ended_since(&self, seen: i64) -> std::result::Result<(Vec<String>, i64), StoreError> {
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
        FROM_MEMORY.try_with(|_| ()).ok()?;
        let known = self.cached_session(&hash_id(&id.to_string()))?;
        if let Some(value) = known.value.get() {
            return value.downcast_ref::<T>().cloned();
        }
        let value: T = T::deserialize(known.record.data.get(key)?).ok()?;
        let _ = known.value.set(Box::new(value.clone()));
        Some(value)
    }

    /// Returns the session from the cache unless it has expired, and records that the request used it.
    fn cached_session(&self, row: &str) -> Option<Arc<CachedSession>> {
        let lives =
            |known: &Arc<CachedSession>| to_millis(known.record.expiry_date) > self.clock.now().as_millisecond();
        let known = self.cache.get(row).filter(lives)?;
        let _ = FROM_MEMORY.try_with(|came| came.set(true));
        Some(known)
    }

    /// Loads a session's data from the database by the hash of its id. `None`: the session has ended, or its sealing
    /// key is missing.
    pub(crate) async fn load_data(&self, row: &str) -> std::result::Result<Option<SessionData>, StoreError> {
        Ok(self.load_row(row).await?.map(|(data, _)| data))
    }

    async fn load_row(&self, row: &str) -> std::result::Result<Option<(SessionData, i64)>, StoreError> {
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

    async fn write_record(&self, sql: &'static str, record: &Record) -> Result<()> {
        let row = hash_id(&record.id.to_string());
        let sealed = self.seal_record(&row, record)?;
        let expires = to_millis(record.expiry_date);
        let whose = session_owner(record);
        exec_db!(
            &self.db,
            sql,
            &row,
            &sealed,
            expires,
            whose.map(|(tenant, _)| tenant),
            whose.map(|(_, object)| object)
        )
        .map(|_| ())
        .map_err(backend_error)
    }

    /// Ends every session of a person: at once on this replica, within 1 second on the others.
    pub(crate) async fn end_sessions_of(&self, person: PersonKey) -> std::result::Result<(), StoreError> {
        const SQL: &str = "SELECT id_hash FROM sessions WHERE tenant = $1 AND object = $2";
        let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
        let rows: Vec<(String,)> = select_all!(&self.db, SQL, &tenant, &object)?;
        for (row,) in rows {
            self.cache.invalidate(&row);
            self.end_session(&row).await?;
        }
        Ok(())
    }

    async fn end_session(&self, row: &str) -> std::result::Result<(), StoreError> {
        const DELETE_SESSION_SQL: &str = "DELETE FROM sessions WHERE id_hash = $1";
        const NEXT_CHANGE_SQL: &str =
            "UPDATE counters SET value = value + 1 WHERE name = 'session_end' RETURNING value";
        const INSERT_END_SQL: &str = "INSERT INTO session_ends (change, id_hash, at) VALUES ($1, $2, $3)";
        let mut tx = self.db.begin().await?;
        let gone = exec_tx!(&mut tx, DELETE_SESSION_SQL, row)?;
        if gone == 1 {
            let now = self.clock.now().as_millisecond();
            let (change,): (i64,) = select_one_tx!(&mut tx, NEXT_CHANGE_SQL)?;
            exec_tx!(&mut tx, INSERT_END_SQL, change, row, now)?;
        }
        tx.commit().await
    }
}

fn seal_context(row: &str) -> SealContext<'_> {
    SealContext { table: "sessions", column: "sealed", row }
}

fn to_millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn backend_error(error: impl Into<StoreError>) -> Error {
    let error: StoreError = error.into();
    tracing::error!(error = ?error, "session store failed: database unavailable");
    Error::Backend(error.to_string())
}

#[async_trait::async_trait]
impl SessionStore for DbSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        const SQL: &str =
            "INSERT INTO sessions (id_hash, sealed, expires_at, tenant, object) VALUES ($1, $2, $3, $4, $5)";
        self.write_record(SQL, record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // Not an upsert, because a session that was deleted concurrently must stay deleted.
        const SQL: &str =
            "UPDATE sessions SET sealed = $2, expires_at = $3, tenant = $4, object = $5 WHERE id_hash = $1";
        self.cache.invalidate(&hash_id(&record.id.to_string()));
        self.write_record(SQL, record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let row = hash_id(&id.to_string());
        let from_memory = FROM_MEMORY.try_with(|_| ()).is_ok();
        if from_memory && let Some(known) = self.cached_session(&row) {
            return Ok(Some(known.record.clone()));
        }
        let began = self.cache.read_started();
        let Some((data, expires)) = self.load_row(&row).await.map_err(backend_error)? else { return Ok(None) };
        let expiry_date =
            OffsetDateTime::from_unix_timestamp(expires / 1_000).map_err(|e| Error::Decode(e.to_string()))?;
        let record = Record { id: *id, data, expiry_date };
        if from_memory {
            let known = CachedSession { record: record.clone(), value: OnceLock::new() };
            self.cache.insert(&row, Arc::new(known), began);
        }
        Ok(Some(record))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let row = hash_id(&id.to_string());
        self.cache.invalidate(&row);
        self.end_session(&row).await.map_err(backend_error)
    }
}

/// Returns the tenant and object id of a session's owner from the value that `signin` stores. They allow ending all
/// sessions of a person.
fn session_owner(record: &Record) -> Option<(&str, &str)> {
    let key = record.data.get("login")?.get("key")?;
    key.get("tenant")?.as_str().zip(key.get("object")?.as_str())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::store::testing::{test_databases, test_sealer};

    fn new_record(clock: &Clock, minutes: i64) -> Record {
        let until = clock.now() + SignedDuration::from_mins(minutes);
        let data = [("who".to_owned(), serde_json::json!("wanda"))].into();
        Record { id: Id::default(), data, expiry_date: OffsetDateTime::from_unix_timestamp(until.as_second()).unwrap() }
    }

    #[tokio::test]
    async fn session_is_stored_sealed_and_deletion_is_final() {
        for engine in test_databases().await {
            let clock = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
            let store = DbSessions::new(engine.db.clone(), test_sealer(), clock.clone());
            let mut record = new_record(&clock, 10);
            record.id = Id(42);
            store.create(&mut record).await.unwrap();
            assert_eq!(store.load(&record.id).await.unwrap().unwrap().data, record.data);
            let rows: Vec<(String, String)> = select_all!(&engine.db, "SELECT id_hash, sealed FROM sessions").unwrap();
            assert!(!format!("{rows:?}").contains("wanda"));
            assert!(!format!("{rows:?}").contains(&record.id.to_string()));
            store.delete(&record.id).await.unwrap();
            store.save(&record).await.unwrap();
            assert!(store.load(&record.id).await.unwrap().is_none(), "a late save does not recreate it");
        }
    }

    #[tokio::test]
    async fn replica_serves_cached_session_until_it_loads_its_end() {
        for engine in test_databases().await {
            let clock = Clock::system();
            let here = DbSessions::new(engine.db.clone(), test_sealer(), clock.clone());
            let there = DbSessions::new(engine.db.clone(), test_sealer(), clock.clone());
            let mut record = new_record(&clock, 10);
            here.create(&mut record).await.unwrap();
            let seen = there.load_newest_end().await.unwrap();
            there.load_ended_since(seen).await.unwrap();
            let load = || with_cached_sessions(there.load(&record.id));
            let came = || with_cached_sessions(async { there.load(&record.id).await.map(|_| is_session_from_cache()) });
            assert!(load().await.unwrap().is_some());
            assert!(came().await.unwrap() && !is_session_from_cache());
            let value = || with_cached_sessions(async { there.cached_value::<String>(record.id, "who") });
            assert_eq!((value().await.as_deref(), value().await.as_deref()), (Some("wanda"), Some("wanda")));
            assert!(there.cached_value::<String>(record.id, "who").is_none(), "not for requests that change something");
            here.delete(&record.id).await.unwrap();
            assert!(there.load(&record.id).await.unwrap().is_none(), "writing requests read the database");
            assert!(load().await.unwrap().is_some(), "a page may still be shown for less than a second");
            let (ended, now) = there.load_ended_since(seen).await.unwrap();
            assert_eq!((ended.len(), now), (1, seen + 1));
            assert!(load().await.unwrap().is_none() && value().await.is_none());
            assert_eq!(there.load_ended_since(now).await.unwrap(), (vec![], now));
        }
    }

    #[tokio::test]
    async fn session_expires_by_the_portal_clock() {
        for engine in test_databases().await {
            let clock = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
            let store = DbSessions::new(engine.db.clone(), test_sealer(), clock.clone());
            let mut record = new_record(&clock, 10);
            store.create(&mut record).await.unwrap();
            clock.advance(SignedDuration::from_mins(11));
            assert!(store.load(&record.id).await.unwrap().is_none());
            assert_eq!(store.delete_expired().await.unwrap(), 1);
        }
    }
}
