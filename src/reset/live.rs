//! Live status by server-sent events. One reader per process asks for changed rows once a second and fans out,
//! however many people watch.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use tokio::sync::broadcast;

use super::reading::{Reset, Status};
use super::{store, timeline};
use crate::base::ResetId;
use crate::signin::{Viewer, session_alive};
use crate::state::App;
use crate::store::StoreError;
use crate::web::{Error, json_not_found};

const EVERY: Duration = Duration::from_secs(1);

/// Reads what changed, once a second, until the process stops.
pub(crate) async fn read_changes(app: App) {
    let mut seen = None;
    loop {
        match changes(&app, seen).await {
            Ok(newest) => seen = Some(newest),
            Err(error) => tracing::warn!(cause = ?error, "changed resets cannot be read"),
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn changes(app: &App, seen: Option<i64>) -> Result<i64, StoreError> {
    let Some(seen) = seen else { return store::newest_change(&app.db).await };
    let changed = store::changed_since(&app.db, seen).await?;
    for (id, _) in &changed {
        // Nobody listening is no error.
        let _ = app.changes.send(*id);
    }
    Ok(changed.last().map_or(seen, |(_, change)| *change))
}

/// `GET /resets/{reference}/events`. The current state comes first, so a reconnecting browser misses nothing.
pub(super) async fn events(
    State(app): State<App>,
    viewer: Option<Viewer>,
    Path(reference): Path<String>,
) -> Result<Response, Error> {
    let Some((viewer, reset)) = timeline::allowed(&app, viewer, &reference).await? else { return Ok(json_not_found()) };
    let watch = Watch { changes: app.changes.subscribe(), id: reset.id, session: viewer.session, app, sent: None };
    let stream = Sse::new(watch.into_stream()).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    let mut response = stream.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that collect an answer before they pass it on would make live dead.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

struct Watch {
    app: App,
    changes: broadcast::Receiver<ResetId>,
    id: ResetId,
    session: tower_sessions::session::Id,
    /// The revision that was sent last.
    sent: Option<i64>,
}

impl Watch {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut watch| async move {
            let event = watch.next().await?;
            Some((Ok(event), watch))
        })
    }

    /// The next status; `None` ends the stream: signed out, stopped, or nothing more can come.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.sent.is_some() {
                self.wait().await?;
            }
            let reset = match store::by_id(&self.app.db, self.id).await {
                Ok(found) => found?,
                Err(error) => {
                    tracing::warn!(cause = ?error, "a watched reset cannot be read");
                    tokio::time::sleep(EVERY).await;
                    continue;
                }
            };
            if self.sent != Some(reset.revision) {
                let event = self.event(&reset).await?;
                self.sent = Some(reset.revision);
                return Some(event);
            }
        }
    }

    /// Until this reset changes; meanwhile the session is looked at once a second.
    async fn wait(&mut self) -> Option<()> {
        let mut look = tokio::time::interval(EVERY);
        look.tick().await;
        loop {
            tokio::select! {
                () = self.app.stop.cancelled() => return None,
                changed = self.changes.recv() => match changed {
                    Ok(id) if id == self.id => return Some(()),
                    // Fell behind: whether it was ours is seen by looking.
                    Err(broadcast::error::RecvError::Lagged(_)) => return Some(()),
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                _ = look.tick() => {
                    if !session_alive(&self.app, self.session).await.unwrap_or(true) {
                        return None;
                    }
                }
            }
        }
    }

    async fn event(&self, reset: &Reset) -> Option<Event> {
        let proofs = store::proofs(&self.app.db, self.id).await.unwrap_or_default();
        let status = Status::of(reset, &proofs, self.app.now());
        Event::default().event("status").id(reset.revision.to_string()).json_data(status).ok()
    }
}
