//! Provides the only source of time. Reading the system's clock anywhere else is a lint error (`clippy.toml`), so that
//! a test can let hours pass at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Clock that reads the system's time, or that only tests advance.
#[derive(Clone, Debug)]
pub struct Clock {
    source: ClockSource,
    /// Offset of the wall clock, in milliseconds. The offset of a manual clock includes its start time.
    wall_offset_ms: Arc<AtomicI64>,
    /// Time added by [`Clock::advance`], in milliseconds.
    advanced_ms: Arc<AtomicI64>,
}

#[derive(Clone, Copy, Debug)]
enum ClockSource {
    System { started_at: Instant },
    Manual,
}

impl Clock {
    /// Returns the system's clock. [`Clock::advance`] adds to it, which tests use to age data while real time passes.
    #[must_use]
    pub fn system() -> Self {
        Self {
            source: ClockSource::System { started_at: Instant::now() },
            wall_offset_ms: Arc::default(),
            advanced_ms: Arc::default(),
        }
    }

    /// Returns a clock that stands still until it is advanced.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        let wall = Arc::new(AtomicI64::new(start.as_millisecond()));
        Self { source: ClockSource::Manual, wall_offset_ms: wall, advanced_ms: Arc::default() }
    }

    /// Returns the current time in whole milliseconds, which is the resolution of the database.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let wall = self.wall_offset_ms.load(Ordering::Relaxed).saturating_add(self.advanced_ms.load(Ordering::Relaxed));
        let millis = match self.source {
            ClockSource::System { .. } => {
                #[expect(clippy::disallowed_methods, reason = "the only place that reads the system clock")]
                let now = Timestamp::now().as_millisecond();
                now.saturating_add(wall)
            }
            ClockSource::Manual => wall,
        };
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    /// Returns the time since this clock was created. Unlike [`Clock::now`] it is monotonic: setting the machine's time
    /// does not change it. Lease expiry is measured with it.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let passed = u64::try_from(self.advanced_ms.load(Ordering::Relaxed)).unwrap_or(0);
        let lived = match self.source {
            ClockSource::System { started_at: began } => began.elapsed(),
            ClockSource::Manual => Duration::ZERO,
        };
        lived.saturating_add(Duration::from_millis(passed))
    }

    /// Returns the clock of another machine: elapsed time is shared, but adjusting the wall clock of one does not
    /// change the other.
    #[must_use]
    pub fn with_own_wall_clock(&self) -> Self {
        let wall = Arc::new(AtomicI64::new(self.wall_offset_ms.load(Ordering::Relaxed)));
        Self { source: self.source, wall_offset_ms: wall, advanced_ms: Arc::clone(&self.advanced_ms) }
    }

    /// Adds elapsed time to this clock and all its clones.
    pub fn advance(&self, by: SignedDuration) {
        self.advanced_ms.fetch_add(saturating_millis(by).max(0), Ordering::Relaxed);
    }

    /// Sets the time of day forward or back, like a correction of the machine's clock. The elapsed time stays the same.
    pub fn adjust_wall_clock(&self, by: SignedDuration) {
        self.wall_offset_ms.fetch_add(saturating_millis(by), Ordering::Relaxed);
    }
}

fn saturating_millis(span: SignedDuration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloned_manual_clock_advances_with_original() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let other = clock.clone();
        clock.advance(SignedDuration::from_secs(90));
        assert_eq!((other.now().as_second(), other.elapsed()), (90, Duration::from_secs(90)));
    }

    #[test]
    fn adjusting_wall_clock_does_not_change_elapsed_time() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let other = clock.with_own_wall_clock();
        clock.adjust_wall_clock(SignedDuration::from_hours(-3));
        clock.advance(SignedDuration::from_secs(1));
        assert_eq!((clock.now().as_second(), clock.elapsed()), (-10_799, Duration::from_secs(1)));
        assert_eq!(other.now().as_second(), 1, "another machine's clock is not set with it");
    }
}
