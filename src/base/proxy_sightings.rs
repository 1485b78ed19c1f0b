//! Remembers what a process has noticed about the proxies in front of it.
//!
//! Client addresses are resolved by requests, and reported by the health monitor. This is what they share.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Whether a process notices something for the first time. Only the first time is logged, so that requests cannot fill
/// the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SightingNovelty {
    First,
    Repeated,
}

/// What this process has noticed about proxies since its start.
#[derive(Debug, Default)]
pub(crate) struct ProxySightings {
    /// Latest untrusted proxy that the health monitor has not stored yet.
    untrusted_proxy: Mutex<Option<IpAddr>>,
    was_header_ignored: AtomicBool,
    was_hop_unreadable: AtomicBool,
}

impl ProxySightings {
    /// Records a forwarding header that is ignored because its sender is not a trusted proxy.
    pub(crate) fn record_ignored_header(&self) -> SightingNovelty {
        novelty(&self.was_header_ignored)
    }

    /// Records a proxy that forwards requests and is not trusted, for the health monitor.
    pub(crate) fn record_untrusted_proxy(&self, proxy: IpAddr) {
        *self.untrusted_proxy.lock().unwrap_or_else(PoisonError::into_inner) = Some(proxy);
    }

    /// Records a trusted proxy whose header does not name a client that can be read.
    pub(crate) fn record_unreadable_hop(&self) -> SightingNovelty {
        novelty(&self.was_hop_unreadable)
    }

    /// Takes the latest untrusted proxy since the last call.
    pub(crate) fn take_untrusted_proxy(&self) -> Option<IpAddr> {
        self.untrusted_proxy.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn novelty(seen: &AtomicBool) -> SightingNovelty {
    if seen.swap(true, Ordering::Relaxed) { SightingNovelty::Repeated } else { SightingNovelty::First }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sighting_is_new_once_and_proxy_is_taken_once() {
        let sightings = ProxySightings::default();
        assert_eq!(sightings.record_ignored_header(), SightingNovelty::First);
        assert_eq!(sightings.record_ignored_header(), SightingNovelty::Repeated);
        assert_eq!(sightings.record_unreadable_hop(), SightingNovelty::First);
        let proxy: IpAddr = "10.0.0.2".parse().unwrap();
        sightings.record_untrusted_proxy(proxy);
        assert_eq!((sightings.take_untrusted_proxy(), sightings.take_untrusted_proxy()), (Some(proxy), None));
    }
}
