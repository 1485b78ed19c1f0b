//! The two pools and their transactions.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, Postgres, SqlitePool, Transaction};

use super::writer::{Turn, Writer};
use crate::base::Secret;

/// The tables of this release. A newer one may have been here: each change of a table leaves the release before it
/// working (`docs/operations.md`, upgrades), so what is unknown is passed over.
fn migrations() -> Migrator {
    let mut all = sqlx::migrate!("./migrations");
    all.set_ignore_missing(true);
    all
}

/// What the next release would add, for the test of a rolling upgrade.
#[cfg(feature = "tenant")]
async fn next_migrations() -> Result<Option<Migrator>, sqlx::migrate::MigrateError> {
    let Ok(folder) = std::env::var("PASSBACK_NEXT_MIGRATIONS") else { return Ok(None) };
    let mut next = Migrator::new(std::path::PathBuf::from(folder)).await?;
    next.set_ignore_missing(true);
    Ok(Some(next))
}

/// Whoever wants to write waits no longer than this.
const BUSY: Duration = Duration::from_secs(5);

/// The database.
#[derive(Clone, Debug)]
pub(crate) enum Db {
    Sqlite(SqliteDb),
    Postgres(PgPool),
}

/// A file: as many read as like, one writes.
#[derive(Clone, Debug)]
pub(crate) struct SqliteDb {
    pub(crate) readers: SqlitePool,
    pub(crate) writer: Writer,
}

/// What must be true together.
pub(crate) enum Tx {
    Sqlite(Turn),
    Postgres(Transaction<'static, Postgres>),
}

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the database did not do it")]
    Sql(#[source] sqlx::Error),
    #[error("the database cannot be brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("database.url begins with neither sqlite:// nor postgres://")]
    Scheme,
    /// The row is not there, or no longer ours: another replica was faster.
    #[error("the row is gone or belongs to somebody else")]
    NoRow,
    /// A unique constraint says that it exists already.
    #[error("it exists already")]
    Exists,
    #[error("a row in {table} cannot be read: {problem}")]
    BadRow { table: &'static str, problem: String },
    #[error(transparent)]
    Seal(#[from] super::SealError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) {
            Self::Exists
        } else {
            Self::Sql(error)
        }
    }
}

/// Reads by the same expression on whichever pool there is. SQLite's refuses to write.
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

/// Writes by one statement.
macro_rules! write_db {
    ($db:expr, |$c:ident| $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite(file) => match file.writer.one().await {
                Ok(mut turn) => {
                    let done = {
                        let $c = turn.connection();
                        $body
                    };
                    turn.end(done).await
                }
                Err(error) => Err(error),
            },
            $crate::store::Db::Postgres($c) => $body,
        }
    };
}
pub(crate) use write_db;

/// The same inside a transaction.
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
    /// Opens the database and brings its tables up to date.
    pub(crate) async fn open(url: &Secret) -> Result<Self, StoreError> {
        let db = Self::connect(url, true).await?;
        db.migrate(&migrations()).await?;
        #[cfg(feature = "tenant")]
        if let Some(next) = next_migrations().await? {
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

    /// Opens a database that is there, and leaves its tables as they are: for commands beside a running portal.
    pub(crate) async fn existing(url: &Secret) -> Result<Self, StoreError> {
        Self::connect(url, false).await
    }

    async fn connect(url: &Secret, create: bool) -> Result<Self, StoreError> {
        let text = url.expose_secret();
        Ok(if text.starts_with("sqlite:") {
            Self::open_sqlite(text, create).await?
        } else if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(text)?;
            // A new TLS connection costs about 88 ms (stack.md): some stay open.
            let pool =
                PgPoolOptions::new().min_connections(2).max_connections(16).acquire_timeout(Duration::from_secs(5));
            Self::Postgres(pool.connect_with(options).await?)
        } else {
            return Err(StoreError::Scheme);
        })
    }

    /// `synchronous=FULL`: the intent of a reset must survive the power cut that follows it.
    async fn open_sqlite(text: &str, create: bool) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(text)?
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let writer = Writer::open(options.clone(), BUSY).await?;
        // A file does not hang up: asking before each question whether it is there would cost as much as the question.
        let pool = SqlitePoolOptions::new().max_connections(8).test_before_acquire(false);
        let readers = pool.connect_with(options.pragma("query_only", "ON")).await?;
        Ok(Self::Sqlite(SqliteDb { readers, writer }))
    }

    /// The same database for what may be lost in a power cut or a crash, such as how often somebody knocked in its last
    /// moment: no answer waits for the disk.
    pub(crate) fn for_counters(&self) -> Self {
        match self {
            Self::Sqlite(file) => {
                Self::Sqlite(SqliteDb { readers: file.readers.clone(), writer: file.writer.without_waiting() })
            }
            Self::Postgres(pool) => Self::Postgres(pool.clone()),
        }
    }

    /// Begins a transaction that will write.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite(file) => Tx::Sqlite(file.writer.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// How many changes of this release its tables lack.
    pub(crate) async fn missing_migrations(&self) -> Result<usize, StoreError> {
        const SQL: &str = "SELECT version FROM _sqlx_migrations WHERE success";
        let done: Vec<(i64,)> = on_db!(self, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?;
        Ok(migrations().iter().filter(|ours| !done.iter().any(|(version,)| *version == ours.version)).count())
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        on_db!(self, |pool| sqlx::query("SELECT 1").execute(pool).await.map(|_| ()))?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        match self {
            // The writer last: whoever closes last leaves one whole file.
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
    use crate::store::testing::engines;

    #[tokio::test]
    async fn in_a_file_commits_reach_the_disk_and_readers_do_not_write() {
        for engine in engines().await {
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
