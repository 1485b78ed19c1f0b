//! Rate limits background scans of the directory audit log, so that reset tracking has priority.
//!
//! Both use the same limit. A scan that requested the log every second used up the whole limit, and no reset was found
//! in the log (observed in a test, 2026-11-25).

use std::time::Duration;

use jiff::SignedDuration;

use crate::entra::AUDIT_LOOKS;
use crate::state::AppState;
use crate::store::{RateLimit, StoreError};

/// Maximum number of log requests of one scan. With two scans, at least every third request is left for resets.
const TURNS: RateLimit = RateLimit { count: 1, per: SignedDuration::from_secs(9) };
/// Maximum number of times that a scan waits for the shared limit.
const TRIES: usize = 4;
const LONGEST: Duration = Duration::from_secs(3);

/// Waits a short time for the shared limit and returns whether the scan may read the log now.
pub(super) async fn turn(app: &AppState, scan: &str) -> Result<bool, StoreError> {
    if app.limits.take(&format!("graph:audits:{scan}"), TURNS, app.now()).await?.is_err() {
        return Ok(false);
    }
    for _ in 0..TRIES {
        let Err(refused) = app.limits.take("graph:audits", AUDIT_LOOKS, app.now()).await? else { return Ok(true) };
        tokio::select! {
            () = app.stop.cancelled() => return Ok(false),
            () = tokio::time::sleep(refused.wait.unsigned_abs().min(LONGEST)) => {}
        }
    }
    Ok(false)
}
