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

type BoxedWrite = Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send>>;

impl WriterTestFile {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(dir.path().join("test.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_millis(100));
        let writer = SqliteWriter::open(options.clone(), Duration::from_secs(5)).await.unwrap();
        let readers = SqlitePoolOptions::new().connect_with(options).await.unwrap();
        for sql in [
            "CREATE TABLE t (n INTEGER PRIMARY KEY)",
            "CREATE TABLE later (n REFERENCES t DEFERRABLE INITIALLY DEFERRED)",
        ] {
            sqlx::query(sql).execute(&readers).await.unwrap();
        }
        Self { writer, readers, _dir: dir }
    }

    async fn seen(&self) -> Vec<i64> {
        sqlx::query_scalar("SELECT n FROM t ORDER BY n").fetch_all(&self.readers).await.unwrap()
    }

    /// Writes a row in a transaction, or as a single statement if `alone`.
    fn write(&self, n: i64, alone: bool) -> impl Future<Output = Result<(), sqlx::Error>> + Send + 'static {
        let writer = self.writer.clone();
        async move {
            if alone {
                let mut turn = writer.one().await?;
                let done = insert(&mut turn, n).await;
                return turn.end(done).await;
            }
            let mut turn = writer.begin().await?;
            insert(&mut turn, n).await?;
            turn.commit().await
        }
    }

