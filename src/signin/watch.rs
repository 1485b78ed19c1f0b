//! Publishes ended sessions to the event streams of this replica.
//!
//! Each process has one reader, regardless of the number of streams.

use std::time::Duration;

use super::session::session_ends;
use crate::state::{AppState, SessionStatus};
use crate::store::StoreError;

/// Time between two reads, so that a revocation takes effect on every replica within 1 second.
const EVERY: Duration = Duration::from_millis(450);

/// Publishes ended sessions until shutdown.
pub(crate) async fn watch_sessions(app: AppState) {
    let mut seen = None;
    loop {
        match round(&app, seen).await {
            Ok(newest) => seen = Some(newest),
            Err(error) => tracing::warn!(error = ?error, "loading ended sessions failed: retrying"),
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Publishes sessions that ended since `seen`, and sessions whose expiry has passed. Returns the newest end.
async fn round(app: &AppState, seen: Option<i64>) -> Result<i64, StoreError> {
    let seen = match seen {
        Some(seen) => seen,
        None => app.sessions.newest_end().await?,
    };
    let (ended, newest) = app.sessions.catch_up(seen).await?;
    for row in &ended {
        app.session_watchers.tell(row, SessionStatus::Over);
    }
    let now = app.now();
    for row in app.session_watchers.keys(|standing| matches!(standing, SessionStatus::Until(at) if *at <= now)) {
        // Another request may have extended the session in the meantime.
        let standing = session_ends(app, &row).await?.map_or(SessionStatus::Over, SessionStatus::Until);
        app.session_watchers.tell(&row, standing);
    }
    Ok(newest)
}
