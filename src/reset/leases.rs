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

use jiff::SignedDuration;

use super::store::{self, SendingLease};
use crate::base::{InFlightResets, ResetId};
use crate::state::AppState;
use crate::store::StoreError;

/// Duration of a sending lease, as written to the row.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(20);
/// Time without a renewal after which a lease counts as expired.
const SILENCE: Duration = Duration::from_secs(20);
/// Interval at which the owner renews its lease.
const BEAT: Duration = Duration::from_secs(4);
/// Maximum time between setting `dispatched_at` and sending the request. A process that was suspended in between sends
/// nothing when it resumes. Well below [`LEASE_TIMEOUT`], so no other process has taken the reset over yet.
pub(super) const LEAVES_WITHIN: Duration = Duration::from_secs(10);

/// Renews the lease of a reset until the future is dropped. Never returns: run it concurrently with the dispatch.
pub(super) async fn beat(app: &AppState, id: ResetId) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(BEAT).await;
        let now = app.now();
        match store::renew(&app.db, id, &app.me, now.saturating_add(LEASE).unwrap_or(now)).await {
            Ok(()) | Err(StoreError::NoRow) => {}
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
    pub(super) fn look(
        &mut self,
        rows: Vec<SendingLease>,
        me: &str,
        mine: &InFlightResets,
        elapsed: Duration,
    ) -> Vec<SendingLease> {
        let before = std::mem::take(&mut self.0);
        let mut dead = Vec::new();
        for row in rows {
            if row.owner == me {
                if !mine.holds(row.id) {
                    dead.push(row);
                }
                continue;
            }
            let since = before.get(&row.id).filter(|(seen, _)| *seen == row).map_or(elapsed, |(_, since)| *since);
            if elapsed.saturating_sub(since) >= SILENCE {
                dead.push(row.clone());
            }
            self.0.insert(row.id, (row, since));
        }
        dead
    }

    /// Discards all observations. Call it after a database outage: other processes may not have been able to renew
    /// either.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(until: i64) -> SendingLease {
        SendingLease { id: "01900000-0000-7000-8000-000000000000".parse().unwrap(), owner: "other".to_owned(), until }
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn an_owner_is_dead_after_a_whole_lease_of_silence_and_not_before() {
        let (mut seen, mine) = (LeaseMonitor::default(), InFlightResets::default());
        assert_eq!(seen.look(vec![row(1)], "me", &mine, seconds(100)), []);
        assert_eq!(seen.look(vec![row(1)], "me", &mine, seconds(119)), []);
        assert_eq!(seen.look(vec![row(1)], "me", &mine, seconds(120)), [row(1)]);
    }

    #[test]
    fn a_sign_of_life_and_a_lost_database_start_the_count_again() {
        let (mut seen, mine) = (LeaseMonitor::default(), InFlightResets::default());
        seen.look(vec![row(1)], "me", &mine, seconds(0));
        assert_eq!(seen.look(vec![row(2)], "me", &mine, seconds(19)), [], "the lease was renewed");
        assert_eq!(seen.look(vec![row(2)], "me", &mine, seconds(38)), []);
        seen.forget();
        assert_eq!(seen.look(vec![row(2)], "me", &mine, seconds(60)), []);
        assert_eq!(seen.look(vec![row(2)], "me", &mine, seconds(80)), [row(2)]);
    }

    #[test]
    fn our_own_is_dead_only_when_nobody_here_works_on_it() {
        let (mut seen, mine) = (LeaseMonitor::default(), InFlightResets::default());
        let own = SendingLease { owner: "me".to_owned(), ..row(1) };
        let marked = mine.mark(own.id);
        assert_eq!(seen.look(vec![own.clone()], "me", &mine, seconds(900)), []);
        drop(marked);
        assert_eq!(seen.look(vec![own.clone()], "me", &mine, seconds(900)), [own]);
    }
}
