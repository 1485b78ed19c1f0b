//! Detects loopback addresses. Plain http, hosts other than Microsoft's and the emulator are allowed on loopback only.

use std::net::IpAddr;

use url::{Host, Url};

/// Returns true if the URL's host can only be this machine.
#[must_use]
pub fn is_loopback_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // An address in a scheme that the URL standard does not know, such as ldaps, is parsed as a name.
        Some(Host::Domain(name)) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

/// Returns scheme, host and port as a browser writes them in `Origin`.
#[must_use]
pub fn public_origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_hosts_are_loopback() {
        for (url, expected) in [
            ("http://127.0.0.1:80/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:8080/", true),
            ("http://localhost:1/", true),
            ("http://127.0.0.1.example.com/", false),
            ("http://10.0.0.1/", false),
            ("ldaps://127.0.0.60:636", true),
            ("ldaps://10.0.0.60:636", false),
            ("https://login.microsoftonline.com/", false),
        ] {
            assert_eq!(is_loopback_host(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
