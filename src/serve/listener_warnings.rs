//! Warns at the start about a listener that exposes passwords, or that cannot tell clients apart. Doctor reports the
//! same with remedies.

use crate::config::ServerConfig;

/// Logs one line for each weakness of the listener.
pub(super) fn log_listener_warnings(server: &ServerConfig) {
    if server.receives_clear_text() {
        tracing::warn!(listen = %server.listen, "listener has no TLS: passwords cross the network in clear text");
    }
    if server.lacks_trusted_proxies() {
        tracing::warn!("server.trusted_proxies is empty: rate limits count everyone as one address");
    }
    if server.trusts_everyone() {
        tracing::warn!("server.trusted_proxies contains every address: each client chooses its own address");
    }
}
