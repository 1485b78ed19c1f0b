//! Rate limits background scans of the directory audit log, so that reset tracking has priority.
//!
//! Both use the same limit. A scan that requested the log every second used up the whole limit, and no reset was found
//! in the log (observed in a test, 2026-11-25).

use std::time::Duration;

use jiff::SignedDuration;

use crate::entra::AUDIT_LOG_RATE_LIMIT;
use crate::state::AppState;
use crate::store::{RateLimit, StoreError};

/// Maximum number of log requests of one scan. With two scans, at least every third request is left for resets.
const SCAN_LIMIT: RateLimit = RateLimit { count: 1, window: SignedDuration::from_secs(9) };
/// Maximum number of times that a scan waits for the shared limit.
const MAX_LOG_WAITS: usize = 4;
const MAX_LOG_WAIT: Duration = Duration::from_secs(3);

/// Waits a short time for the shared limit and returns whether the scan may read the log now.
pub(crate) async fn acquire_scan_turn(app: &AppState, scan: &str) -> Result<bool, StoreError> {
    if app.rate_limiter.try_acquire(&format!("graph:audits:{scan}"), SCAN_LIMIT, app.now()).await?.is_err() {
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
