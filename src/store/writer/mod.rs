//! Single writer connection of a SQLite file, with group commit.
//!
//! SQLite allows one write transaction at a time, and a connection that finds the file busy sleeps and retries. Here
//! all callers queue for one connection instead. Work that is done while others wait stays uncommitted: the next
//! callers continue in the same transaction, each behind a savepoint, and one commit covers the entire batch.
//!
//! Invariants:
//! - No caller returns before its batch is committed, except through [`SqliteWriter::with_relaxed_durability`].
//! - Work that fails or is dropped does not affect the other work in its batch.
//! - If the transaction is lost, every caller in the batch gets an error.

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::Instant;

/// Delay between attempts to begin a transaction while another process holds the file. SQLite's own delay grows to
/// 100 ms, with which another process would find the file of a busy portal locked at each attempt.
const AGAIN: Duration = Duration::from_millis(1);

/// Outcome of a commit, published to every caller in the batch.
type CommitOutcome = Result<(), Arc<sqlx::Error>>;

/// Queue for the writer connection. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct SqliteWriter {
    seat: Arc<Mutex<WriterState>>,
    options: Arc<SqliteConnectOptions>,
    /// Maximum wait for the connection, and for another process that holds the file.
    patience: Duration,
    /// States whether a commit waits until the batch is on disk.
    waits: bool,
}

/// Connection and pending batch of the writer. There is one per file.
#[derive(Debug)]
struct WriterState {
    connection: SqliteConnection,
    /// Sender of the commit outcome, present while finished work waits for its commit.
    batch: Option<watch::Sender<Option<CommitOutcome>>>,
    left: ConnectionState,
}

/// State in which the last write turn left the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConnectionState {
    Clean,
    /// Left in the middle of its work, which is rolled back.
    Undone(WriteScope),
    /// Unknown state. The connection must be replaced.
    Broken,
    Closed,
}

/// Isolation of a write turn from other work in its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriteScope {
    /// First work of the batch, which began the transaction.
    Transaction,
    Savepoint,
    /// Single statement, which SQLite applies entirely or not at all.
    Statement,
}

/// Exclusive access to the writer connection for one caller. Dropped without a commit, several statements are rolled
/// back, but a single statement may have been written.
pub(crate) struct WriteTurn {
    writer: SqliteWriter,
    seat: OwnedMutexGuard<WriterState>,
    hold: WriteScope,
    settled: bool,
}

impl SqliteWriter {
    pub(super) async fn open(options: SqliteConnectOptions, patience: Duration) -> Result<Self, sqlx::Error> {
        let seat = WriterState { connection: connect(&options).await?, batch: None, left: ConnectionState::Clean };
        Ok(Self { seat: Arc::new(Mutex::new(seat)), options: Arc::new(options), patience, waits: true })
    }

    /// Returns the same writer for work that need not be on disk when its commit returns.
    pub(super) fn without_waiting(&self) -> Self {
        Self { waits: false, ..self.clone() }
    }

    /// Begins a write turn for several statements.
    pub(super) async fn begin(&self) -> Result<WriteTurn, sqlx::Error> {
        self.turn(WriteScope::Savepoint).await
    }

    /// Begins a write turn for a single statement.
    pub(crate) async fn one(&self) -> Result<WriteTurn, sqlx::Error> {
        self.turn(WriteScope::Statement).await
    }

    async fn turn(&self, among_others: WriteScope) -> Result<WriteTurn, sqlx::Error> {
        let until = Instant::now() + self.patience;
        let seat = tokio::time::timeout_at(until, Arc::clone(&self.seat).lock_owned()).await;
        let seat = self.tidied(seat.map_err(|_| sqlx::Error::PoolTimedOut)?).await?;
        let hold = if seat.batch.is_some() { among_others } else { WriteScope::Transaction };
        // Created before the statement runs: if the caller is cancelled meanwhile, dropping the turn rolls it back.
        let mut turn = WriteTurn { writer: self.clone(), seat, hold, settled: false };
        match hold {
            WriteScope::Transaction => turn.seat.begin(until).await?,
            WriteScope::Savepoint => turn.seat.run("SAVEPOINT one").await?,
            WriteScope::Statement => {}
        }
        Ok(turn)
    }

    /// Recovers the connection from unfinished work. The recovery completes even if the caller is cancelled.
    async fn tidied(
        &self,
        mut seat: OwnedMutexGuard<WriterState>,
    ) -> Result<OwnedMutexGuard<WriterState>, sqlx::Error> {
        if seat.left == ConnectionState::Clean {
            return Ok(seat);
        }
        let options = Arc::clone(&self.options);
        let tidied = tokio::spawn(async move { seat.tidy(&options).await.map(|()| seat) }).await;
        tidied.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    /// Commits all work that is finished when this task gets the connection.
    async fn close_batch(self) {
        self.seat.lock().await.commit(&self.options).await;
    }

    /// Applies the pending migrations.
    pub(super) async fn migrate(&self, migrations: &Migrator) -> Result<(), MigrateError> {
        // Uses a connection with SQLite's own busy timeout, because another command may be migrating the file.
        let mut connection = self.options.connect().await?;
        migrations.run(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// Commits the pending batch and closes the connection.
    pub(super) async fn close(&self) {
        let mut seat = self.seat.lock().await;
        seat.commit(&self.options).await;
        seat.left = ConnectionState::Closed;
        if let Ok(nothing) = nothing().await {
            let closed = std::mem::replace(&mut seat.connection, nothing).close().await;
            if let Err(error) = closed {
                tracing::warn!(error = ?error, "SQLite close failed");
            }
        }
    }
}

/// Opens a connection without a busy timeout: [`WriterState::begin_transaction`] does the waiting.
async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    sqlx::query("PRAGMA busy_timeout = 0").execute(&mut connection).await?;
    Ok(connection)
}

/// Opens an in-memory database to put in the place of a closed connection.
async fn nothing() -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().in_memory(true).connect().await
}

/// Returns SQLite's primary result code, the lowest byte of the extended code: 1 is `SQLITE_ERROR`, 5 `SQLITE_BUSY`
/// (<https://sqlite.org/rescode.html>, excerpts of a mirror read 2026-11-26).
fn code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code)?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

