//! Named places where a test lets the process die, for moments that timing alone would miss. `PASSBACK_CRASH_AT` names
//! one, with `:n` for its nth time. The release binary, built without `tenant`, has none of it.

/// Dies here, as by SIGKILL, if the environment says so.
#[cfg(feature = "tenant")]
pub(crate) fn crash_point(name: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WANTED: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
        let text = std::env::var("PASSBACK_CRASH_AT").ok()?;
        let (name, times) = text.split_once(':').unwrap_or((&text, "1"));
        Some((name.to_owned(), times.parse().ok()?))
    });
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let Some((wanted, times)) = &*WANTED else { return };
    if wanted == name && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *times {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

#[cfg(not(feature = "tenant"))]
pub(crate) fn crash_point(_: &str) {}
