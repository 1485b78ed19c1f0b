//! Connection pools and transactions of the two database engines.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, Postgres, SqlitePool, Transaction};

use super::connection_pooler::reject_statement_pooling;
use super::sqlite_writer::{SqliteWriter, WriteTurn};
use crate::base::Secret;

/// Returns the migrations of this release. A newer release may already have migrated the database. Every migration
/// keeps the previous release working (`docs/operations.md`, upgrades), so unknown migrations are ignored.
fn embedded_migrations() -> Migrator {
    let mut all = sqlx::migrate!("./migrations");
    all.set_ignore_missing(true);
    all
}

/// Returns the migrations that only one engine understands, such as triggers. They follow those of both engines, and
/// their versions are unique among all.
fn engine_migrations(db: &Db) -> Migrator {
    let mut own = match db {
        Db::Sqlite(_) => sqlx::migrate!("./migrations/sqlite"),
        Db::Postgres(_) => sqlx::migrate!("./migrations/postgres"),
    };
    own.set_ignore_missing(true);
    own
}

/// Loads the migrations of a simulated next release, for the test of a rolling upgrade.
#[cfg(feature = "test-hooks")]
async fn load_next_migrations() -> Result<Option<Migrator>, sqlx::migrate::MigrateError> {
    let Ok(folder) = std::env::var("PASSBACK_NEXT_MIGRATIONS") else { return Ok(None) };
    let mut next = Migrator::new(std::path::PathBuf::from(folder)).await?;
    next.set_ignore_missing(true);
    Ok(Some(next))
}

/// Maximum wait for another process that holds the SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum wait for the writer connection of this process. Those who wait get it in turn, so a long wait means a slow disk
/// or a busy machine and no deadlock: people rather wait than read that something is not available.
const WRITER_QUEUE_TIMEOUT: Duration = Duration::from_secs(20);

/// Connection pool of the configured database. Clones share it.
#[derive(Clone, Debug)]
pub(crate) enum Db {
    Sqlite(SqliteDb),
    Postgres(PgPool),
}

/// SQLite database file with a pool of readers and a single writer.
#[derive(Clone, Debug)]
pub(crate) struct SqliteDb {
    pub(crate) readers: SqlitePool,
    pub(crate) writer: SqliteWriter,
}

/// Write transaction on either engine.
pub(crate) enum Tx {
    Sqlite(WriteTurn),
    Postgres(Transaction<'static, Postgres>),
}

/// Failure of a database operation.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("database query failed")]
    Sql(#[source] sqlx::Error),
    #[error("database migration failed")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("database.url must start with sqlite:// or postgres://")]
    UnknownScheme,
    #[error(
        "database.url: a connection pooler changes the PostgreSQL connection between statements, so a query can return \
         the rows of another one: set its pool mode to session (pgbouncer: pool_mode = session), or connect to \
         PostgreSQL directly"
    )]
    StatementPooling,
    /// The row does not exist, or another replica took it over.
    #[error("row not found or owned by another replica")]
    RowNotFound,
    /// Violation of a unique constraint.
    #[error("row already exists")]
    AlreadyExists,
    #[error("cannot read a row of {table}: {problem}")]
    InvalidRow { table: &'static str, problem: String },
    #[error(transparent)]
    Seal(#[from] super::SealError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) {
            Self::AlreadyExists
        } else {
            Self::Sql(error)
        }
    }
}

/// What to do if a SQLite file does not exist.
#[derive(Clone, Copy)]
enum MissingFile {
    Create,
    Reject,
}

/// Runs a read with the same expression on the pool of either engine. The SQLite pool rejects writes.
macro_rules! on_db {
    ($db:expr, |$c:ident| $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite(file) => {
                let $c = &file.readers;
                $body
            }
            $crate::store::Db::Postgres($c) => $body,
        }
    };
}
pub(crate) use on_db;

/// Runs a single write statement with the same expression on either engine.
macro_rules! write_db {
    ($db:expr, |$c:ident| $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite(file) => match file.writer.begin_statement().await {
                Ok(mut turn) => {
                    let done = {
                        let $c = turn.connection();
                        $body
                    };
                    turn.finish_statement(done).await
                }
                Err(error) => Err(error),
            },
            $crate::store::Db::Postgres($c) => $body,
        }
    };
}
pub(crate) use write_db;

/// Runs a statement inside a transaction with the same expression on either engine.
macro_rules! on_tx {
    ($tx:expr, |$c:ident| $body:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(turn) => {
                let $c = turn.connection();
                $body
            }
            $crate::store::Tx::Postgres(inner) => {
                let $c = &mut **inner;
                $body
            }
        }
    };
}
pub(crate) use on_tx;

