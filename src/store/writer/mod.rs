//! The writer of a SQLite file. SQLite lets one write at a time, and whoever finds it busy sleeps and tries again; here all
//! stand in line for one connection instead. What is done while others wait does not go to the disk alone: they go on in
//! the same transaction, each behind a savepoint, and one commit carries all of it. Nobody is answered before.

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

/// What became of a commit. All who took part hear it.
type Outcome = Result<(), Arc<sqlx::Error>>;

/// The line.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    seat: Arc<Mutex<Seat>>,
    options: Arc<SqliteConnectOptions>,
    /// Whoever stands in line waits no longer than this.
    patience: Duration,
    /// Whether an answer waits for the disk.
    waits: bool,
}

/// What there is one of.
#[derive(Debug)]
struct Seat {
    connection: SqliteConnection,
    /// Work that is done and not committed, and those who wait to hear of it.
    batch: Option<watch::Sender<Option<Outcome>>>,
    left: Left,
}

/// How the last one left the seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Clean,
    /// In the middle: it counts as if it had not begun.
    Undone(Hold),
    /// Nobody knows what the connection is in.
    Broken,
    Closed,
}

/// How work is kept apart from that of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// It began the transaction.
    Transaction,
    Savepoint,
    /// A single statement, which SQLite does whole or not at all.
    Statement,
}

/// Somebody's turn to write. Dropped without commit, nothing was written.
pub(crate) struct Turn {
    writer: Writer,
    seat: OwnedMutexGuard<Seat>,
    hold: Hold,
    settled: bool,
}

impl Writer {
    pub(super) async fn open(options: SqliteConnectOptions, patience: Duration) -> Result<Self, sqlx::Error> {
        let seat = Seat { connection: options.connect().await?, batch: None, left: Left::Clean };
        Ok(Self { seat: Arc::new(Mutex::new(seat)), options: Arc::new(options), patience, waits: true })
    }

    /// The same line for what need not be on disk when it is answered.
    pub(super) fn without_waiting(&self) -> Self {
        Self { waits: false, ..self.clone() }
    }

    /// A turn for several statements.
    pub(super) async fn begin(&self) -> Result<Turn, sqlx::Error> {
        self.turn(Hold::Savepoint).await
    }

    /// A turn for one statement.
    pub(crate) async fn one(&self) -> Result<Turn, sqlx::Error> {
        self.turn(Hold::Statement).await
    }

    async fn turn(&self, among_others: Hold) -> Result<Turn, sqlx::Error> {
        let seat = tokio::time::timeout(self.patience, Arc::clone(&self.seat).lock_owned()).await;
        let mut seat = seat.map_err(|_| sqlx::Error::PoolTimedOut)?;
        seat.tidy(&self.options).await?;
        let hold = if seat.batch.is_some() { among_others } else { Hold::Transaction };
        // Before the statement: a caller who goes away meanwhile leaves it begun.
        let mut turn = Turn { writer: self.clone(), seat, hold, settled: false };
        let begun = match hold {
            Hold::Transaction => turn.seat.run("BEGIN IMMEDIATE").await,
            Hold::Savepoint => turn.seat.run("SAVEPOINT one").await,
            Hold::Statement => Ok(()),
        };
        // Without a transaction there is none to undo.
        turn.settled = begun.is_err() && hold == Hold::Transaction;
        begun.map(|()| turn)
    }

    /// Commits what is done by the time it is this one's turn.
    async fn close_batch(self) {
        self.seat.lock().await.commit(&self.options).await;
    }

    /// Brings the tables up to date.
    pub(super) async fn migrate(&self, migrations: &Migrator) -> Result<(), MigrateError> {
        let mut seat = self.seat.lock().await;
        // If it fails, or its caller goes away, nobody knows where it stopped.
        seat.left = Left::Broken;
        migrations.run(&mut seat.connection).await?;
        seat.left = Left::Clean;
        Ok(())
    }

    /// Commits what waits, and ends the connection.
    pub(super) async fn close(&self) {
        let mut seat = self.seat.lock().await;
        seat.commit(&self.options).await;
        seat.left = Left::Closed;
        // Something has to stand in its place.
        if let Ok(nothing) = SqliteConnectOptions::new().in_memory(true).connect().await {
            let closed = std::mem::replace(&mut seat.connection, nothing).close().await;
            if let Err(error) = closed {
                tracing::warn!(cause = ?error, "the database did not close well");
            }
        }
    }
}

impl Seat {
    async fn run(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        sqlx::query(sql).execute(&mut self.connection).await.map(|_| ())
    }

    fn tell(&mut self, outcome: Outcome) {
        if let Some(batch) = self.batch.take() {
            batch.send_replace(Some(outcome));
        }
    }

    /// Commits what is done, and tells.
    async fn commit(&mut self, options: &SqliteConnectOptions) {
        if let Err(error) = self.tidy(options).await {
            tracing::error!(cause = ?error, "the database cannot be opened for writing");
        }
        if self.batch.is_none() {
            return;
        }
        let committed = self.run("COMMIT").await;
        if let Err(error) = &committed {
            tracing::error!(cause = ?error, "the database did not take a commit");
            self.left = Left::Broken;
        }
        self.tell(committed.map_err(Arc::new));
    }

    /// Undoes what was left in the middle. Where that does not work, all that is not committed is lost, as whoever waits
    /// for it hears, and it goes on with another connection.
    async fn tidy(&mut self, options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
        let undone = match self.left {
            Left::Clean => return Ok(()),
            Left::Closed => return Err(sqlx::Error::PoolClosed),
            Left::Undone(Hold::Transaction) => self.run("ROLLBACK").await,
            Left::Undone(Hold::Savepoint) => self.undo_savepoint().await,
            Left::Undone(Hold::Statement) => self.still_open().await,
            Left::Broken => Err(sqlx::Error::WorkerCrashed),
        };
        if let Err(error) = undone {
            self.left = Left::Broken;
            self.tell(Err(Arc::new(error)));
            self.connection = options.connect().await?;
        }
        self.left = Left::Clean;
        Ok(())
    }

    async fn undo_savepoint(&mut self) -> Result<(), sqlx::Error> {
        self.run("ROLLBACK TO one").await?;
        self.run("RELEASE one").await
    }

    /// A full disk makes SQLite roll back by itself; without this, what comes next would be committed one by one.
    async fn still_open(&mut self) -> Result<(), sqlx::Error> {
        match self.run("BEGIN").await {
            Ok(()) => Err(sqlx::Error::WorkerCrashed),
            Err(_) => Ok(()),
        }
    }
}

impl Turn {
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.seat.connection
    }

    /// Commits together with whoever waits in line. If the caller goes away meanwhile, it is committed all the same.
    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        if self.hold == Hold::Savepoint {
            self.seat.run("RELEASE one").await?;
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

    /// Commits what one statement did.
    pub(crate) async fn end<T>(self, done: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let done = done?;
        self.commit().await.map(|()| done)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        self.seat.left = Left::Undone(self.hold);
        // Nobody may come for a while, and the file would stay locked for other programs.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let writer = self.writer.clone();
            runtime.spawn(async move {
                if let Err(error) = writer.seat.lock().await.tidy(&writer.options).await {
                    tracing::warn!(cause = ?error, "what was not finished cannot be undone at the moment");
                }
            });
        }
    }
}

#[cfg(test)]
mod tests;
