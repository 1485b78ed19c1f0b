//! Detects resets whose owner has stopped.
//!
//! The process that sends a reset renews its lease every 4 seconds. If another process sees no renewal for
//! [`LEASE_TIMEOUT`], measured by its own monotonic clock, it treats the owner as stopped.
//!
//! Invariants:
//! - Times in the rows are not compared with a clock, because clocks differ between machines and can be set.
//! - A lease is only observed for changes, so a clock that jumps cannot end it early.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::store::{self, HeldLease, SendingLease};
use crate::base::{InFlightResets, ResetId, TimestampExt as _};
use crate::state::AppState;
use crate::store::StoreError;

/// Duration of a sending lease, as written to the row.
pub(super) const LEASE_DURATION: SignedDuration = SignedDuration::from_secs(20);
/// Time without a renewal after which a lease counts as expired.
const LEASE_TIMEOUT: Duration = Duration::from_secs(20);
/// Interval at which the owner renews its lease.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(4);
/// Maximum time between setting `dispatched_at` and sending the request. A process that was suspended in between sends
/// nothing when it resumes. Well below [`LEASE_TIMEOUT`], so no other process has taken the reset over yet.
pub(super) const DISPATCH_DEADLINE: Duration = Duration::from_secs(10);

/// Returns the lease of this process on a reset that it sends, renewed at a time.
pub(super) fn hold_lease(app: &AppState, id: ResetId, now: Timestamp) -> HeldLease<'_> {
    HeldLease { id, owner: &app.instance_id, until: now.later(LEASE_DURATION) }
}

/// Renews the lease of a reset until the future is dropped. Never returns: run it concurrently with the dispatch.
pub(super) async fn run_heartbeat(app: &AppState, id: ResetId) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(HEARTBEAT_INTERVAL).await;
        match store::renew_lease(&app.db, hold_lease(app, id, app.now())).await {
            Ok(()) | Err(StoreError::RowNotFound) => {}
            Err(error) => tracing::warn!(reset.id = %id, error = ?error, "lease renewal failed: retrying"),
        }
    }
}

/// Leases of other processes as this process last saw them, with the monotonic time of the last change.
#[derive(Debug, Default)]
pub(super) struct LeaseMonitor(HashMap<ResetId, (SendingLease, Duration)>);

impl LeaseMonitor {
    /// Compares the leases with the previous round. Returns those that were not renewed for [`LEASE_TIMEOUT`], and this
    /// process's own that no task works on.
    pub(super) fn find_expired(
        &mut self,
        rows: Vec<SendingLease>,
        me: &str,
        mine: &InFlightResets,
        elapsed: Duration,
    ) -> Vec<SendingLease> {
        let before = std::mem::take(&mut self.0);
        let mut expired = Vec::new();
        for row in rows {
            if row.owner == me {
                if !mine.contains(row.id) {
                    expired.push(row);
                }
                continue;
            }
            let since = before.get(&row.id).filter(|(seen, _)| *seen == row).map_or(elapsed, |(_, since)| *since);
            if elapsed.saturating_sub(since) >= LEASE_TIMEOUT {
                expired.push(row.clone());
            }
            self.0.insert(row.id, (row, since));
        }
        expired
    }

    /// Discards all observations. Call it after a database outage: other processes may not have been able to renew
    /// either.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sending_lease(until: i64) -> SendingLease {
        SendingLease {
            id: "01900000-0000-7000-8000-000000000000".parse().unwrap(),
            owner: "other".to_owned(),
            lease_until: Timestamp::from_millisecond(until).unwrap(),
        }
    }

    fn duration_seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn lease_expires_only_after_full_timeout_without_renewal() {
        let (mut seen, mine) = (LeaseMonitor::default(), InFlightResets::default());
        assert_eq!(seen.find_expired(vec![sending_lease(1)], "me", &mine, duration_seconds(100)), []);
        assert_eq!(seen.find_expired(vec![sending_lease(1)], "me", &mine, duration_seconds(119)), []);
        assert_eq!(seen.find_expired(vec![sending_lease(1)], "me", &mine, duration_seconds(120)), [sending_lease(1)]);
    }

    #[test]
    fn renewal_or_database_outage_restarts_lease_timeout() {
        let (mut seen, mine) = (LeaseMonitor::default(), InFlightResets::default());
        seen.find_expired(vec![sending_lease(1)], "me", &mine, duration_seconds(0));
        assert_eq!(
            seen.find_expired(vec![sending_lease(2)], "me", &mine, duration_seconds(19)),
            [],
            "the lease was renewed"
        );
        assert_eq!(seen.find_expired(vec![sending_lease(2)], "me", &mine, duration_seconds(38)), []);
        seen.clear();
        assert_eq!(seen.find_expired(vec![sending_lease(2)], "me", &mine, duration_seconds(60)), []);
        assert_eq!(seen.find_expired(vec![sending_lease(2)], "me", &mine, duration_seconds(80)), [sending_lease(2)]);
    }

    #[test]
    fn own_lease_expires_only_when_not_in_flight() {
        let (mut seen, mine) = (LeaseMonitor::default(), InFlightResets::default());
        let own = SendingLease { owner: "me".to_owned(), ..sending_lease(1) };
        let marked = mine.insert(own.id);
        assert_eq!(seen.find_expired(vec![own.clone()], "me", &mine, duration_seconds(900)), []);
        drop(marked);
        assert_eq!(seen.find_expired(vec![own.clone()], "me", &mine, duration_seconds(900)), [own]);
    }
}
