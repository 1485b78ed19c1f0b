//! Checks the listener: clear text on the network, and the trust in proxies.

use super::report::{DoctorFinding, DoctorReport};
use crate::config::ServerConfig;

/// Reports how requests and client addresses reach the portal.
pub(super) fn check_listener(server: &ServerConfig, report: &mut DoctorReport) {
    report.add(if server.receives_clear_text() {
        DoctorFinding::warning("listener", format!("server.listen {} is on the network, without TLS", server.listen))
            .with_consequence("passwords cross the network between proxy and portal in clear text")
            .with_remedy(
                "set server.tls_cert and server.tls_key and let the proxy use https, or listen on 127.0.0.1 beside \
                 the proxy",
            )
    } else {
        DoctorFinding::ok("listener", format!("server.listen {} takes no password in clear text", server.listen))
    });
    report.add(check_trusted_proxies(server));
}

fn check_trusted_proxies(server: &ServerConfig) -> DoctorFinding {
    const CHECK: &str = "proxy";
    if server.trusts_everyone() {
        return DoctorFinding::error(CHECK, "server.trusted_proxies contains every address")
            .with_consequence("each client chooses its own address: staff networks and rate limits mean nothing")
            .with_remedy("list the addresses of your proxies only, such as 10.0.0.2/32");
    }
    if server.lacks_trusted_proxies() {
        return DoctorFinding::warning(
            CHECK,
            "server.trusted_proxies is empty, although server.public_url is https and the portal has no certificate",
        )
        .with_consequence("rate limits count everyone as one address, and staff networks see the proxy's address")
        .with_remedy("list the addresses from which your proxy connects in server.trusted_proxies");
    }
    DoctorFinding::ok(CHECK, format!("{} networks of proxies are trusted", server.trusted_proxies.len()))
}
