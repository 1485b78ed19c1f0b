use std::future::Future;
use std::pin::Pin;

use sqlx::sqlite::{SqliteJournalMode, SqlitePool, SqlitePoolOptions};

use super::*;

/// Database file with its writer and a pool of readers.
struct WriterTestFile {
    writer: SqliteWriter,
    readers: SqlitePool,
    _dir: tempfile::TempDir,
}

/// How a test writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriteKind {
    Transaction,
    Statement,
}

impl WriteKind {
    /// Returns a single statement for every `step`th number, and a transaction for the others.
    fn alternate(n: i64, step: i64) -> Self {
        if n % step == 0 { Self::Statement } else { Self::Transaction }
    }
}

type BoxedWrite = Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send>>;

impl WriterTestFile {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(dir.path().join("test.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_millis(100));
        let writer = SqliteWriter::open(options.clone(), Duration::from_secs(5), Duration::from_secs(5)).await.unwrap();
        let readers = SqlitePoolOptions::new().connect_with(options).await.unwrap();
        for sql in [
            "CREATE TABLE t (n INTEGER PRIMARY KEY)",
            "CREATE TABLE later (n REFERENCES t DEFERRABLE INITIALLY DEFERRED)",
        ] {
            sqlx::query(sql).execute(&readers).await.unwrap();
        }
        Self { writer, readers, _dir: dir }
    }

    async fn load_rows(&self) -> Vec<i64> {
        sqlx::query_scalar("SELECT n FROM t ORDER BY n").fetch_all(&self.readers).await.unwrap()
    }

    /// Writes a row.
    fn write_row(&self, n: i64, kind: WriteKind) -> impl Future<Output = Result<(), sqlx::Error>> + Send + 'static {
        let writer = self.writer.clone();
        async move {
            if kind == WriteKind::Statement {
                let mut turn = writer.begin_statement().await?;
                let done = insert_row(&mut turn, n).await;
                return turn.finish_statement(done).await;
            }
            let mut turn = writer.begin().await?;
            insert_row(&mut turn, n).await?;
            turn.commit().await
        }
    }

    /// Queues `others` in this order while `first` holds the connection, then commits `first`.
    async fn commit_with_queued<T: Send + 'static>(
        &self,
        first: WriteTurn,
        others: Vec<impl Future<Output = T> + Send + 'static>,
    ) -> (Result<(), sqlx::Error>, Vec<T>) {
        let mut tasks = Vec::new();
        for other in others {
            tasks.push(tokio::spawn(other));
            tokio::task::yield_now().await;
        }
        let first = first.commit().await;
        let mut ends = Vec::new();
        for task in tasks {
            ends.push(task.await.unwrap());
        }
        (first, ends)
    }
}

async fn insert_row(turn: &mut WriteTurn, n: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO t VALUES ($1)").bind(n).execute(turn.connection()).await.map(|_| ())
}

#[tokio::test]
async fn queued_writes_commit_together_before_any_returns() {
    let file = WriterTestFile::new().await;
    let mut first = file.writer.begin().await.unwrap();
    insert_row(&mut first, 0).await.unwrap();
    let mut others = Vec::new();
    for n in 1..=20 {
        let (write, readers) = (file.write_row(n, WriteKind::alternate(n, 2)), file.readers.clone());
        others.push(async move {
            write.await.unwrap();
            sqlx::query_scalar("SELECT COUNT(*) FROM t").fetch_one(&readers).await.unwrap()
        });
    }
    let (done, seen): (_, Vec<i64>) = file.commit_with_queued(first, others).await;
    done.unwrap();
    assert_eq!(seen, [21; 20], "each caller sees the entire batch");
}

#[tokio::test]
async fn failed_write_does_not_affect_others_in_the_batch() {
    for kind in [WriteKind::Transaction, WriteKind::Statement] {
        let file = WriterTestFile::new().await;
        let mut first = file.writer.begin().await.unwrap();
        insert_row(&mut first, 1).await.unwrap();
        let others = [2, 1, 3, 2, 4].map(|n| file.write_row(n, kind)).into_iter().collect();
        let (done, ends) = file.commit_with_queued(first, others).await;
        done.unwrap();
        let ends: Vec<bool> = ends.iter().map(Result::is_ok).collect();
        assert_eq!(ends, [true, false, true, false, true]);
        assert_eq!(file.load_rows().await, [1, 2, 3, 4]);
    }
}

#[tokio::test]
async fn dropped_turn_writes_nothing() {
    let file = WriterTestFile::new().await;
    let mut turn = file.writer.begin().await.unwrap();
    insert_row(&mut turn, 1).await.unwrap();
    drop(turn);
    let mut first = file.writer.begin().await.unwrap();
    insert_row(&mut first, 2).await.unwrap();
    let gives_up = {
        let writer = file.writer.clone();
        async move {
            let mut turn = writer.begin().await.unwrap();
            insert_row(&mut turn, 3).await.unwrap();
        }
    };
    let (done, _) = file.commit_with_queued(first, vec![gives_up]).await;
    done.unwrap();
    file.write_row(4, WriteKind::Transaction).await.unwrap();
    assert_eq!(file.load_rows().await, [2, 4]);
}

