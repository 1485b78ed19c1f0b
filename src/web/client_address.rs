//! Determines the client's address for rate limits, staff networks and audit.
//!
//! - Forwarding headers count only behind a trusted proxy (`web::forwarding`).
//! - A client whose address cannot be read is in no network. All such clients of one proxy share one rate limit, which
//!   is not the limit of any address. What the header says is no part of the key, because a client could vary it.
//! - An IPv6 address counts by its /64, which is one household or one server.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use ipnet::{IpNet, Ipv6Net};
use jiff::SignedDuration;

use super::error::WebError;
use super::forwarding::{ClientOrigin, X_FORWARDED_FOR, resolve_client_origin};
use crate::base::{SightingNovelty, contains_address};
use crate::state::AppState;
use crate::store::RateLimit;

/// Address of the client as rate limits and audit log use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) String);

impl ClientAddress {
    /// Counts a request of one kind against the limit per address and minute.
    pub(crate) async fn check_rate_limit(&self, app: &AppState, kind: &str) -> Result<(), WebError> {
        let limit = RateLimit { count: app.config.reset.per_address_minute, window: SignedDuration::from_mins(1) };
        let taken = app.rate_limiter.try_acquire(&format!("{kind}:{}", self.0), limit, app.now()).await?;
        taken.map_err(|refused| WebError::RateLimited(refused.retry_after))
    }
}

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        Ok(Self(client_origin(parts, app).map_or_else(|| "unknown".to_owned(), origin_key)))
    }
}

/// Returns whether the client is in one of these networks. A client whose address cannot be read is in none.
pub(crate) fn is_client_in_networks(parts: &Parts, app: &AppState, networks: &[IpNet]) -> bool {
    match client_origin(parts, app) {
        Some(ClientOrigin::Known(address)) => contains_address(networks, address),
        Some(ClientOrigin::Unreadable { .. }) | None => false,
    }
}

/// Resolves the client of a request. Returns `None` if the request came over no connection, as in a test.
fn client_origin(parts: &Parts, app: &AppState) -> Option<ClientOrigin> {
    let server = &app.config.server;
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
    let origin = resolve_client_origin(peer, &parts.headers, &server.trusted_proxies, server.forwarded_header);
    match origin {
        ClientOrigin::Unreadable { proxy } => log_unreadable_hop(app, proxy),
        ClientOrigin::Known(_) if is_forwarded(parts) && !server.is_trusted_proxy(peer) => {
            record_ignored_header(app, peer);
        }
        ClientOrigin::Known(_) => {}
    }
    Some(origin)
}

fn is_forwarded(parts: &Parts) -> bool {
    parts.headers.contains_key(X_FORWARDED_FOR) || parts.headers.contains_key(header::FORWARDED)
}

/// Logs the first ignored header of this process, and reports its sender to the health monitor if it must be a proxy.
/// The address of anyone else may be a person's and is not logged.
fn record_ignored_header(app: &AppState, peer: IpAddr) {
    let proxy = app.config.server.is_probably_proxy(peer).then_some(peer);
    if let Some(proxy) = proxy {
        app.proxy_sightings.record_untrusted_proxy(proxy);
    }
    if app.proxy_sightings.record_ignored_header() == SightingNovelty::First {
        tracing::warn!(
            proxy = proxy.map(tracing::field::display),
            "forwarding header ignored: the sender is not in server.trusted_proxies"
        );
    }
}

/// Logs the first unreadable hop of this process.
fn log_unreadable_hop(app: &AppState, proxy: IpAddr) {
    if app.proxy_sightings.record_unreadable_hop() == SightingNovelty::First {
        tracing::warn!(%proxy, "client address unreadable: the client is in no staff network");
    }
}

/// Returns the key of a client in rate limits and audit log.
fn origin_key(origin: ClientOrigin) -> String {
    match origin {
        ClientOrigin::Known(address) => limit_key(address),
        ClientOrigin::Unreadable { proxy } => format!("unreadable via {}", limit_key(proxy)),
    }
}

/// Returns the key of an address in rate limits: an IPv6 address is replaced by its /64.
pub(crate) fn limit_key(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => Ipv6Net::new(ip, 64).map_or_else(|_| ip.to_string(), |net| net.trunc().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(address: &str) -> String {
        origin_key(ClientOrigin::Known(address.parse().unwrap()))
    }

    #[test]
    fn ipv6_addresses_in_one_prefix_share_a_limit() {
        assert_eq!(key_of("2001:db8:1:2:aaaa::1"), key_of("2001:db8:1:2:bbbb::2"));
        assert_eq!(key_of("::ffff:203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn unreadable_clients_share_a_limit_that_no_address_has() {
        let unreadable = |proxy: &str| origin_key(ClientOrigin::Unreadable { proxy: proxy.parse().unwrap() });
        assert_eq!(unreadable("10.0.0.2"), "unreadable via 10.0.0.2");
        assert_ne!(unreadable("10.0.0.2"), key_of("10.0.0.2"));
        assert_ne!(unreadable("10.0.0.2"), unreadable("10.0.0.3"));
    }
}
