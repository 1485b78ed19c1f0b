//! Streams the status of resets as server-sent events.
//!
//! One change feed per process loads changed rows twice a second, and at once after a change of its own process. It
//! loads each watched row once and publishes it to all subscribers. It also invalidates cached pages.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};

use super::found::{PageCache, ResetPageRequest, load_visible_reset};
use super::record::{PasswordReset, ResetStatusResponse};
use super::store::{self, ChangedReset};

use crate::base::{ResetId, WatchSubscription};
use crate::state::{AppState, ResetUpdate, SessionStatus};
use crate::store::{StoreError, hash_id};
use crate::web::{WebError, json_not_found};

/// Interval between two reads of the changes.
const POLL_INTERVAL: Duration = Duration::from_millis(450);
/// Delay after a change in this process, so that simultaneous changes are read together.
const BATCH_DELAY: Duration = Duration::from_millis(40);

/// Loads and publishes changes until shutdown.
pub(crate) async fn run_change_feed(app: AppState, shown: PageCache) {
    let mut seen = None;
    loop {
        match publish_changes(&app, &shown, seen).await {
            Ok(newest) => seen = Some(newest),
            Err(error) => tracing::warn!(error = ?error, "loading reset changes failed: retrying"),
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = app.reset_changed.notified() => tokio::time::sleep(BATCH_DELAY).await,
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
    }
}

async fn publish_changes(app: &AppState, shown: &PageCache, seen: Option<i64>) -> Result<i64, StoreError> {
    let asked_at = shown.read_started();
    let Some(seen) = seen else { return store::load_newest_change(&app.db).await };
    let changed = load_all_changes(app, seen).await?;
    shown.apply_changes(changed.iter().map(|c| c.reference.as_str()), asked_at);
    for ChangedReset { id, .. } in changed.iter().filter(|c| app.reset_watchers.has_subscribers(&c.id)) {
        if let Some(reset) = store::load_by_id(&app.db, *id).await? {
            app.reset_watchers.publish(id, Some(load_update(app, &reset).await?));
        }
    }
    Ok(changed.last().map_or(seen, |c| c.change))
}

/// Loads all changes, in several reads if necessary: a change that is not read yet must not count as unchanged.
async fn load_all_changes(app: &AppState, seen: i64) -> Result<Vec<ChangedReset>, StoreError> {
    let mut all: Vec<ChangedReset> = Vec::new();
    loop {
        let more = store::load_changed_since(&app.db, all.last().map_or(seen, |c| c.change)).await?;
        if more.is_empty() {
            return Ok(all);
        }
        let whole = more.len() < store::MAX_CHANGES_PER_READ;
        all.extend(more);
        if whole {
            return Ok(all);
        }
    }
}

async fn load_update(app: &AppState, reset: &PasswordReset) -> Result<ResetUpdate, StoreError> {
    let proofs = store::load_evidence(&app.db, reset.id).await?;
    let status = serde_json::to_string(&ResetStatusResponse::new(reset, &proofs, app.now())).unwrap_or_default();
    Ok(ResetUpdate { revision: reset.revision, status: Arc::from(status) })
}

/// `GET /resets/{reference}/events`: streams status events. The current state comes first, unless `Last-Event-ID` shows
/// that the browser has it, so a reconnecting browser misses nothing on any replica.
pub(super) async fn stream_events(
    State(app): State<AppState>,
    asking: ResetPageRequest,
    Path(reference): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let Some((viewer, found)) = load_visible_reset(&app, asking, &reference).await? else {
        return Ok(json_not_found());
    };
    let reset = &found.reset;
    let known = headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<i64>().ok());
    let session = hash_id(&viewer.session.to_string());
    let standing = SessionStatus::ActiveUntil(viewer.login.expires_at(&app));
    // Subscribes before reading, so that a change in between is not missed.
    let watch = StatusStream {
        session: app.session_watchers.subscribe(session, standing),
        updates: app.reset_watchers.subscribe(reset.id, None),
        reset_id: reset.id,
        sent_revision: known.filter(|known| *known == reset.revision),
        app,
    };
    let stream = Sse::new(watch.into_stream()).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    let mut response = stream.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Disables buffering in proxies, which would delay events.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// Event stream of one reset for one session.
struct StatusStream {
    app: AppState,
    updates: WatchSubscription<ResetId, Option<ResetUpdate>>,
    session: WatchSubscription<String, SessionStatus>,
    reset_id: ResetId,
    /// Revision that was sent last.
    sent_revision: Option<i64>,
}

impl StatusStream {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut watch| async move {
            let event = watch.next_event().await?;
            Some((Ok(event), watch))
        })
    }

    /// Returns the next status event. `None` ends the stream: the session ended or the process is shutting down.
    async fn next_event(&mut self) -> Option<Event> {
        if self.sent_revision.is_none() {
            let news = self.load_current().await?;
            return Some(self.build_event(&news));
        }
        loop {
            tokio::select! {
                () = self.app.shutdown.cancelled() => return None,
                standing = self.session.next_value() => if standing? == SessionStatus::Ended { return None },
                news = self.updates.next_value() => match news? {
                    Some(news) if self.sent_revision < Some(news.revision) => return Some(self.build_event(&news)),
                    _ => {}
                },
            }
        }
    }

    /// Loads the current state, retrying until the database is available.
    async fn load_current(&self) -> Option<ResetUpdate> {
        loop {
            let read = async {
                let reset = store::load_by_id(&self.app.db, self.reset_id).await?.ok_or(StoreError::RowNotFound)?;
                load_update(&self.app, &reset).await
            };
            match read.await {
                Ok(news) => return Some(news),
                Err(StoreError::RowNotFound) => return None,
                Err(error) => tracing::warn!(error = ?error, "loading a watched reset failed: retrying"),
            }
            tokio::select! {
                () = self.app.shutdown.cancelled() => return None,
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    fn build_event(&mut self, news: &ResetUpdate) -> Event {
        self.sent_revision = Some(news.revision);
        Event::default().event("status").id(news.revision.to_string()).data(&*news.status)
    }
}
