//! The one place where tests wait. A test awaits something that it can observe; the deadline is for hangs alone, so that
//! a busy machine makes a test slower and never red.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Time after which a test gives up. Far beyond what the slowest machine needs.
pub(crate) const DEADLINE: Duration = Duration::from_mins(3);

const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// Polls until `observe` returns a value.
///
/// # Panics
/// After [`DEADLINE`], with what was awaited.
pub(crate) async fn wait_for<T>(what: impl Display, mut observe: impl AsyncFnMut() -> Option<T>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(seen) = observe().await {
            return seen;
        }
        assert!(Instant::now() < until, "waited {DEADLINE:?} in vain: {what}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Polls until `condition` is true.
///
/// # Panics
/// As [`wait_for`].
pub(crate) async fn wait_until(what: impl Display, mut condition: impl AsyncFnMut() -> bool) {
    wait_for(what, async || condition().await.then_some(())).await;
}

/// Polls until `observe` returns a value that fulfils `wanted`. The panic shows the last value.
///
/// # Panics
/// As [`wait_for`].
pub(crate) async fn wait_for_value<T: std::fmt::Debug>(
    what: impl Display,
    mut observe: impl AsyncFnMut() -> T,
    wanted: impl Fn(&T) -> bool,
) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        let seen = observe().await;
        if wanted(&seen) {
            return seen;
        }
        assert!(Instant::now() < until, "waited {DEADLINE:?} in vain: {what}; last seen: {seen:?}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Awaits a future that ends by an event.
///
/// # Panics
/// As [`wait_for`].
pub(crate) async fn in_time<F: Future>(what: impl Display, event: F) -> F::Output {
    let ended = tokio::time::timeout(DEADLINE, event).await;
    ended.unwrap_or_else(|_| panic!("waited {DEADLINE:?} in vain: {what}"))
}

/// As [`wait_until`], for code without a runtime.
///
/// # Panics
/// As [`wait_for`].
pub(crate) fn block_until(what: impl Display, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < until, "waited {DEADLINE:?} in vain: {what}");
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Lets real time pass on purpose, where time itself is the subject (a random moment to kill at, a length of an outage).
/// Nothing may be concluded from it: more time may have passed, and other processes may not have run.
pub(crate) async fn let_time_pass(span: Duration) {
    tokio::time::sleep(span).await;
}