#[tokio::test]
async fn dropped_turn_releases_the_file_lock() {
    let file = WriterTestFile::new().await;
    let mut turn = file.writer.begin().await.unwrap();
    insert_row(&mut turn, 1).await.unwrap();
    let other = sqlx::query("INSERT INTO t VALUES (2)").execute(&file.readers);
    assert!(other.await.is_err(), "one writes at a time");
    drop(turn);
    let mut tries = 0;
    while sqlx::query("INSERT INTO t VALUES (2)").execute(&file.readers).await.is_err() {
        tries += 1;
        assert!(tries < 50, "the file stays locked without another write");
    }
    assert_eq!(file.load_rows().await, [2]);
}

/// Polls the future up to `polls` times, then drops it.
async fn poll_then_drop(polls: usize, work: impl Future) {
    let mut work = Box::pin(work);
    for _ in 0..polls {
        if futures_util::poll!(&mut work).is_ready() {
            return;
        }
        // Gives the connection's thread time to make progress.
        tokio::time::sleep(Duration::from_micros(300)).await;
    }
}

#[tokio::test]
async fn cancelled_caller_does_not_affect_other_writes() {
    // Repeated, because the step that a poll reaches depends on thread timing.
    for (polls, kind) in (0..48).flat_map(|n| [(n % 12, WriteKind::Transaction), (n % 12, WriteKind::Statement)]) {
        let file = WriterTestFile::new().await;
        let mut first = file.writer.begin().await.unwrap();
        insert_row(&mut first, 1).await.unwrap();
        let before: BoxedWrite = Box::pin(file.write_row(2, kind));
        let after: BoxedWrite = Box::pin(file.write_row(4, kind));
        let leaves = file.write_row(3, kind);
        let leaves: BoxedWrite = Box::pin(async move {
            poll_then_drop(polls, leaves).await;
            Ok(())
        });
        let (done, ends) = file.commit_with_queued(first, vec![before, leaves, after]).await;
        done.unwrap();
        assert!(ends.iter().all(Result::is_ok), "{polls} {kind:?} {ends:?}");
        file.write_row(5, kind).await.unwrap();
        let others: Vec<i64> = file.load_rows().await.into_iter().filter(|n| *n != 3).collect();
        assert_eq!(others, [1, 2, 4, 5], "{polls} {kind:?}");
    }
}

