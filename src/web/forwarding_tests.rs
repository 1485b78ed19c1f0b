//! Headers as proxies and attackers write them.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::*;

const KNOWN_CLIENT: &str = "203.0.113.9";
const TRUSTED_PROXIES: [&str; 3] = ["10.0.0.2/32", "10.0.0.3/32", "2001:db8:ffff::/48"];

/// Request as it reaches the portal.
struct ForwardedRequest {
    peer: &'static str,
    /// Lines of the headers, in their order.
    lines: &'static [(&'static str, &'static str)],
}

impl ForwardedRequest {
    fn resolve(&self, accepted: ForwardedHeader) -> ClientOrigin {
        let mut headers = HeaderMap::new();
        for (name, value) in self.lines {
            let name = if *name == "xff" { X_FORWARDED_FOR } else { HeaderName::from_static(name) };
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let trusted: [IpNet; 3] = TRUSTED_PROXIES.map(|network| network.parse().unwrap());
        resolve_client_origin(self.peer.parse().unwrap(), &headers, &trusted, accepted)
    }
}

fn known(address: &str) -> ClientOrigin {
    ClientOrigin::Known(address.parse().unwrap())
}

fn unreadable(proxy: &str) -> ClientOrigin {
    ClientOrigin::Unreadable { proxy: proxy.parse().unwrap() }
}

/// Asserts what requests of this peer resolve to, with whichever header is present.
fn assert_origins(peer: &'static str, cases: &[(&'static [(&'static str, &'static str)], ClientOrigin)]) {
    for (lines, expected) in cases {
        let request = ForwardedRequest { peer, lines };
        assert_eq!(request.resolve(ForwardedHeader::Either), *expected, "{peer} {lines:?}");
    }
}

#[test]
fn client_of_each_proxy_is_known() {
    assert_origins(
        "10.0.0.2",
        &[
            // Azure Application Gateway: with the port, IPv6 in brackets.
            (&[("xff", "203.0.113.9:51234")], known(KNOWN_CLIENT)),
            (&[("xff", "[2001:db8::9]:51234")], known("2001:db8::9")),
            // nginx ($proxy_add_x_forwarded_for), Caddy: no port, no brackets.
            (&[("xff", "203.0.113.9")], known(KNOWN_CLIENT)),
            (&[("xff", "2001:db8::9")], known("2001:db8::9")),
            // A proxy that listens on `[::]`.
            (&[("xff", "::ffff:203.0.113.9")], known(KNOWN_CLIENT)),
            (&[("xff", "[::ffff:203.0.113.9]:443")], known(KNOWN_CLIENT)),
            // HAProxy (option forwarded), and the examples of RFC 7239.
            (&[("forwarded", "proto=http;for=203.0.113.9")], known(KNOWN_CLIENT)),
            (&[("forwarded", "For=\"203.0.113.9:47011\";by=\"10.0.0.2:80\"")], known(KNOWN_CLIENT)),
            (&[("forwarded", "for=\"[2001:db8:cafe::17]:4711\"")], known("2001:db8:cafe::17")),
            (&[("forwarded", "for=\"203.0.113.9:_port1\"")], known(KNOWN_CLIENT)),
            (&[("forwarded", "for=192.0.2.43, for=203.0.113.9;host=\"a,b;c\\\"d\"")], known(KNOWN_CLIENT)),
            // Both headers that agree.
            (&[("xff", "203.0.113.9"), ("forwarded", "for=\"203.0.113.9:1\"")], known(KNOWN_CLIENT)),
        ],
    );
    assert_origins("::ffff:10.0.0.2", &[(&[("xff", "203.0.113.9")], known(KNOWN_CLIENT))]);
}

#[test]
fn client_behind_two_proxies_is_known() {
    assert_origins(
        "10.0.0.3",
        &[
            // Front Door names the client, Application Gateway names Front Door.
            (&[("xff", "203.0.113.9, [2001:db8:ffff::1]:40000")], known(KNOWN_CLIENT)),
            (&[("xff", "203.0.113.9, 10.0.0.2:40000")], known(KNOWN_CLIENT)),
            (&[("xff", "203.0.113.9"), ("xff", "10.0.0.2")], known(KNOWN_CLIENT)),
            (&[("forwarded", "for=203.0.113.9,for=10.0.0.2")], known(KNOWN_CLIENT)),
            // The second proxy names one that is not trusted.
            (&[("xff", "203.0.113.9, 10.0.0.99")], known("10.0.0.99")),
            // All are trusted: the request began at a proxy.
            (&[("xff", "10.0.0.2")], known("10.0.0.2")),
        ],
    );
}

#[test]
fn what_the_client_wrote_is_not_read() {
    assert_origins(
        "10.0.0.2",
        &[
            (&[("xff", "10.20.3.4, 203.0.113.9")], known(KNOWN_CLIENT)),
            (&[("xff", "10.20.3.4, 10.0.0.3, 203.0.113.9:1")], known(KNOWN_CLIENT)),
            (&[("xff", "unknown, \", 203.0.113.9")], known(KNOWN_CLIENT)),
            (&[("xff", "10.20.3.4"), ("xff", "203.0.113.9")], known(KNOWN_CLIENT)),
            (&[("forwarded", "for=10.20.3.4, for=203.0.113.9")], known(KNOWN_CLIENT)),
            (&[("forwarded", "for=\"10.20.3.4"), ("forwarded", "for=203.0.113.9")], known(KNOWN_CLIENT)),
            (&[("forwarded", "nonsense, for=203.0.113.9")], known(KNOWN_CLIENT)),
        ],
    );
    assert_origins(
        "203.0.113.9",
        &[
            (&[], known(KNOWN_CLIENT)),
            (&[("xff", "10.20.3.4")], known(KNOWN_CLIENT)),
            (&[("forwarded", "for=10.20.3.4")], known(KNOWN_CLIENT)),
            (&[("xff", "unknown")], known(KNOWN_CLIENT)),
        ],
    );
}

