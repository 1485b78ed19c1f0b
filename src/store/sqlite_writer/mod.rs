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
const BUSY_RETRY_DELAY: Duration = Duration::from_millis(1);

/// Outcome of a commit, published to every caller in the batch.
type CommitOutcome = Result<(), Arc<sqlx::Error>>;

/// Queue for the writer connection. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct SqliteWriter {
    state: Arc<Mutex<WriterState>>,
    options: Arc<SqliteConnectOptions>,
    /// Maximum wait for the connection.
    queue_timeout: Duration,
    /// Maximum wait for another process that holds the file.
    busy_timeout: Duration,
    /// States whether a commit waits until the batch is on disk.
    waits_for_disk: bool,
}

/// Connection and pending batch of the writer. There is one per file.
#[derive(Debug)]
struct WriterState {
    connection: SqliteConnection,
    /// Sender of the commit outcome, present while finished work waits for its commit.
    batch: Option<watch::Sender<Option<CommitOutcome>>>,
    connection_state: ConnectionState,
}

/// State in which the last write turn left the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConnectionState {
    Clean,
    /// Left in the middle of its work, which is rolled back.
    Unfinished(WriteScope),
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
    state: OwnedMutexGuard<WriterState>,
    scope: WriteScope,
    settled: bool,
}

impl SqliteWriter {
    pub(super) async fn open(
        options: SqliteConnectOptions,
        queue_timeout: Duration,
        busy_timeout: Duration,
    ) -> Result<Self, sqlx::Error> {
        let state = WriterState {
            connection: open_connection(&options).await?,
            batch: None,
            connection_state: ConnectionState::Clean,
        };
        Ok(Self {
            state: Arc::new(Mutex::new(state)),
            options: Arc::new(options),
            queue_timeout,
            busy_timeout,
            waits_for_disk: true,
        })
    }

    /// Returns the same writer for work that need not be on disk when its commit returns.
    pub(super) fn with_relaxed_durability(&self) -> Self {
        Self { waits_for_disk: false, ..self.clone() }
    }

    /// Begins a write turn for several statements.
    pub(super) async fn begin(&self) -> Result<WriteTurn, sqlx::Error> {
        self.acquire_turn(WriteScope::Savepoint).await
    }

    /// Begins a write turn for a single statement.
    pub(crate) async fn begin_statement(&self) -> Result<WriteTurn, sqlx::Error> {
        self.acquire_turn(WriteScope::Statement).await
    }

    async fn acquire_turn(&self, scope_in_batch: WriteScope) -> Result<WriteTurn, sqlx::Error> {
        let state = tokio::time::timeout(self.queue_timeout, Arc::clone(&self.state).lock_owned()).await;
        let state = self.recovered(state.map_err(|_| sqlx::Error::PoolTimedOut)?).await?;
        let until = Instant::now() + self.busy_timeout;
        let scope = if state.batch.is_some() { scope_in_batch } else { WriteScope::Transaction };
        // Created before the statement runs: if the caller is cancelled meanwhile, dropping the turn rolls it back.
        let mut turn = WriteTurn { writer: self.clone(), state, scope, settled: false };
        match scope {
            WriteScope::Transaction => turn.state.begin_transaction(until).await?,
            WriteScope::Savepoint => turn.state.execute("SAVEPOINT one").await?,
            WriteScope::Statement => {}
        }
        Ok(turn)
    }

    /// Recovers the connection from unfinished work. The recovery completes even if the caller is cancelled.
    async fn recovered(
        &self,
        mut state: OwnedMutexGuard<WriterState>,
    ) -> Result<OwnedMutexGuard<WriterState>, sqlx::Error> {
        if state.connection_state == ConnectionState::Clean {
            return Ok(state);
        }
        let options = Arc::clone(&self.options);
        let recovery = tokio::spawn(async move { state.recover(&options).await.map(|()| state) }).await;
        recovery.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    /// Commits all work that is finished when this task gets the connection.
    async fn commit_batch(self) {
        self.state.lock().await.commit(&self.options).await;
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
        let mut state = self.state.lock().await;
        state.commit(&self.options).await;
        state.connection_state = ConnectionState::Closed;
        if let Ok(nothing) = placeholder_connection().await {
            let closed = std::mem::replace(&mut state.connection, nothing).close().await;
            if let Err(error) = closed {
                tracing::warn!(error = ?error, "SQLite close failed");
            }
        }
    }
}

/// Opens a connection without a busy timeout: [`WriterState::begin_transaction`] does the waiting.
async fn open_connection(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    sqlx::query("PRAGMA busy_timeout = 0").execute(&mut connection).await?;
    Ok(connection)
}

/// Opens an in-memory database to put in the place of a closed connection.
async fn placeholder_connection() -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().in_memory(true).connect().await
}

