//! Answers questions about `[server]`: which peers are trusted proxies, and what must stand between clients and the
//! portal.

use std::net::IpAddr;

use serde::Deserialize;

use super::ServerConfig;
use crate::base::{contains_address, contains_every_address, is_private_address};

/// Header in which trusted proxies name the client (`server.forwarded_header`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// Whichever is present. If both are present and name different clients, the client is unknown: one of them was
    /// written by the client and passed on by a proxy that rewrites only the other.
    #[default]
    Either,
    /// `X-Forwarded-For` only; `Forwarded` is ignored.
    XForwardedFor,
    /// `Forwarded` (RFC 7239) only; `X-Forwarded-For` is ignored.
    Forwarded,
}

impl ServerConfig {
    /// Returns whether a peer is a trusted proxy.
    pub(crate) fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        contains_address(&self.trusted_proxies, peer)
    }

    /// Returns whether something in front of the portal must end TLS: people use https, and the portal serves http.
    pub(crate) fn is_behind_tls_proxy(&self) -> bool {
        self.public_url.scheme() == "https" && self.tls_cert.is_none()
    }

    /// Returns whether a peer that sends forwarding headers is a proxy. Anyone on the internet can send them to a portal
    /// that ends TLS itself, so only peers of private networks count there.
    pub(crate) fn is_probably_proxy(&self, peer: IpAddr) -> bool {
        self.is_behind_tls_proxy() || is_private_address(peer)
    }

    /// Returns whether passwords reach the portal over the network without TLS.
    pub(crate) fn receives_clear_text(&self) -> bool {
        self.tls_cert.is_none() && !self.listen.ip().to_canonical().is_loopback()
    }

    /// Returns whether a proxy must be in front of the portal, and none is trusted.
    pub(crate) fn lacks_trusted_proxies(&self) -> bool {
        self.is_behind_tls_proxy() && self.trusted_proxies.is_empty()
    }

    /// Returns whether every address is trusted, so that each client chooses its own address.
    pub(crate) fn trusts_everyone(&self) -> bool {
        contains_every_address(&self.trusted_proxies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(lines: &str) -> ServerConfig {
        let source = config::File::from_str(lines, config::FileFormat::Toml);
        config::Config::builder().add_source(source).build().unwrap().try_deserialize().unwrap()
    }

    #[test]
    fn listener_without_tls_receives_clear_text_unless_on_loopback() {
        let tls = "tls_cert = \"c.pem\"\ntls_key = \"k.pem\"";
        for (listen, more, is_clear) in [
            ("127.0.0.1:8080", "", false),
            ("[::1]:8080", "", false),
            ("[::ffff:127.0.0.1]:8080", "", false),
            ("0.0.0.0:8080", "", true),
            ("[::]:8080", "", true),
            ("10.0.0.5:8080", "", true),
            ("0.0.0.0:8080", tls, false),
        ] {
            let server = server(&format!("public_url = \"https://r.example/\"\nlisten = \"{listen}\"\n{more}"));
            assert_eq!(server.receives_clear_text(), is_clear, "{listen} {more}");
        }
    }

    #[test]
    fn proxy_that_must_exist_and_is_not_trusted_is_detected() {
        let https = "public_url = \"https://r.example/\"\n";
        for (lines, lacks) in [
            (https.to_owned(), true),
            (format!("{https}trusted_proxies = [\"10.0.0.2/32\"]"), false),
            (format!("{https}tls_cert = \"c.pem\"\ntls_key = \"k.pem\""), false),
            ("public_url = \"http://127.0.0.1:8080/\"".to_owned(), false),
        ] {
            assert_eq!(server(&lines).lacks_trusted_proxies(), lacks, "{lines}");
        }
        assert!(server(&format!("{https}trusted_proxies = [\"10.0.0.2/32\", \"::/0\"]")).trusts_everyone());
        assert!(!server(&format!("{https}trusted_proxies = [\"10.0.0.0/8\"]")).trusts_everyone());
    }

    #[test]
    fn public_peer_is_a_proxy_only_if_the_portal_does_not_end_tls() {
        let https = "public_url = \"https://r.example/\"\n";
        let (behind, direct) = (server(https), server(&format!("{https}tls_cert = \"c.pem\"\ntls_key = \"k.pem\"")));
        let (public, private) = ("203.0.113.9".parse().unwrap(), "10.0.0.2".parse().unwrap());
        assert!(behind.is_probably_proxy(public) && behind.is_probably_proxy(private));
        assert!(!direct.is_probably_proxy(public) && direct.is_probably_proxy(private));
    }

    #[test]
    fn forwarded_header_is_either_unless_set() {
        let https = "public_url = \"https://r.example/\"\n";
        assert_eq!(server(https).forwarded_header, ForwardedHeader::Either);
        for (name, header) in
            [("x-forwarded-for", ForwardedHeader::XForwardedFor), ("forwarded", ForwardedHeader::Forwarded)]
        {
            assert_eq!(server(&format!("{https}forwarded_header = \"{name}\"")).forwarded_header, header);
        }
    }
}