impl WriterState {
    async fn run(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        sqlx::query(sql).execute(&mut self.connection).await.map(|_| ())
    }

    async fn begin(&mut self, until: Instant) -> Result<(), sqlx::Error> {
        loop {
            match self.run("BEGIN IMMEDIATE").await {
                Err(error) if code(&error) == Some(5) && Instant::now() < until => tokio::time::sleep(AGAIN).await,
                begun => return begun,
            }
        }
    }

    fn tell(&mut self, outcome: CommitOutcome) {
        if let Some(batch) = self.batch.take() {
            if let Err(error) = &outcome {
                tracing::error!(error = ?error, "SQLite commit failed: batch rolled back");
            }
            batch.send_replace(Some(outcome));
        }
    }

    /// Commits the pending batch and publishes the outcome.
    async fn commit(&mut self, options: &SqliteConnectOptions) {
        if self.batch.is_none() {
            return;
        }
        let mut tidied = self.tidy(options).await;
        if self.batch.is_some() {
            let committed = self.run("COMMIT").await;
            if committed.is_err() {
                self.left = ConnectionState::Broken;
            }
            self.tell(committed.map_err(Arc::new));
            tidied = self.tidy(options).await;
        }
        if let Err(error) = tidied {
            tracing::error!(error = ?error, "SQLite writer reconnect failed: writes fail until it succeeds");
        }
    }

    /// Rolls back unfinished work. If that fails, the entire batch is lost, its callers get an error, and a new
    /// connection is opened.
    async fn tidy(&mut self, options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
        let undone = match self.left {
            ConnectionState::Clean => return Ok(()),
            ConnectionState::Closed => return Err(sqlx::Error::PoolClosed),
            ConnectionState::Undone(WriteScope::Transaction) => self.run("ROLLBACK").await,
            ConnectionState::Undone(WriteScope::Savepoint) => self.undo_savepoint().await,
            ConnectionState::Undone(WriteScope::Statement) => self.still_open().await,
            ConnectionState::Broken => Err(sqlx::Error::WorkerCrashed),
        };
        if let Err(error) = undone {
            self.left = ConnectionState::Broken;
            self.tell(Err(Arc::new(error)));
            // The old connection is closed before the new one is opened, because it may hold the file lock.
            self.connection = nothing().await?;
            self.connection = connect(options).await?;
        }
        self.left = ConnectionState::Clean;
        Ok(())
    }

    async fn undo_savepoint(&mut self) -> Result<(), sqlx::Error> {
        self.run("ROLLBACK TO one").await?;
        self.run("RELEASE one").await
    }

    /// Checks that the transaction is still open. SQLite rolls back automatically when the disk is full; without this
    /// check each later statement would be committed on its own.
    async fn still_open(&mut self) -> Result<(), sqlx::Error> {
        match self.run("BEGIN").await {
            Err(error) if code(&error) == Some(1) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Err(sqlx::Error::WorkerCrashed),
        }
    }
}

impl WriteTurn {
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.seat.connection
    }

    /// Commits together with the other work in the batch. The commit completes even if the caller is cancelled.
    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        if self.hold == WriteScope::Savepoint {
            // From here on the work counts as committed, even if the caller is cancelled.
            self.hold = WriteScope::Statement;
            if let Err(error) = self.seat.run("RELEASE one").await {
                self.hold = WriteScope::Savepoint;
                return Err(error);
            }
        }
        let mut outcome = if let Some(batch) = &self.seat.batch {
            batch.subscribe()
        } else {
            let (batch, outcome) = watch::channel(None);
            self.seat.batch = Some(batch);
            tokio::spawn(self.writer.clone().close_batch());
            outcome
        };
        self.settled = true;
        let waits = self.writer.waits;
        drop(self);
        if !waits {
            return Ok(());
        }
        match outcome.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(Err(error))) => Err(sqlx::Error::Io(std::io::Error::other(Arc::clone(error)))),
            Ok(_) => Ok(()),
            Err(_) => Err(sqlx::Error::WorkerCrashed),
        }
    }

    /// Commits a single statement if it succeeded.
    pub(crate) async fn end<T>(self, done: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let done = done?;
        self.commit().await.map(|()| done)
    }
}

impl Drop for WriteTurn {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        self.seat.left = ConnectionState::Undone(self.hold);
        // Without this task the file would stay locked for other processes until the next write.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let writer = self.writer.clone();
            runtime.spawn(async move {
                let tidied = writer.seat.lock().await.tidy(&writer.options).await;
                if let Err(error) = tidied
                    && !matches!(error, sqlx::Error::PoolClosed)
                {
                    tracing::warn!(error = ?error, "SQLite rollback failed: reconnecting");
                }
            });
        }
    }
}

#[cfg(test)]
mod tests;
