//! Provides named crash points, where a test kills the process at a moment that timing alone would miss.
//!
//! `PASSBACK_CRASH_AT` names a crash point, with `:n` for the nth time it is reached. `PASSBACK_STOP_AT` stops the
//! process there instead, until SIGCONT. Only builds with the feature `test-hooks` have crash points.

/// Sends SIGKILL or SIGSTOP to this process if the environment names this crash point.
#[cfg(feature = "test-hooks")]
pub(crate) fn crash_point(name: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    static REQUESTED_CRASH: LazyLock<Option<(String, u32, Signal)>> = LazyLock::new(|| {
        let read = |name, signal| std::env::var(name).ok().map(|text| (text, signal));
        let (text, signal) =
            read("PASSBACK_CRASH_AT", Signal::KILL).or_else(|| read("PASSBACK_STOP_AT", Signal::STOP))?;
        let (name, times) = text.split_once(':').unwrap_or((&text, "1"));
        Some((name.to_owned(), times.parse().ok()?, signal))
    });
    static PASS_COUNT: AtomicU32 = AtomicU32::new(0);
    let Some((wanted, times, signal)) = &*REQUESTED_CRASH else { return };
    if wanted == name && PASS_COUNT.fetch_add(1, Ordering::Relaxed) + 1 == *times {
        let _ = kill_process(getpid(), *signal);
        // SIGSTOP reaches the threads one after another: this one must not continue before it is stopped too.
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
}

#[cfg(not(feature = "test-hooks"))]
pub(crate) fn crash_point(_: &str) {}