    /// Queues `others` in this order while `first` holds the connection, then commits `first`.
    async fn all_in_line<T: Send + 'static>(
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

async fn insert(turn: &mut WriteTurn, n: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO t VALUES ($1)").bind(n).execute(turn.connection()).await.map(|_| ())
}

#[tokio::test]
async fn those_in_line_are_committed_together_and_not_answered_before() {
    let file = WriterTestFile::new().await;
    let mut first = file.writer.begin().await.unwrap();
    insert(&mut first, 0).await.unwrap();
    let mut others = Vec::new();
    for n in 1..=20 {
        let (write, readers) = (file.write(n, n % 2 == 0), file.readers.clone());
        others.push(async move {
            write.await.unwrap();
            sqlx::query_scalar("SELECT COUNT(*) FROM t").fetch_one(&readers).await.unwrap()
        });
    }
    let (done, seen): (_, Vec<i64>) = file.all_in_line(first, others).await;
    done.unwrap();
    assert_eq!(seen, [21; 20], "each caller sees the entire batch");
}

#[tokio::test]
async fn one_that_fails_or_gives_up_takes_nobody_along() {
    for alone in [false, true] {
        let file = WriterTestFile::new().await;
        let mut first = file.writer.begin().await.unwrap();
        insert(&mut first, 1).await.unwrap();
        let others = [2, 1, 3, 2, 4].map(|n| file.write(n, alone)).into_iter().collect();
        let (done, ends) = file.all_in_line(first, others).await;
        done.unwrap();
        let ends: Vec<bool> = ends.iter().map(Result::is_ok).collect();
        assert_eq!(ends, [true, false, true, false, true]);
        assert_eq!(file.seen().await, [1, 2, 3, 4]);
    }
}

#[tokio::test]
async fn what_is_dropped_was_not_written_whether_it_began_or_joined() {
    let file = WriterTestFile::new().await;
    let mut turn = file.writer.begin().await.unwrap();
    insert(&mut turn, 1).await.unwrap();
    drop(turn);
    let mut first = file.writer.begin().await.unwrap();
    insert(&mut first, 2).await.unwrap();
    let gives_up = {
        let writer = file.writer.clone();
        async move {
            let mut turn = writer.begin().await.unwrap();
            insert(&mut turn, 3).await.unwrap();
        }
    };
    let (done, _) = file.all_in_line(first, vec![gives_up]).await;
    done.unwrap();
    file.write(4, false).await.unwrap();
    assert_eq!(file.seen().await, [2, 4]);
}

#[tokio::test]
async fn a_turn_that_is_dropped_leaves_the_file_to_other_programs() {
    let file = WriterTestFile::new().await;
    let mut turn = file.writer.begin().await.unwrap();
    insert(&mut turn, 1).await.unwrap();
    let other = sqlx::query("INSERT INTO t VALUES (2)").execute(&file.readers);
    assert!(other.await.is_err(), "one writes at a time");
    drop(turn);
    let mut tries = 0;
    while sqlx::query("INSERT INTO t VALUES (2)").execute(&file.readers).await.is_err() {
        tries += 1;
        assert!(tries < 50, "the file stays locked without another write");
    }
    assert_eq!(file.seen().await, [2]);
}

/// Polls the future up to `polls` times, then drops it.
async fn goes_away_after(polls: usize, work: impl Future) {
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
async fn wherever_a_caller_goes_away_the_others_are_written() {
    // Repeated, because the step that a poll reaches depends on thread timing.
    for (polls, alone) in (0..48).flat_map(|n| [(n % 12, false), (n % 12, true)]) {
        let file = WriterTestFile::new().await;
        let mut first = file.writer.begin().await.unwrap();
        insert(&mut first, 1).await.unwrap();
        let before: BoxedWrite = Box::pin(file.write(2, alone));
        let after: BoxedWrite = Box::pin(file.write(4, alone));
        let leaves = file.write(3, alone);
        let leaves: BoxedWrite = Box::pin(async move {
            goes_away_after(polls, leaves).await;
            Ok(())
        });
        let (done, ends) = file.all_in_line(first, vec![before, leaves, after]).await;
        done.unwrap();
        assert!(ends.iter().all(Result::is_ok), "{polls} {alone} {ends:?}");
        file.write(5, alone).await.unwrap();
        let others: Vec<i64> = file.seen().await.into_iter().filter(|n| *n != 3).collect();
        assert_eq!(others, [1, 2, 4, 5], "{polls} {alone}");
    }
}

#[tokio::test]
async fn a_commit_goes_on_without_its_caller() {
    let file = WriterTestFile::new().await;
    let mut turn = file.writer.begin().await.unwrap();
    insert(&mut turn, 1).await.unwrap();
    let mut commit = Box::pin(turn.commit());
    assert!(futures_util::poll!(&mut commit).is_pending());
    drop(commit);
    file.write(2, true).await.unwrap();
    assert_eq!(file.seen().await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn among_many_threads_ok_is_written_an_error_is_not_and_nobody_hangs() {
    let file = WriterTestFile::new().await;
    let tasks = (0..600_i64).map(|n| {
        let write = file.write(n, n % 3 == 0);
        let again = file.write(n - 5, n % 2 == 0);
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
    let seen: std::collections::BTreeSet<i64> = file.seen().await.into_iter().collect();
    assert!(told.is_subset(&seen), "{:?}", told.difference(&seen));
    assert!(seen.iter().all(|n| told.contains(n) || maybe.contains(n)));
    assert!(told.len() > 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_program_gets_its_turn_at_a_busy_file() {
    let file = WriterTestFile::new().await;
    let busy: Vec<_> = (0..8_i64)
        .map(|who| {
            let writer = file.writer.clone();
            tokio::spawn(async move {
                for n in 0.. {
                    let mut turn = writer.begin().await.unwrap();
                    insert(&mut turn, who * 1_000_000 + n).await.unwrap();
                    turn.commit().await.unwrap();
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let other = SqliteWriter::open(file.writer.options.as_ref().clone(), Duration::from_secs(5)).await.unwrap();
    for n in 1..=20 {
        let mut turn = other.begin().await.expect("within five seconds");
        insert(&mut turn, -n).await.unwrap();
        turn.commit().await.unwrap();
    }
    for one in busy {
        one.abort();
    }
}

#[tokio::test]
async fn a_commit_that_fails_is_told_to_all_who_took_part() {
    let file = WriterTestFile::new().await;
    let mut first = file.writer.begin().await.unwrap();
    insert(&mut first, 1).await.unwrap();
    let fails: BoxedWrite = {
        let writer = file.writer.clone();
        Box::pin(async move {
            let mut turn = writer.begin().await?;
            sqlx::query("INSERT INTO later VALUES (77)").execute(turn.connection()).await?;
            turn.commit().await
        })
    };
    let (done, ends) = file.all_in_line(first, vec![fails, Box::pin(file.write(2, true))]).await;
    assert!(done.is_err() && ends.iter().all(Result::is_err), "{done:?} {ends:?}");
    file.write(3, false).await.unwrap();
    assert_eq!(file.seen().await, [3]);
}

/// Ends the transaction behind the writer's back, as SQLite does when the disk is full.
async fn lose_the_transaction(turn: &mut WriteTurn) -> Result<(), sqlx::Error> {
    sqlx::query("ROLLBACK").execute(turn.connection()).await.unwrap();
    Err(sqlx::Error::WorkerCrashed)
}

#[tokio::test]
async fn a_transaction_that_is_lost_is_lost_for_all_and_they_hear_it() {
    for alone in [false, true] {
        let file = WriterTestFile::new().await;
        let mut first = file.writer.begin().await.unwrap();
        insert(&mut first, 1).await.unwrap();
        let loses = {
            let writer = file.writer.clone();
            async move {
                let mut turn = if alone { writer.one().await? } else { writer.begin().await? };
                let done = lose_the_transaction(&mut turn).await;
                turn.end(done).await
            }
        };
        let before: BoxedWrite = Box::pin(file.write(2, alone));
        let after: BoxedWrite = Box::pin(file.write(3, alone));
        let (done, ends) = file.all_in_line(first, vec![before, Box::pin(loses), after]).await;
        let ends: Vec<bool> = ends.iter().map(Result::is_ok).collect();
        assert_eq!((done.is_ok(), ends.as_slice()), (false, [false, false, true].as_slice()));
        assert_eq!(file.seen().await, [3], "only the write that reported success is stored");
    }
}

#[tokio::test]
async fn counters_are_answered_at_once_and_written_soon() {
    let file = WriterTestFile::new().await;
    let counters = file.writer.without_waiting();
    let mut turn = counters.one().await.unwrap();
    let done = insert(&mut turn, 1).await;
    let mut end = Box::pin(turn.end(done));
    assert!(futures_util::poll!(&mut end).is_ready(), "the commit does not wait for the disk");
    file.write(2, false).await.unwrap();
    assert_eq!(file.seen().await, [1, 2]);
}

#[tokio::test]
async fn whoever_stands_in_line_at_the_end_is_written_or_told() {
    let file = WriterTestFile::new().await;
    let mut first = file.writer.begin().await.unwrap();
    insert(&mut first, 1).await.unwrap();
    let close: BoxedWrite = {
        let writer = file.writer.clone();
        Box::pin(async move {
            writer.close().await;
            Ok(())
        })
    };
    let (done, ends) =
        file.all_in_line(first, vec![Box::pin(file.write(2, false)), close, Box::pin(file.write(3, false))]).await;
    assert!(done.is_ok());
    assert!(matches!(ends.as_slice(), [Ok(()), Ok(()), Err(sqlx::Error::PoolClosed)]), "{ends:?}");
    assert_eq!(file.seen().await, [1, 2]);
}

#[tokio::test]
async fn what_waits_is_committed_before_the_file_is_closed() {
    let file = WriterTestFile::new().await;
    let mut turn = file.writer.without_waiting().begin().await.unwrap();
    insert(&mut turn, 1).await.unwrap();
    turn.commit().await.unwrap();
    file.writer.close().await;
    assert_eq!(file.seen().await, [1]);
    assert!(matches!(file.write(2, false).await, Err(sqlx::Error::PoolClosed)));
}

#[tokio::test]
async fn whoever_waits_too_long_is_told() {
    let file = WriterTestFile::new().await;
    let turn = file.writer.begin().await.unwrap();
    let hurried = SqliteWriter { patience: Duration::from_millis(20), ..file.writer.clone() };
    assert!(matches!(hurried.begin().await, Err(sqlx::Error::PoolTimedOut)));
    drop(turn);
}
