//! Reads from the directory audit log who registered a sign-in method.
//!
//! Reset tracking reads the same log under the same rate limit and has priority. A scan that requested the log every
//! second used up the entire limit, and no reset was found in the log (observed in a test, 2026-11-25). Each reader
//! therefore waits its turn.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::base::ObjectId;
use crate::entra::AUDIT_LOG_RATE_LIMIT;
use crate::state::AppState;
use crate::store::{RateLimit, StoreError};

/// Background task that reads the registrations. Each has its own rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MethodRegistrationReader {
    AlertScan,
    PassMonitor,
}

impl MethodRegistrationReader {
    /// Returns the name of the rate limit.
    fn limit_name(self) -> &'static str {
        match self {
            Self::AlertScan => "graph:audits:alarms",
            Self::PassMonitor => "graph:audits:passes",
        }
    }
}

/// Maximum number of log requests of one reader. With two readers, at least every third request is left for resets.
const READER_LIMIT: RateLimit = RateLimit { count: 1, window: SignedDuration::from_secs(9) };
/// Maximum number of times that a reader waits for the shared limit.
const MAX_LOG_WAITS: usize = 4;
const MAX_LOG_WAIT: Duration = Duration::from_secs(3);

/// Fetches when people registered a sign-in method in a period. The log is delayed, so recent entries may be missing.
///
/// Returns nothing if it is not the reader's turn or if Graph is unavailable. The reader asks again later.
pub(crate) async fn fetch_method_registrations(
    app: &AppState,
    reader: MethodRegistrationReader,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<(Timestamp, ObjectId)>, StoreError> {
    if !acquire_turn(app, reader).await? {
        return Ok(Vec::new());
    }
    Ok(app.entra.graph.fetch_method_registrations(from, until).await.unwrap_or_else(|error| {
        tracing::warn!(error = ?error, "sign-in method log request failed: retrying");
        Vec::new()
    }))
}

/// Waits a short time for the shared limit and returns whether the reader may read the log now.
async fn acquire_turn(app: &AppState, reader: MethodRegistrationReader) -> Result<bool, StoreError> {
    if app.rate_limiter.try_acquire(reader.limit_name(), READER_LIMIT, app.now()).await?.is_err() {
        return Ok(false);
    }
    for _ in 0..MAX_LOG_WAITS {
        let Err(refused) = app.rate_limiter.try_acquire("graph:audits", AUDIT_LOG_RATE_LIMIT, app.now()).await? else {
            return Ok(true);
        };
        tokio::select! {
            () = app.shutdown.cancelled() => return Ok(false),
            () = tokio::time::sleep(refused.retry_after.unsigned_abs().min(MAX_LOG_WAIT)) => {}
        }
    }
    Ok(false)
}
