//! Runs the background work of the portal in rounds.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Runs `round` now and again `period` after each end, until shutdown. A round that has begun is not interrupted.
///
/// A round reports its own errors, so that each has its own log message.
pub(crate) async fn run_every<F>(shutdown: &CancellationToken, period: Duration, round: impl Fn() -> F)
where
    F: Future<Output = ()>,
{
    loop {
        round().await;
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(period) => {}
        }
    }
}
