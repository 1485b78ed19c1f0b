//! Ends of sessions, as every replica hears of them: one reader per process, however many streams hang on a session.

use std::time::Duration;

use super::session::session_ends;
use crate::state::{App, Standing};
use crate::store::StoreError;

/// Ends are read so often: a revocation is seen everywhere within a second.
const EVERY: Duration = Duration::from_millis(450);

/// Reads of ends until the process stops.
pub(crate) async fn watch_sessions(app: App) {
    let mut seen = None;
    loop {
        match round(&app, seen).await {
            Ok(newest) => seen = Some(newest),
            Err(error) => tracing::warn!(cause = ?error, "ended sessions cannot be read"),
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn round(app: &App, seen: Option<i64>) -> Result<i64, StoreError> {
    let seen = match seen {
        Some(seen) => seen,
        None => app.sessions.newest_end().await?,
    };
    let (ended, newest) = app.sessions.catch_up(seen).await?;
    for row in &ended {
        app.session_watchers.tell(row, Standing::Over);
    }
    let now = app.now();
    for row in app.session_watchers.keys(|standing| matches!(standing, Standing::Until(at) if *at <= now)) {
        // Another request may have kept it alive meanwhile.
        let standing = session_ends(app, &row).await?.map_or(Standing::Over, Standing::Until);
        app.session_watchers.tell(&row, standing);
    }
    Ok(newest)
}
