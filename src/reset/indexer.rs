//! Indexes the search terms of resets.
//!
//! Runs in the background, so that no person waits for it. Until a reset is indexed, the search compares it one by one.

use std::time::Duration;

use super::store::ListCursor;
use super::store::search::{FRESH, keep_words, unsearchable};
use crate::state::AppState;
use crate::store::{StoreError, lease};

/// Interval between two checks for resets that are not indexed.
const EVERY: Duration = Duration::from_secs(2);
/// Pause between two batches of a backlog, so that other writers get a turn.
const BETWEEN: Duration = Duration::from_millis(50);

/// Number of resets per transaction. Other writers wait for its end.
const AT_ONCE: usize = 50;

/// Runs rounds until shutdown.
pub(crate) async fn run(app: AppState) {
    // Position in a backlog. Starts at the newest again after the end, so that new resets come first.
    let mut after = None;
    loop {
        match tick(&app, after).await {
            Ok(reached) => after = reached,
            Err(error) => tracing::warn!(error = ?error, "search indexing failed: retrying"),
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(if after.is_some() { BETWEEN } else { EVERY }) => {}
        }
    }
}

/// Indexes the newest resets after a cursor. Returns the next cursor if there may be more.
async fn tick(app: &AppState, after: Option<ListCursor>) -> Result<Option<ListCursor>, StoreError> {
    let found = unsearchable(&app.db, after, FRESH).await?;
    if found.is_empty() || !lease(&app.db, "words", &app.me, app.now()).await? {
        return Ok(None);
    }
    for some in found.chunks(AT_ONCE) {
        let mut tx = app.db.begin().await?;
        keep_words(&mut tx, some).await?;
        tx.commit().await?;
    }
    Ok(found.last().filter(|_| found.len() == FRESH).map(super::store::ResetSummary::place))
}
