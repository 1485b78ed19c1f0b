//! tower-sessions on our own tables. The id is stored as a hash, the data sealed; a save never revives a session that
//! was deleted.

use sha2::{Digest as _, Sha256};
use tower_sessions::SessionStore;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use super::{Db, Place, Purpose, Sealer, StoreError, on_db};
use crate::base::{Clock, hex};

/// Sessions in the database.
#[derive(Clone)]
pub(crate) struct DbSessions {
    db: Db,
    sealer: Sealer,
    clock: Clock,
}

impl std::fmt::Debug for DbSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DbSessions")
    }
}

/// What stands in the database for a session id or another token that a browser holds.
pub(crate) fn hash_id(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

impl DbSessions {
    pub(crate) fn new(db: Db, sealer: Sealer, clock: Clock) -> Self {
        Self { db, sealer, clock }
    }

    fn sealed(&self, row: &str, record: &Record) -> Result<String> {
        let plain = serde_json::to_vec(&record.data).map_err(|e| Error::Encode(e.to_string()))?;
        self.sealer.seal(Purpose::Session, place(row), &plain).map_err(|e| Error::Encode(e.to_string()))
    }

    /// Ends sessions whose time is over.
    pub(crate) async fn sweep(&self) -> std::result::Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM sessions WHERE expires_at < $1";
        let now = self.clock.now().as_millisecond();
        Ok(on_db!(&self.db, |pool| sqlx::query(SQL).bind(now).execute(pool).await.map(|done| done.rows_affected()))?)
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "sessions", column: "sealed", row }
}

fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn backend(error: impl Into<StoreError>) -> Error {
    let error: StoreError = error.into();
    tracing::error!(cause = ?error, "sessions cannot reach the database");
    Error::Backend(error.to_string())
}

#[async_trait::async_trait]
impl SessionStore for DbSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        const SQL: &str = "INSERT INTO sessions (id_hash, sealed, expires_at) VALUES ($1, $2, $3)";
        let row = hash_id(&record.id.to_string());
        let sealed = self.sealed(&row, record)?;
        let expires = millis(record.expiry_date);
        on_db!(&self.db, |pool| sqlx::query(SQL).bind(&row).bind(&sealed).bind(expires).execute(pool).await.map(|_| ()))
            .map_err(backend)
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // No upsert: a session that was deleted meanwhile stays deleted.
        const SQL: &str = "UPDATE sessions SET sealed = $2, expires_at = $3 WHERE id_hash = $1";
        let row = hash_id(&record.id.to_string());
        let sealed = self.sealed(&row, record)?;
        let expires = millis(record.expiry_date);
        on_db!(&self.db, |pool| sqlx::query(SQL).bind(&row).bind(&sealed).bind(expires).execute(pool).await.map(|_| ()))
            .map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        const SQL: &str = "SELECT sealed, expires_at FROM sessions WHERE id_hash = $1 AND expires_at > $2";
        let row = hash_id(&id.to_string());
        let now = self.clock.now().as_millisecond();
        let found: Option<(String, i64)> =
            on_db!(&self.db, |pool| sqlx::query_as(SQL).bind(&row).bind(now).fetch_optional(pool).await)
                .map_err(backend)?;
        let Some((sealed, expires)) = found else { return Ok(None) };
        // A session sealed with a key that is gone is no session: people sign in again.
        let Ok(plain) = self.sealer.open(Purpose::Session, place(&row), &sealed) else { return Ok(None) };
        let data = serde_json::from_slice(&plain).map_err(|e| Error::Decode(e.to_string()))?;
        let expiry_date =
            OffsetDateTime::from_unix_timestamp(expires / 1_000).map_err(|e| Error::Decode(e.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        const SQL: &str = "DELETE FROM sessions WHERE id_hash = $1";
        let row = hash_id(&id.to_string());
        on_db!(&self.db, |pool| sqlx::query(SQL).bind(&row).execute(pool).await.map(|_| ())).map_err(backend)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::store::testing::{engines, sealer};

    fn record(clock: &Clock, minutes: i64) -> Record {
        let until = clock.now() + SignedDuration::from_mins(minutes);
        let data = [("who".to_owned(), serde_json::json!("wanda"))].into();
        Record { id: Id::default(), data, expiry_date: OffsetDateTime::from_unix_timestamp(until.as_second()).unwrap() }
    }

    #[tokio::test]
    async fn a_session_is_kept_sealed_and_dies_for_good() {
        for engine in engines().await {
            let clock = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
            let store = DbSessions::new(engine.db.clone(), sealer(), clock.clone());
            let mut record = record(&clock, 10);
            record.id = Id(42);
            store.create(&mut record).await.unwrap();
            assert_eq!(store.load(&record.id).await.unwrap().unwrap().data, record.data);
            let rows: Vec<(String, String)> =
                on_db!(&engine.db, |pool| sqlx::query_as("SELECT id_hash, sealed FROM sessions").fetch_all(pool).await)
                    .unwrap();
            assert!(!format!("{rows:?}").contains("wanda"));
            assert!(!format!("{rows:?}").contains(&record.id.to_string()));
            store.delete(&record.id).await.unwrap();
            store.save(&record).await.unwrap();
            assert!(store.load(&record.id).await.unwrap().is_none(), "a late save does not revive it");
        }
    }

    #[tokio::test]
    async fn a_session_ends_by_our_clock() {
        for engine in engines().await {
            let clock = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
            let store = DbSessions::new(engine.db.clone(), sealer(), clock.clone());
            let mut record = record(&clock, 10);
            store.create(&mut record).await.unwrap();
            clock.advance(SignedDuration::from_mins(11));
            assert!(store.load(&record.id).await.unwrap().is_none());
            assert_eq!(store.sweep().await.unwrap(), 1);
        }
    }
}