#[test]
fn unreadable_hop_is_no_address() {
    assert_origins(
        "10.0.0.2",
        &[
            (&[], unreadable("10.0.0.2")),
            (&[("xff", "")], unreadable("10.0.0.2")),
            (&[("xff", "unknown")], unreadable("10.0.0.2")),
            (&[("xff", "nonsense")], unreadable("10.0.0.2")),
            (&[("xff", "10.20.3.4, unknown")], unreadable("10.0.0.2")),
            (&[("xff", "10.20.3.4, ")], unreadable("10.0.0.2")),
            (&[("xff", "10.20.3.4,,10.0.0.3")], unreadable("10.0.0.3")),
            (&[("xff", "unix:")], unreadable("10.0.0.2")),
            (&[("xff", "203.0.113.9:")], unreadable("10.0.0.2")),
            (&[("xff", "203.0.113.9:http")], unreadable("10.0.0.2")),
            (&[("xff", "203.0.113.9:512345")], unreadable("10.0.0.2")),
            (&[("xff", "203.0.113.09")], unreadable("10.0.0.2")),
            (&[("xff", "[203.0.113.9]:1")], unreadable("10.0.0.2")),
            (&[("xff", "[2001:db8::9")], unreadable("10.0.0.2")),
            (&[("xff", "[2001:db8::9]51234")], unreadable("10.0.0.2")),
            (&[("xff", "fe80::1%eth0")], unreadable("10.0.0.2")),
            (&[("xff", "10.20.3.4, \u{e4}")], unreadable("10.0.0.2")),
            (&[("xff", "10.20.3.4"), ("xff", "\u{e4}")], unreadable("10.0.0.2")),
            (&[("xff", "unknown, 10.0.0.3")], unreadable("10.0.0.3")),
            (&[("forwarded", "")], unreadable("10.0.0.2")),
            (&[("forwarded", "for=unknown")], unreadable("10.0.0.2")),
            (&[("forwarded", "for=_hidden, for=_SEVKISEK")], unreadable("10.0.0.2")),
            (&[("forwarded", "for=10.20.3.4, proto=https")], unreadable("10.0.0.2")),
            (&[("forwarded", "for=10.20.3.4;for=10.20.3.5")], unreadable("10.0.0.2")),
            (&[("forwarded", "for=10.20.3.4;nonsense")], unreadable("10.0.0.2")),
        ],
    );
}

#[test]
fn attacker_cannot_choose_between_two_headers() {
    assert_origins(
        "10.0.0.2",
        &[
            // The proxy rewrites one header and passes on the other.
            (&[("xff", "203.0.113.9"), ("forwarded", "for=10.20.3.4")], unreadable("10.0.0.2")),
            (&[("forwarded", "for=203.0.113.9"), ("xff", "10.20.3.4")], unreadable("10.0.0.2")),
            (&[("xff", "203.0.113.9"), ("forwarded", "for=_hidden")], unreadable("10.0.0.2")),
            (&[("xff", "203.0.113.9"), ("forwarded", "for=10.0.0.2")], unreadable("10.0.0.2")),
        ],
    );
    let both = ForwardedRequest { peer: "10.0.0.2", lines: &[("xff", "203.0.113.9"), ("forwarded", "for=10.20.3.4")] };
    assert_eq!(both.resolve(ForwardedHeader::XForwardedFor), known(KNOWN_CLIENT));
    assert_eq!(both.resolve(ForwardedHeader::Forwarded), known("10.20.3.4"));
    let one = ForwardedRequest { peer: "10.0.0.2", lines: &[("xff", "203.0.113.9")] };
    assert_eq!(one.resolve(ForwardedHeader::Forwarded), unreadable("10.0.0.2"));
}

#[test]
fn quotation_mark_cannot_hide_what_a_proxy_appends() {
    let openings =
        ["for=10.20.3.4;x=\"", "for=\"10.20.3.4", "for=10.20.3.4;x=\"\\", "for=10.20.3.4\"", "\"", "\"\\\"\""];
    let appended = [
        ", for=203.0.113.9",
        ", for=\"203.0.113.9:1\"",
        ", for=203.0.113.9;by=\"10.0.0.2:80\"",
        ", for=\"203.0.113.9:1\";by=\"10.0.0.2:80\"",
    ];
    for opening in openings {
        for proxy in appended {
            let mut headers = HeaderMap::new();
            headers.append(header::FORWARDED, format!("{opening}{proxy}").parse().unwrap());
            let trusted: [IpNet; 1] = ["10.0.0.2/32".parse().unwrap()];
            let peer = "10.0.0.2".parse().unwrap();
            let origin = resolve_client_origin(peer, &headers, &trusted, ForwardedHeader::Either);
            let is_safe = [known(KNOWN_CLIENT), unreadable("10.0.0.2")].contains(&origin);
            assert!(is_safe, "{opening}{proxy}: {origin:?}");
        }
    }
}
