//! Streams the status of a reset as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};

use super::access::{ResetPageRequest, load_visible_reset};
use crate::base::{ResetId, WatchSubscription};
use crate::reset::change_feed::{POLL_INTERVAL, load_update};
use crate::reset::store;
use crate::state::{AppState, ResetUpdate, SessionStatus};
use crate::store::{StoreError, hash_id};
use crate::web::{WebError, json_not_found};

/// `GET /resets/{reference}/events`: streams status events. The current state comes first, unless `Last-Event-ID` shows
/// that the browser has it, so a reconnecting browser misses nothing on any replica.
pub(super) async fn stream_events(
    State(app): State<AppState>,
    request: ResetPageRequest,
    Path(reference): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let Some((viewer, found)) = load_visible_reset(&app, request, &reference).await? else {
        return Ok(json_not_found());
    };
    let reset = &found.reset;
    let known = headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<i64>().ok());
    let session = hash_id(&viewer.session.to_string());
    let status = SessionStatus::ActiveUntil(viewer.login.expires_at(&app));
    // Subscribes before reading, so that a change in between is not missed.
    let watch = StatusStream {
        session: app.session_watchers.subscribe(session, status),
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
            let update = self.load_current().await?;
            return Some(self.build_event(&update));
        }
        loop {
            tokio::select! {
                () = self.app.shutdown.cancelled() => return None,
                status = self.session.next_value() => if status? == SessionStatus::Ended { return None },
                update = self.updates.next_value() => match update? {
                    Some(update) if self.sent_revision < Some(update.revision) => {
                        return Some(self.build_event(&update));
                    }
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
                Ok(update) => return Some(update),
                Err(StoreError::RowNotFound) => return None,
                Err(error) => tracing::warn!(error = ?error, "loading a watched reset failed: retrying"),
            }
            tokio::select! {
                () = self.app.shutdown.cancelled() => return None,
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    fn build_event(&mut self, update: &ResetUpdate) -> Event {
        self.sent_revision = Some(update.revision);
        Event::default().event("status").id(update.revision.to_string()).data(&*update.status)
    }
}
