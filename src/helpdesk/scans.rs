//! The desk's scans of Microsoft's log give way to people who watch a reset. A scan that asked every second took every
//! turn there was, and nobody's reset was found (seen in a test, 2026-11-25).

use std::time::Duration;

use jiff::SignedDuration;

use crate::entra::AUDIT_LOOKS;
use crate::state::App;
use crate::store::{Limit, StoreError};

/// So often may one scan read the log: two scans leave resets at least every third turn.
const TURNS: Limit = Limit { count: 1, per: SignedDuration::from_secs(9) };
/// Whose turn it is waits for the log so many times.
const TRIES: usize = 4;
const LONGEST: Duration = Duration::from_secs(3);

/// Whether a scan may read the log now; it waits for that a little.
pub(super) async fn turn(app: &App, scan: &str) -> Result<bool, StoreError> {
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
