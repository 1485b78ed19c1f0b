//! Indexes the search terms of resets.
//!
//! Runs in the background, so that no person waits for it. Until a reset is indexed, the search compares it one by one.

use std::time::Duration;

use super::store::search::{MAX_UNINDEXED, index_terms, load_unindexed};
use super::store::{ListCursor, ResetSummary};
use crate::state::AppState;
use crate::store::{StoreError, acquire_lease};

/// Interval between two checks for resets that are not indexed.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Pause between two batches of a backlog, so that other writers get a turn.
const BATCH_DELAY: Duration = Duration::from_millis(50);

/// Number of resets per transaction. Other writers wait for its end.
const BATCH_SIZE: usize = 50;

/// Runs rounds until shutdown.
pub(crate) async fn run(app: AppState) {
    // Position in a backlog. Starts at the newest again after the end, so that new resets come first.
    let mut after = None;
    loop {
        match run_once(&app, after).await {
            Ok(reached) => after = reached,
            Err(error) => tracing::warn!(error = ?error, "search indexing failed: retrying"),
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(if after.is_some() { BATCH_DELAY } else { POLL_INTERVAL }) => {}
        }
    }
}

/// Indexes the newest resets after a cursor. Returns the next cursor if there may be more.
async fn run_once(app: &AppState, after: Option<ListCursor>) -> Result<Option<ListCursor>, StoreError> {
    let found = load_unindexed(&app.db, after, MAX_UNINDEXED).await?;
    if found.is_empty() || !acquire_lease(&app.db, "words", &app.instance_id, app.now()).await? {
        return Ok(None);
    }
    for batch in found.chunks(BATCH_SIZE) {
        let mut tx = app.db.begin().await?;
        index_terms(&mut tx, batch).await?;
        tx.commit().await?;
    }
    Ok(found.last().filter(|_| found.len() == MAX_UNINDEXED).map(ResetSummary::cursor))
}
