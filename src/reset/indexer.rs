//! Keeps the words by which resets are found. Off the way of a reset: a person waits for none of this, and the search
//! looks at the newest resets one by one until their words are kept.

use std::time::Duration;

use super::store::Place;
use super::store::search::{FRESH, keep_words, unsearchable};
use crate::state::App;
use crate::store::{StoreError, lease};

const EVERY: Duration = Duration::from_secs(2);
/// With many to do, others get their turn to write in between.
const BETWEEN: Duration = Duration::from_millis(50);

/// So many are kept in one transaction: people wait for its end.
const AT_ONCE: usize = 50;

/// Ticks until the process stops.
pub(crate) async fn run(app: App) {
    // Where a long work stands. From the newest again when it is through: new resets come first.
    let mut after = None;
    loop {
        match tick(&app, after).await {
            Ok(reached) => after = reached,
            Err(error) => tracing::warn!(cause = ?error, "words of resets cannot be kept; it goes on in a moment"),
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(if after.is_some() { BETWEEN } else { EVERY }) => {}
        }
    }
}

/// Keeps the words of the newest resets behind a place. `Some`: there are more behind.
async fn tick(app: &App, after: Option<Place>) -> Result<Option<Place>, StoreError> {
    let found = unsearchable(&app.db, after, FRESH).await?;
    if found.is_empty() || !lease(&app.db, "words", &app.me, app.now()).await? {
        return Ok(None);
    }
    for some in found.chunks(AT_ONCE) {
        let mut tx = app.db.begin().await?;
        keep_words(&mut tx, some).await?;
        tx.commit().await?;
    }
    Ok(found.last().filter(|_| found.len() == FRESH).map(super::store::Listed::place))
}
