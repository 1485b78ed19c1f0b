//! Publishes ended sessions to the event streams of this replica.
//!
//! Each process has one reader, regardless of the number of streams.

use std::time::Duration;

use super::session::load_session_expiry;
use crate::state::{AppState, SessionStatus};
use crate::store::StoreError;

/// Time between two reads, so that a revocation takes effect on every replica within 1 second.
const POLL_INTERVAL: Duration = Duration::from_millis(450);

/// Publishes ended sessions until shutdown.
pub(crate) async fn run_ended_session_watcher(app: AppState) {
    let mut seen = None;
    loop {
        match run_once(&app, seen).await {
            Ok(newest) => seen = Some(newest),
            Err(error) => tracing::warn!(error = ?error, "loading ended sessions failed: retrying"),
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
    }
}

/// Publishes sessions that ended since `seen`, and sessions whose expiry has passed. Returns the newest end.
async fn run_once(app: &AppState, seen: Option<i64>) -> Result<i64, StoreError> {
    let seen = match seen {
        Some(seen) => seen,
        None => app.sessions.load_newest_end().await?,
    };
    let (ended, newest) = app.sessions.load_ended_since(seen).await?;
    for row in &ended {
        app.session_watchers.publish(row, SessionStatus::Ended);
    }
    let now = app.now();
    for row in
        app.session_watchers.keys_where(|standing| matches!(standing, SessionStatus::ActiveUntil(at) if *at <= now))
    {
        // Another request may have extended the session in the meantime.
        let standing = load_session_expiry(app, &row).await?.map_or(SessionStatus::Ended, SessionStatus::ActiveUntil);
        app.session_watchers.publish(&row, standing);
    }
    Ok(newest)
}