#[tokio::test]
async fn commit_completes_after_its_caller_is_dropped() {
    let file = WriterTestFile::new().await;
    let mut turn = file.writer.begin().await.unwrap();
    insert_row(&mut turn, 1).await.unwrap();
    let mut commit = Box::pin(turn.commit());
    assert!(futures_util::poll!(&mut commit).is_pending());
    drop(commit);
    file.write_row(2, WriteKind::Statement).await.unwrap();
    assert_eq!(file.load_rows().await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_writes_store_successes_and_never_hang() {
    let file = WriterTestFile::new().await;
    let tasks = (0..600_i64).map(|n| {
        let write = file.write_row(n, WriteKind::alternate(n, 3));
        let again = file.write_row(n - 5, WriteKind::alternate(n, 2));
        tokio::spawn(async move {
            // Some callers are cancelled early, some write a row that already exists.
            match n % 5 {
                0 => tokio::time::timeout(Duration::from_micros(u64::try_from(n).unwrap() * 40), write).await.ok(),
                1 => Some(again.await),
                _ => Some(write.await),
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut told = std::collections::BTreeSet::new();
    let mut maybe = std::collections::BTreeSet::new();
    for (n, task) in (0_i64..).zip(tasks) {
        let end = tokio::time::timeout(Duration::from_secs(30), task).await.expect("no caller hangs").unwrap();
        let wrote = if n % 5 == 1 { n - 5 } else { n };
        match end {
            Some(Ok(())) => assert!(told.insert(wrote), "{wrote} was written twice"),
            None => assert!(maybe.insert(wrote)),
            Some(Err(error)) => assert!(
                error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation),
                "{error}"
            ),
        }
    }
    let seen: std::collections::BTreeSet<i64> = file.load_rows().await.into_iter().collect();
    assert!(told.is_subset(&seen), "{:?}", told.difference(&seen));
    assert!(seen.iter().all(|n| told.contains(n) || maybe.contains(n)));
    assert!(told.len() > 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy_writer_leaves_turns_to_another_process() {
    let file = WriterTestFile::new().await;
    let busy: Vec<_> = (0..8_i64)
        .map(|who| {
            let writer = file.writer.clone();
            tokio::spawn(async move {
                for n in 0.. {
                    let mut turn = writer.begin().await.unwrap();
                    insert_row(&mut turn, who * 1_000_000 + n).await.unwrap();
                    turn.commit().await.unwrap();
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let other =
        SqliteWriter::open(file.writer.options.as_ref().clone(), Duration::from_secs(5), Duration::from_secs(5))
            .await
            .unwrap();
    for n in 1..=20 {
        let mut turn = other.begin().await.expect("within five seconds");
        insert_row(&mut turn, -n).await.unwrap();
        turn.commit().await.unwrap();
    }
    for one in busy {
        one.abort();
    }
}

#[tokio::test]
async fn failed_commit_is_reported_to_the_entire_batch() {
    let file = WriterTestFile::new().await;
    let mut first = file.writer.begin().await.unwrap();
    insert_row(&mut first, 1).await.unwrap();
    let fails: BoxedWrite = {
        let writer = file.writer.clone();
        Box::pin(async move {
            let mut turn = writer.begin().await?;
            sqlx::query("INSERT INTO later VALUES (77)").execute(turn.connection()).await?;
            turn.commit().await
        })
    };
    let (done, ends) =
        file.commit_with_queued(first, vec![fails, Box::pin(file.write_row(2, WriteKind::Statement))]).await;
    assert!(done.is_err() && ends.iter().all(Result::is_err), "{done:?} {ends:?}");
    file.write_row(3, WriteKind::Transaction).await.unwrap();
    assert_eq!(file.load_rows().await, [3]);
}

/// Ends the transaction behind the writer's back, as SQLite does when the disk is full.
async fn roll_back_transaction(turn: &mut WriteTurn) -> Result<(), sqlx::Error> {
    sqlx::query("ROLLBACK").execute(turn.connection()).await.unwrap();
    Err(sqlx::Error::WorkerCrashed)
}

#[tokio::test]
async fn lost_transaction_fails_the_entire_batch() {
    for kind in [WriteKind::Transaction, WriteKind::Statement] {
        let file = WriterTestFile::new().await;
        let mut first = file.writer.begin().await.unwrap();
        insert_row(&mut first, 1).await.unwrap();
        let loses = {
            let writer = file.writer.clone();
            async move {
                let mut turn =
                    if kind == WriteKind::Statement { writer.begin_statement().await? } else { writer.begin().await? };
                let done = roll_back_transaction(&mut turn).await;
                turn.finish_statement(done).await
            }
        };
        let before: BoxedWrite = Box::pin(file.write_row(2, kind));
        let after: BoxedWrite = Box::pin(file.write_row(3, kind));
        let (done, ends) = file.commit_with_queued(first, vec![before, Box::pin(loses), after]).await;
        let ends: Vec<bool> = ends.iter().map(Result::is_ok).collect();
        assert_eq!((done.is_ok(), ends.as_slice()), (false, [false, false, true].as_slice()));
        assert_eq!(file.load_rows().await, [3], "only the write that reported success is stored");
    }
}

#[tokio::test]
async fn relaxed_write_returns_immediately_and_commits_later() {
    let file = WriterTestFile::new().await;
    let counters = file.writer.with_relaxed_durability();
    let mut turn = counters.begin_statement().await.unwrap();
    let done = insert_row(&mut turn, 1).await;
    let mut end = Box::pin(turn.finish_statement(done));
    assert!(futures_util::poll!(&mut end).is_ready(), "the commit does not wait for the disk");
    file.write_row(2, WriteKind::Transaction).await.unwrap();
    assert_eq!(file.load_rows().await, [1, 2]);
}

#[tokio::test]
async fn close_commits_queued_writes_and_rejects_later_ones() {
    let file = WriterTestFile::new().await;
    let mut first = file.writer.begin().await.unwrap();
    insert_row(&mut first, 1).await.unwrap();
    let close: BoxedWrite = {
        let writer = file.writer.clone();
        Box::pin(async move {
            writer.close().await;
            Ok(())
        })
    };
    let (done, ends) = file
        .commit_with_queued(
            first,
            vec![
                Box::pin(file.write_row(2, WriteKind::Transaction)),
                close,
                Box::pin(file.write_row(3, WriteKind::Transaction)),
            ],
        )
        .await;
    assert!(done.is_ok());
    assert!(matches!(ends.as_slice(), [Ok(()), Ok(()), Err(sqlx::Error::PoolClosed)]), "{ends:?}");
    assert_eq!(file.load_rows().await, [1, 2]);
}

#[tokio::test]
async fn close_commits_the_pending_batch() {
    let file = WriterTestFile::new().await;
    let mut turn = file.writer.with_relaxed_durability().begin().await.unwrap();
    insert_row(&mut turn, 1).await.unwrap();
    turn.commit().await.unwrap();
    file.writer.close().await;
    assert_eq!(file.load_rows().await, [1]);
    assert!(matches!(file.write_row(2, WriteKind::Transaction).await, Err(sqlx::Error::PoolClosed)));
}

#[tokio::test]
async fn begin_fails_after_the_writer_timeout() {
    let file = WriterTestFile::new().await;
    let turn = file.writer.begin().await.unwrap();
    let hurried = SqliteWriter { queue_timeout: Duration::from_millis(20), ..file.writer.clone() };
    assert!(matches!(hurried.begin().await, Err(sqlx::Error::PoolTimedOut)));
    drop(turn);
}
