//! Fetches a person's risk from Entra ID Protection.
//!
//! Graph accepts one Identity Protection request per second and tenant, and its HTTP 429 has no `Retry-After`
//! (<https://learn.microsoft.com/graph/throttling-limits>). All replicas therefore share one rate limit. A result is
//! cached for a minute, which covers the form and its submit.

use std::time::Duration;

use jiff::SignedDuration;

use crate::base::ObjectId;
use crate::entra::{GraphError, RiskLookup};
use crate::state::AppState;
use crate::store::RateLimit;

/// Rate limit for risk requests: slightly more than 1 second apart, because Microsoft's window and the portal's do not
/// start together.
const RISK_RATE_LIMIT: RateLimit = RateLimit { count: 1, window: SignedDuration::from_millis(1_100) };
/// Maximum time that a page waits for a risk request to start.
const RISK_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns the cached risk of the last minute, or fetches it.
pub(super) async fn cached_risk(app: &AppState, id: ObjectId) -> Result<RiskLookup, GraphError> {
    match app.risk_cache.get(&id) {
        Some(known) => Ok(known),
        None => fetch_risk(app, id).await,
    }
}

/// Fetches the risk as soon as the rate limit allows, and caches it.
pub(super) async fn fetch_risk(app: &AppState, id: ObjectId) -> Result<RiskLookup, GraphError> {
    let until = app.clock.elapsed().saturating_add(RISK_TIMEOUT);
    // An unavailable database does not block the request. Callers that need the database report it themselves.
    while let Ok(Err(refused)) = app.rate_limiter.try_acquire("graph:risk", RISK_RATE_LIMIT, app.now()).await {
        let wait = Duration::try_from(refused.retry_after).unwrap_or(RISK_TIMEOUT).max(Duration::from_millis(20));
        if app.clock.elapsed().saturating_add(wait) > until {
            return Err(GraphError::RateLimitReached);
        }
        tokio::time::sleep(wait).await;
    }
    let read = app.entra.graph.fetch_risky_user(id).await?;
    app.risk_cache.insert(id, read.clone());
    Ok(read)
}