impl Db {
    /// Opens the database and applies the pending migrations.
    pub(crate) async fn open(url: &Secret) -> Result<Self, StoreError> {
        let db = Self::connect(url, MissingFile::Create).await?;
        db.migrate(&embedded_migrations()).await?;
        db.migrate(&engine_migrations(&db)).await?;
        #[cfg(feature = "test-hooks")]
        if let Some(next) = load_next_migrations().await? {
            db.migrate(&next).await?;
        }
        Ok(db)
    }

    async fn migrate(&self, migrations: &Migrator) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(file) => file.writer.migrate(migrations).await?,
            Self::Postgres(pool) => migrations.run(pool).await?,
        }
        Ok(())
    }

    /// Opens an existing database without migrating it, for commands that run beside a portal.
    pub(crate) async fn open_existing(url: &Secret) -> Result<Self, StoreError> {
        Self::connect(url, MissingFile::Reject).await
    }

    async fn connect(url: &Secret, missing: MissingFile) -> Result<Self, StoreError> {
        let text = url.expose_secret();
        Ok(if text.starts_with("sqlite:") {
            Self::open_sqlite(text, missing).await?
        } else if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            // pgbouncer rejects `extra_float_digits` at the start of a session. No table has a floating-point column.
            let options = PgConnectOptions::from_str(text)?.extra_float_digits(None);
            // Opening a TLS connection takes about 88 ms (measured), so 2 connections stay open.
            let pool =
                PgPoolOptions::new().min_connections(2).max_connections(16).acquire_timeout(Duration::from_secs(5));
            let pool = pool.connect_with(options).await?;
            reject_statement_pooling(&pool).await?;
            Self::Postgres(pool)
        } else {
            return Err(StoreError::UnknownScheme);
        })
    }

    /// Opens a SQLite file with `synchronous=FULL`: the committed intent of a reset must survive a power failure
    /// directly after it.
    async fn open_sqlite(text: &str, missing: MissingFile) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(text)?
            .create_if_missing(matches!(missing, MissingFile::Create))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let writer = SqliteWriter::open(options.clone(), WRITER_QUEUE_TIMEOUT, BUSY_TIMEOUT).await?;
        // A file connection does not drop. Testing it before each query would cost as much as the query.
        let pool = SqlitePoolOptions::new().max_connections(8).test_before_acquire(false);
        let readers = pool.connect_with(options.pragma("query_only", "ON")).await?;
        Ok(Self::Sqlite(SqliteDb { readers, writer }))
    }

    /// Returns the same database for writes that may be lost in a power failure or crash, such as the rate limit
    /// counts of the last moment. No write waits for the disk.
    pub(crate) fn with_relaxed_durability(&self) -> Self {
        match self {
            Self::Sqlite(file) => {
                Self::Sqlite(SqliteDb { readers: file.readers.clone(), writer: file.writer.with_relaxed_durability() })
            }
            Self::Postgres(pool) => Self::Postgres(pool.clone()),
        }
    }

    /// Begins a write transaction.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite(file) => Tx::Sqlite(file.writer.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Counts the migrations of this release that have not been applied.
    pub(crate) async fn count_missing_migrations(&self) -> Result<usize, StoreError> {
        const SQL: &str = "SELECT version FROM _sqlx_migrations WHERE success";
        let done: Vec<(i64,)> = on_db!(self, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?;
        let is_missing = |version: i64| !done.iter().any(|(applied,)| *applied == version);
        let (both, own) = (embedded_migrations(), engine_migrations(self));
        Ok(both.iter().chain(own.iter()).filter(|ours| is_missing(ours.version)).count())
    }

    /// Checks that the database answers a query.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        on_db!(self, |pool| sqlx::query("SELECT 1").execute(pool).await.map(|_| ()))?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        match self {
            // The writer closes last: the last connection to close merges the write-ahead log into one file.
            Self::Sqlite(file) => {
                file.readers.close().await;
                file.writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(turn) => turn.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::test_databases;

    #[tokio::test]
    async fn sqlite_writer_syncs_fully_and_readers_are_read_only() {
        for engine in test_databases().await {
            let Db::Sqlite(file) = &engine.db else { continue };
            let mut turn = file.writer.begin().await.unwrap();
            let (synchronous,): (i64,) =
                sqlx::query_as("PRAGMA synchronous").fetch_one(turn.connection()).await.unwrap();
            assert_eq!(synchronous, 2, "FULL");
            drop(turn);
            let beside = on_db!(&engine.db, |pool| sqlx::query("DELETE FROM limits").execute(pool).await.map(|_| ()));
            assert!(beside.unwrap_err().to_string().contains("readonly"));
            write_db!(&engine.db, |c| sqlx::query("DELETE FROM limits").execute(c).await.map(|_| ())).unwrap();
        }
    }
}
