//! Publishes the changes of resets to the event streams of this process.
//!
//! One change feed per process loads changed rows twice a second, and at once after a change of its own process. It
//! loads each watched row once and publishes it to all subscribers. It also invalidates cached pages.

use std::sync::Arc;
use std::time::Duration;

use super::record::PasswordReset;
use super::status_response::ResetStatusResponse;
use super::store::{self, ChangedReset};
use crate::base::ChangeTrackedCache;
use crate::state::{AppState, ResetUpdate};
use crate::store::StoreError;

/// Interval between two reads of the changes.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(450);
/// Delay after a change in this process, so that simultaneous changes are read together.
const BATCH_DELAY: Duration = Duration::from_millis(40);

/// Loads and publishes changes until shutdown. `pages` is the cache of pages by reference.
pub(crate) async fn run_change_feed<P>(app: AppState, pages: ChangeTrackedCache<P>) {
    let mut newest = None;
    loop {
        match publish_changes(&app, &pages, newest).await {
            Ok(change) => newest = Some(change),
            Err(error) => tracing::warn!(error = ?error, "loading reset changes failed: retrying"),
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = app.reset_changed.notified() => tokio::time::sleep(BATCH_DELAY).await,
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
    }
}

/// Publishes the changes after a counter value. Returns the value of the newest one.
async fn publish_changes<P>(
    app: &AppState,
    pages: &ChangeTrackedCache<P>,
    newest: Option<i64>,
) -> Result<i64, StoreError> {
    let read_started = pages.read_started();
    let Some(newest) = newest else { return store::load_newest_change(&app.db).await };
    let changed = load_all_changes(app, newest).await?;
    pages.apply_changes(changed.iter().map(|c| c.reference.as_str()), read_started);
    for ChangedReset { id, .. } in changed.iter().filter(|c| app.reset_watchers.has_subscribers(&c.id)) {
        if let Some(reset) = store::load_by_id(&app.db, *id).await? {
            app.reset_watchers.publish(id, Some(load_update(app, &reset).await?));
        }
    }
    Ok(changed.last().map_or(newest, |c| c.change))
}

/// Loads all changes, in several reads if necessary: a change that is not read yet must not count as unchanged.
async fn load_all_changes(app: &AppState, newest: i64) -> Result<Vec<ChangedReset>, StoreError> {
    let mut all: Vec<ChangedReset> = Vec::new();
    loop {
        let more = store::load_changed_since(&app.db, all.last().map_or(newest, |c| c.change)).await?;
        let is_last_read = more.len() < store::MAX_CHANGES_PER_READ;
        all.extend(more);
        if is_last_read {
            return Ok(all);
        }
    }
}

/// Loads the status of a reset as event streams send it.
pub(super) async fn load_update(app: &AppState, reset: &PasswordReset) -> Result<ResetUpdate, StoreError> {
    let evidence = store::load_evidence(&app.db, reset.id).await?;
    let status = serde_json::to_string(&ResetStatusResponse::new(reset, &evidence, app.now())).unwrap_or_default();
    Ok(ResetUpdate { revision: reset.revision, status: Arc::from(status) })
}
