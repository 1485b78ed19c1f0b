//! Detects a proxy that is missing in `server.trusted_proxies`: rate limits then count everyone as one address, and
//! staff networks see the proxy's address.
//!
//! - Any replica can receive such a request, so each stores the proxy's address for the one that monitors.
//! - The issue ends when the proxy is trusted, or after a day without such a request. A shorter time would let anyone
//!   who can reach the portal's port open the issue, and send its mail, many times a day.

use std::net::IpAddr;

use jiff::SignedDuration;

use crate::health::{HealthCheckResult, load_tenant_fact, save_tenant_fact};
use crate::state::AppState;
use crate::store::StoreError;

/// Name of the fact with the address of the latest untrusted proxy.
const UNTRUSTED_PROXY_FACT: &str = "untrusted_proxy";
/// Minimum time between two writes of the fact, because a proxy forwards every request.
const STORE_INTERVAL: SignedDuration = SignedDuration::from_mins(10);
/// Time without a request of the proxy after which the issue ends.
const ISSUE_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Stores the untrusted proxy that this replica has seen since the last call.
pub(super) async fn store_untrusted_proxy(app: &AppState) -> Result<(), StoreError> {
    let Some(proxy) = app.proxy_sightings.take_untrusted_proxy() else { return Ok(()) };
    let now = app.now();
    let stored = load_tenant_fact(&app.db, UNTRUSTED_PROXY_FACT).await?;
    if stored.is_some_and(|(_, at)| at <= now && now.duration_since(at) < STORE_INTERVAL) {
        return Ok(());
    }
    save_tenant_fact(&app.db, UNTRUSTED_PROXY_FACT, &proxy.to_string(), now).await
}

/// Checks whether a proxy that is still untrusted has forwarded requests.
pub(super) async fn check_proxy_trust(app: &AppState) -> Result<HealthCheckResult, StoreError> {
    let Some((text, at)) = load_tenant_fact(&app.db, UNTRUSTED_PROXY_FACT).await? else {
        return Ok(HealthCheckResult::Healthy);
    };
    let is_trusted = text.parse::<IpAddr>().is_ok_and(|proxy| app.config.server.is_trusted_proxy(proxy));
    let is_over = app.now().duration_since(at) >= ISSUE_LIFETIME;
    Ok(if is_trusted || is_over { HealthCheckResult::Healthy } else { HealthCheckResult::Unhealthy(text) })
}
