//! The writer of a SQLite file. SQLite lets one write at a time, and whoever finds it busy sleeps and tries again; here all
//! stand in line for one connection instead. What is done while others wait does not go to the disk alone: they go on in
//! the same transaction, each behind a savepoint, and one commit carries all of it. Nobody is answered before.

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::Instant;

/// Another program has the file: asked for again so soon. SQLite's own waiting grows to a tenth of a second, and would
/// find a busy portal's file taken each time.
const AGAIN: Duration = Duration::from_millis(1);

/// What became of a commit. All who took part hear it.
type Outcome = Result<(), Arc<sqlx::Error>>;

/// The line.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    seat: Arc<Mutex<Seat>>,
    options: Arc<SqliteConnectOptions>,
    /// Nobody waits longer than this, for us or for another program.
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

/// Somebody's turn to write. Dropped without commit, nothing of several statements was written; one that was asked for
/// alone may have been.
pub(crate) struct Turn {
    writer: Writer,
    seat: OwnedMutexGuard<Seat>,
    hold: Hold,
    settled: bool,
}

impl Writer {
    pub(super) async fn open(options: SqliteConnectOptions, patience: Duration) -> Result<Self, sqlx::Error> {
        let seat = Seat { connection: connect(&options).await?, batch: None, left: Left::Clean };
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
        let until = Instant::now() + self.patience;
        let seat = tokio::time::timeout_at(until, Arc::clone(&self.seat).lock_owned()).await;
        let seat = self.tidied(seat.map_err(|_| sqlx::Error::PoolTimedOut)?).await?;
        let hold = if seat.batch.is_some() { among_others } else { Hold::Transaction };
        // Before the statement: a caller who goes away meanwhile leaves it begun.
        let mut turn = Turn { writer: self.clone(), seat, hold, settled: false };
        match hold {
            Hold::Transaction => turn.seat.begin(until).await?,
            Hold::Savepoint => turn.seat.run("SAVEPOINT one").await?,
            Hold::Statement => {}
        }
        Ok(turn)
    }

    /// What was left in the middle is undone to its end, also if the one who came meanwhile goes away.
    async fn tidied(&self, mut seat: OwnedMutexGuard<Seat>) -> Result<OwnedMutexGuard<Seat>, sqlx::Error> {
        if seat.left == Left::Clean {
            return Ok(seat);
        }
        let options = Arc::clone(&self.options);
        let tidied = tokio::spawn(async move { seat.tidy(&options).await.map(|()| seat) }).await;
        tidied.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    /// Commits what is done by the time it is this one's turn.
    async fn close_batch(self) {
        self.seat.lock().await.commit(&self.options).await;
    }

    /// Brings the tables up to date.
    pub(super) async fn migrate(&self, migrations: &Migrator) -> Result<(), MigrateError> {
        // On a connection that waits as SQLite does: another replica or command may be at it.
        let mut connection = self.options.connect().await?;
        migrations.run(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// Commits what waits, and ends the connection.
    pub(super) async fn close(&self) {
        let mut seat = self.seat.lock().await;
        seat.commit(&self.options).await;
        seat.left = Left::Closed;
        if let Ok(nothing) = nothing().await {
            let closed = std::mem::replace(&mut seat.connection, nothing).close().await;
            if let Err(error) = closed {
                tracing::warn!(cause = ?error, "the database did not close well");
            }
        }
    }
}

/// It does not wait by itself for other programs, see [`Seat::begin`].
async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    sqlx::query("PRAGMA busy_timeout = 0").execute(&mut connection).await?;
    Ok(connection)
}

/// Something has to stand in the place of a connection that is closed.
async fn nothing() -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().in_memory(true).connect().await
}

/// SQLite's primary result code, which is the lowest byte of what it tells: 1 is `SQLITE_ERROR`, 5 `SQLITE_BUSY`
/// (<https://sqlite.org/rescode.html>, excerpts of a mirror read 2026-11-26).
fn code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code)?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

impl Seat {
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

    fn tell(&mut self, outcome: Outcome) {
        if let Some(batch) = self.batch.take() {
            if let Err(error) = &outcome {
                tracing::error!(cause = ?error, "the database did not keep what was written");
            }
            batch.send_replace(Some(outcome));
        }
    }

    /// Commits what is done, and tells.
    async fn commit(&mut self, options: &SqliteConnectOptions) {
        if self.batch.is_none() {
            return;
        }
        let mut tidied = self.tidy(options).await;
        if self.batch.is_some() {
            let committed = self.run("COMMIT").await;
            if committed.is_err() {
                self.left = Left::Broken;
            }
            self.tell(committed.map_err(Arc::new));
            tidied = self.tidy(options).await;
        }
        if let Err(error) = tidied {
            tracing::error!(cause = ?error, "the database cannot be opened for writing at the moment");
        }
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
            // Closed before the other is opened: it may hold the file.
            self.connection = nothing().await?;
            self.connection = connect(options).await?;
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
            Err(error) if code(&error) == Some(1) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Err(sqlx::Error::WorkerCrashed),
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
            // Asked for is done: who goes away now has committed.
            self.hold = Hold::Statement;
            if let Err(error) = self.seat.run("RELEASE one").await {
                self.hold = Hold::Savepoint;
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
                let tidied = writer.seat.lock().await.tidy(&writer.options).await;
                if let Err(error) = tidied
                    && !matches!(error, sqlx::Error::PoolClosed)
                {
                    tracing::warn!(cause = ?error, "what was not finished cannot be undone at the moment");
                }
            });
        }
    }
}

#[cfg(test)]
mod tests;
