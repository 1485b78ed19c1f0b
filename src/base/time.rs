//! Arithmetic on times, and background work that runs in rounds.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use prometheus_client::metrics::counter::Counter;
use tokio_util::sync::CancellationToken;

/// Adds and subtracts durations, and stops at the limits of a [`Timestamp`] instead of failing.
pub(crate) trait TimestampExt {
    /// Returns the time `by` later, at most [`Timestamp::MAX`].
    fn later(self, by: SignedDuration) -> Timestamp;

    /// Returns the time `by` earlier, at least [`Timestamp::MIN`].
    fn earlier(self, by: SignedDuration) -> Timestamp;
}

impl TimestampExt for Timestamp {
    fn later(self, by: SignedDuration) -> Timestamp {
        self.saturating_add(by).unwrap_or(Self::MAX)
    }

    fn earlier(self, by: SignedDuration) -> Timestamp {
        self.saturating_sub(by).unwrap_or(Self::MIN)
    }
}

/// Runs `round` now and again `period` after each end, until shutdown. A round that has begun is not interrupted.
///
/// A round reports its own errors, so that each has its own log message. `rounds` counts the rounds that ended: a task
/// that hangs is a counter that no longer grows.
pub(crate) async fn run_every<F>(
    shutdown: &CancellationToken,
    rounds: &Counter,
    period: Duration,
    round: impl Fn() -> F,
) where
    F: Future<Output = ()>,
{
    loop {
        round().await;
        rounds.inc();
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(period) => {}
        }
    }
}
