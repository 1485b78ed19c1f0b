//! Determines the client's address for rate limits and audit.
//!
//! - `X-Forwarded-For` counts only behind a trusted proxy.
//! - An IPv6 address counts by its /64, which is one household or one server.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::{IpNet, Ipv6Net};
use jiff::SignedDuration;

use super::error::WebError;
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
        Ok(Self(client_ip(parts, app).map_or_else(|| "unknown".to_owned(), limit_key)))
    }
}

/// Returns the client's full address, for comparison with lists of networks.
pub(crate) fn client_ip(parts: &Parts, app: &AppState) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
    Some(resolve_client_ip(peer, &parts.headers, &app.config.server.trusted_proxies).to_canonical())
}

/// Walks `X-Forwarded-For` from the right, past trusted proxies, to the first address that is not a trusted proxy.
fn resolve_client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let mut current = peer;
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok()).collect();
    let hops: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).map(str::trim).collect();
    for hop in hops.into_iter().rev() {
        if !is_trusted(&current) {
            break;
        }
        let Ok(ip) = hop.parse() else { break };
        current = ip;
    }
    current
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

    fn limit_key_of(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        let trusted: Vec<IpNet> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        limit_key(resolve_client_ip(peer.parse().unwrap(), &headers, &trusted))
    }

    #[test]
    fn forwarded_header_counts_only_behind_trusted_proxy() {
        assert_eq!(limit_key_of("203.0.113.9", "198.51.100.1", &[]), "203.0.113.9");
        assert_eq!(limit_key_of("10.0.0.2", "198.51.100.1", &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(
            limit_key_of("10.0.0.2", "6.6.6.6, 198.51.100.1, 10.0.0.3", &["10.0.0.0/8"]),
            "198.51.100.1",
            "what the client wrote itself is passed over"
        );
        assert_eq!(limit_key_of("10.0.0.2", "nonsense", &["10.0.0.0/8"]), "10.0.0.2");
    }

    #[test]
    fn ipv6_addresses_in_one_prefix_share_a_limit() {
        assert_eq!(limit_key_of("2001:db8:1:2:aaaa::1", "", &[]), limit_key_of("2001:db8:1:2:bbbb::2", "", &[]));
        assert_eq!(limit_key_of("::ffff:203.0.113.9", "", &[]), "203.0.113.9");
    }
}