/// Returns SQLite's primary result code, the lowest byte of the extended code: 1 is `SQLITE_ERROR`, 5 `SQLITE_BUSY`
/// (<https://sqlite.org/rescode.html>, excerpts of a mirror read 2026-11-26).
fn primary_result_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code)?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

impl WriterState {
    async fn execute(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        sqlx::query(sql).execute(&mut self.connection).await.map(|_| ())
    }

    async fn begin_transaction(&mut self, until: Instant) -> Result<(), sqlx::Error> {
        loop {
            match self.execute("BEGIN IMMEDIATE").await {
                Err(error) if primary_result_code(&error) == Some(5) && Instant::now() < until => {
                    tokio::time::sleep(BUSY_RETRY_DELAY).await;
                }
                begun => return begun,
            }
        }
    }

    fn publish_outcome(&mut self, outcome: CommitOutcome) {
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
        let mut recovery = self.recover(options).await;
        if self.batch.is_some() {
            let committed = self.execute("COMMIT").await;
            if committed.is_err() {
                self.connection_state = ConnectionState::Broken;
            }
            self.publish_outcome(committed.map_err(Arc::new));
            recovery = self.recover(options).await;
        }
        if let Err(error) = recovery {
            tracing::error!(error = ?error, "SQLite writer reconnect failed: writes fail until reconnected");
        }
    }

    /// Rolls back unfinished work. If that fails, the entire batch is lost, its callers get an error, and a new
    /// connection is opened.
    async fn recover(&mut self, options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
        let undone = match self.connection_state {
            ConnectionState::Clean => return Ok(()),
            ConnectionState::Closed => return Err(sqlx::Error::PoolClosed),
            ConnectionState::Unfinished(WriteScope::Transaction) => self.execute("ROLLBACK").await,
            ConnectionState::Unfinished(WriteScope::Savepoint) => self.rollback_savepoint().await,
            ConnectionState::Unfinished(WriteScope::Statement) => self.check_transaction_open().await,
            ConnectionState::Broken => Err(sqlx::Error::WorkerCrashed),
        };
        if let Err(error) = undone {
            self.connection_state = ConnectionState::Broken;
            self.publish_outcome(Err(Arc::new(error)));
            // The old connection is closed before the new one is opened, because it may hold the file lock.
            self.connection = placeholder_connection().await?;
            self.connection = open_connection(options).await?;
        }
        self.connection_state = ConnectionState::Clean;
        Ok(())
    }

    async fn rollback_savepoint(&mut self) -> Result<(), sqlx::Error> {
        self.execute("ROLLBACK TO one").await?;
        self.execute("RELEASE one").await
    }

    /// Checks that the transaction is still open. SQLite rolls back automatically when the disk is full; without this
    /// check each later statement would be committed on its own.
    async fn check_transaction_open(&mut self) -> Result<(), sqlx::Error> {
        match self.execute("BEGIN").await {
            Err(error) if primary_result_code(&error) == Some(1) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Err(sqlx::Error::WorkerCrashed),
        }
    }
}

impl WriteTurn {
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.state.connection
    }

    /// Commits together with the other work in the batch. The commit completes even if the caller is cancelled.
    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        if self.scope == WriteScope::Savepoint {
            // From here on the work counts as committed, even if the caller is cancelled.
            self.scope = WriteScope::Statement;
            if let Err(error) = self.state.execute("RELEASE one").await {
                self.scope = WriteScope::Savepoint;
                return Err(error);
            }
        }
        let mut outcome = if let Some(batch) = &self.state.batch {
            batch.subscribe()
        } else {
            let (batch, outcome) = watch::channel(None);
            self.state.batch = Some(batch);
            tokio::spawn(self.writer.clone().commit_batch());
            outcome
        };
        self.settled = true;
        let waits = self.writer.waits_for_disk;
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
    pub(crate) async fn finish_statement<T>(self, done: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let done = done?;
        self.commit().await.map(|()| done)
    }
}

impl Drop for WriteTurn {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        self.state.connection_state = ConnectionState::Unfinished(self.scope);
        // Without this task the file would stay locked for other processes until the next write.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let writer = self.writer.clone();
            runtime.spawn(async move {
                let recovery = writer.state.lock().await.recover(&writer.options).await;
                if let Err(error) = recovery
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
