//! Session store of the middleware (`tower-sessions`) on the sessions in the database.
//!
//! - Saving never recreates a session that was deleted.

use tower_sessions::SessionStore;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use super::sessions::{CachedSession, allows_cached_sessions, hash_id, seal_context, to_millis};
use super::{DbSessions, KeyPurpose, SessionData, StoreError, exec_db};
use crate::base::PersonKey;

/// Returns the person who is signed in to a session. The module that writes this value into the session reads it.
type OwnerReader = fn(&SessionData) -> Option<PersonKey>;

/// Store of session records. It writes the owner of each session beside the sealed data, with which all sessions of a
/// person can be ended.
#[derive(Clone)]
pub(crate) struct SessionRecordStore {
    sessions: DbSessions,
    read_owner: OwnerReader,
}

impl std::fmt::Debug for SessionRecordStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionRecordStore")
    }
}

impl SessionRecordStore {
    pub(crate) fn new(sessions: DbSessions, read_owner: OwnerReader) -> Self {
        Self { sessions, read_owner }
    }

    fn seal_record(&self, row: &str, record: &Record) -> Result<String> {
        let plain = serde_json::to_vec(&record.data).map_err(|e| Error::Encode(e.to_string()))?;
        self.sessions
            .sealer
            .seal(KeyPurpose::Session, seal_context(row), &plain)
            .map_err(|e| Error::Encode(e.to_string()))
    }

    async fn write_record(&self, sql: &'static str, record: &Record) -> Result<()> {
        let row = hash_id(&record.id.to_string());
        let sealed = self.seal_record(&row, record)?;
        let expires = to_millis(record.expiry_date);
        let owner = (self.read_owner)(&record.data);
        let (tenant, object) =
            (owner.map(|owner| owner.tenant.to_string()), owner.map(|owner| owner.object.to_string()));
        exec_db!(&self.sessions.db, sql, &row, &sealed, expires, tenant, object).map(|_| ()).map_err(backend_error)
    }
}

fn backend_error(error: impl Into<StoreError>) -> Error {
    let error: StoreError = error.into();
    tracing::error!(error = ?error, "session store failed: database unavailable");
    Error::Backend(error.to_string())
}

#[async_trait::async_trait]
impl SessionStore for SessionRecordStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        const SQL: &str =
            "INSERT INTO sessions (id_hash, sealed, expires_at, tenant, object) VALUES ($1, $2, $3, $4, $5)";
        self.write_record(SQL, record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // Not an upsert, because a session that was deleted concurrently must stay deleted.
        const SQL: &str =
            "UPDATE sessions SET sealed = $2, expires_at = $3, tenant = $4, object = $5 WHERE id_hash = $1";
        self.sessions.cache.invalidate(&hash_id(&record.id.to_string()));
        self.write_record(SQL, record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let row = hash_id(&id.to_string());
        let from_memory = allows_cached_sessions();
        if from_memory && let Some(known) = self.sessions.cached_session(&row) {
            return Ok(Some(known.record.clone()));
        }
        let began = self.sessions.cache.read_started();
        let Some((data, expires)) = self.sessions.load_row(&row).await.map_err(backend_error)? else { return Ok(None) };
        let expiry_date =
            OffsetDateTime::from_unix_timestamp(expires / 1_000).map_err(|e| Error::Decode(e.to_string()))?;
        let record = Record { id: *id, data, expiry_date };
        if from_memory {
            self.sessions.cache.insert(&row, CachedSession::new(record.clone()), began);
        }
        Ok(Some(record))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let row = hash_id(&id.to_string());
        self.sessions.cache.invalidate(&row);
        self.sessions.end_session(&row).await.map_err(backend_error)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::base::Clock;
    use crate::store::testing::{test_databases, test_sealer, test_tenant};
    use crate::store::{Db, is_session_from_cache, select_all, with_cached_sessions};

    /// Reads the owner from the value `owner`.
    fn read_owner(data: &SessionData) -> Option<PersonKey> {
        data.get("owner")?.as_str()?.parse().ok()
    }

    fn new_store(db: &Db, clock: &Clock) -> SessionRecordStore {
        SessionRecordStore::new(DbSessions::new(db.clone(), test_sealer(), clock.clone()), read_owner)
    }

    fn new_record(clock: &Clock, minutes: i64) -> Record {
        let until = clock.now() + SignedDuration::from_mins(minutes);
        let data = [("who".to_owned(), serde_json::json!("wanda"))].into();
        Record { id: Id::default(), data, expiry_date: OffsetDateTime::from_unix_timestamp(until.as_second()).unwrap() }
    }

    #[tokio::test]
    async fn session_is_stored_sealed_and_deletion_is_final() {
        for engine in test_databases().await {
            let clock = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
            let store = new_store(&engine.db, &clock);
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
            let here = new_store(&engine.db, &clock);
            let store = new_store(&engine.db, &clock);
            let there = &store.sessions;
            let mut record = new_record(&clock, 10);
            here.create(&mut record).await.unwrap();
            let seen = there.load_newest_end().await.unwrap();
            there.load_ended_since(seen).await.unwrap();
            let load = || with_cached_sessions(store.load(&record.id));
            let came = || with_cached_sessions(async { store.load(&record.id).await.map(|_| is_session_from_cache()) });
            assert!(load().await.unwrap().is_some());
            assert!(came().await.unwrap() && !is_session_from_cache());
            let value = || with_cached_sessions(async { there.cached_value::<String>(record.id, "who") });
            assert_eq!((value().await.as_deref(), value().await.as_deref()), (Some("wanda"), Some("wanda")));
            assert!(there.cached_value::<String>(record.id, "who").is_none(), "not for requests that change something");
            here.delete(&record.id).await.unwrap();
            assert!(store.load(&record.id).await.unwrap().is_none(), "writing requests read the database");
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
            let store = new_store(&engine.db, &clock);
            let mut record = new_record(&clock, 10);
            store.create(&mut record).await.unwrap();
            clock.advance(SignedDuration::from_mins(11));
            assert!(store.load(&record.id).await.unwrap().is_none());
            assert_eq!(store.sessions.delete_expired().await.unwrap(), 1);
        }
    }

    #[tokio::test]
    async fn all_sessions_of_owner_end_together() {
        for engine in test_databases().await {
            let clock = Clock::system();
            let store = new_store(&engine.db, &clock);
            let person = |n: u8| format!("{}/00000000-0000-4000-8000-00000000000{n}", test_tenant());
            let mut records = [new_record(&clock, 10), new_record(&clock, 10), new_record(&clock, 10)];
            for (record, owner) in records.iter_mut().zip([Some(person(1)), Some(person(2)), None]) {
                store.create(record).await.unwrap();
                record.data.extend(owner.map(|owner| ("owner".to_owned(), owner.into())));
                store.save(record).await.unwrap();
            }
            store.sessions.end_sessions_of(person(1).parse().unwrap()).await.unwrap();
            let mut open = Vec::new();
            for record in &records {
                open.push(store.load(&record.id).await.unwrap().is_some());
            }
            assert_eq!(open, [false, true, true]);
        }
    }
}
