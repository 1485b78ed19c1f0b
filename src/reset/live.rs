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

use super::found::{PageCache, ResetPageRequest, allowed};
use super::reading::{PasswordReset, ResetStatusResponse};
use super::store::{self, ChangedReset};

use crate::base::{ResetId, WatchSubscription};
use crate::state::{AppState, ResetUpdate, SessionStatus};
use crate::store::{StoreError, hash_id};
use crate::web::{WebError, json_not_found};

/// Interval between two reads of the changes.
const EVERY: Duration = Duration::from_millis(450);
/// Delay after a change in this process, so that simultaneous changes are read together.
const TOGETHER: Duration = Duration::from_millis(40);

/// Loads and publishes changes until shutdown.
pub(crate) async fn read_changes(app: AppState, shown: PageCache) {
    let mut seen = None;
    loop {
        match changes(&app, &shown, seen).await {
            Ok(newest) => seen = Some(newest),
            Err(error) => tracing::warn!(error = ?error, "loading reset changes failed: retrying"),
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = app.changed.notified() => tokio::time::sleep(TOGETHER).await,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn changes(app: &AppState, shown: &PageCache, seen: Option<i64>) -> Result<i64, StoreError> {
    let asked_at = shown.begin();
    let Some(seen) = seen else { return store::newest_change(&app.db).await };
    let changed = all_changed(app, seen).await?;
    shown.caught_up(changed.iter().map(|c| c.reference.as_str()), asked_at);
    for ChangedReset { id, .. } in changed.iter().filter(|c| app.reset_watchers.is_watched(&c.id)) {
        if let Some(reset) = store::by_id(&app.db, *id).await? {
            app.reset_watchers.tell(id, Some(news(app, &reset).await?));
        }
    }
    Ok(changed.last().map_or(seen, |c| c.change))
}

/// Loads all changes, in several reads if necessary: a change that is not read yet must not count as unchanged.
async fn all_changed(app: &AppState, seen: i64) -> Result<Vec<ChangedReset>, StoreError> {
    let mut all: Vec<ChangedReset> = Vec::new();
    loop {
        let more = store::changed_since(&app.db, all.last().map_or(seen, |c| c.change)).await?;
        if more.is_empty() {
            return Ok(all);
        }
        let whole = more.len() < store::CHANGES_AT_ONCE;
        all.extend(more);
        if whole {
            return Ok(all);
        }
    }
}

async fn news(app: &AppState, reset: &PasswordReset) -> Result<ResetUpdate, StoreError> {
    let proofs = store::proofs(&app.db, reset.id).await?;
    let status = serde_json::to_string(&ResetStatusResponse::of(reset, &proofs, app.now())).unwrap_or_default();
    Ok(ResetUpdate { revision: reset.revision, status: Arc::from(status) })
}

/// `GET /resets/{reference}/events`: streams status events. The current state comes first, unless `Last-Event-ID` shows
/// that the browser has it, so a reconnecting browser misses nothing on any replica.
pub(super) async fn events(
    State(app): State<AppState>,
    asking: ResetPageRequest,
    Path(reference): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let Some((viewer, found)) = allowed(&app, asking, &reference).await? else {
        return Ok(json_not_found());
    };
    let reset = &found.reset;
    let known = headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<i64>().ok());
    let session = hash_id(&viewer.session.to_string());
    let standing = SessionStatus::Until(viewer.login.ends(&app));
    // Subscribes before reading, so that a change in between is not missed.
    let watch = StatusStream {
        session: app.session_watchers.watch(session, standing),
        news: app.reset_watchers.watch(reset.id, None),
        id: reset.id,
        sent: known.filter(|known| *known == reset.revision),
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
    news: WatchSubscription<ResetId, Option<ResetUpdate>>,
    session: WatchSubscription<String, SessionStatus>,
    id: ResetId,
    /// Revision that was sent last.
    sent: Option<i64>,
}

impl StatusStream {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut watch| async move {
            let event = watch.next().await?;
            Some((Ok(event), watch))
        })
    }

    /// Returns the next status event. `None` ends the stream: the session ended or the process is shutting down.
    async fn next(&mut self) -> Option<Event> {
        if self.sent.is_none() {
            let news = self.read().await?;
            return Some(self.send(&news));
        }
        loop {
            tokio::select! {
                () = self.app.stop.cancelled() => return None,
                standing = self.session.next() => if standing? == SessionStatus::Over { return None },
                news = self.news.next() => match news? {
                    Some(news) if self.sent < Some(news.revision) => return Some(self.send(&news)),
                    _ => {}
                },
            }
        }
    }

    /// Loads the current state, retrying until the database is available.
    async fn read(&self) -> Option<ResetUpdate> {
        loop {
            let read = async {
                let reset = store::by_id(&self.app.db, self.id).await?.ok_or(StoreError::NoRow)?;
                news(&self.app, &reset).await
            };
            match read.await {
                Ok(news) => return Some(news),
                Err(StoreError::NoRow) => return None,
                Err(error) => tracing::warn!(error = ?error, "loading a watched reset failed: retrying"),
            }
            tokio::select! {
                () = self.app.stop.cancelled() => return None,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    fn send(&mut self, news: &ResetUpdate) -> Event {
        self.sent = Some(news.revision);
        Event::default().event("status").id(news.revision.to_string()).data(&*news.status)
    }
}
