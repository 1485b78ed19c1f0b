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
    wall: Arc<AtomicI64>,
    /// Time added by [`Clock::advance`], in milliseconds.
    passed: Arc<AtomicI64>,
}

#[derive(Clone, Copy, Debug)]
enum ClockSource {
    System { began: Instant },
    Manual,
}

impl Clock {
    /// Returns the system's clock. [`Clock::advance`] adds to it, which tests use to age data while real time passes.
    #[must_use]
    pub fn system() -> Self {
        Self { source: ClockSource::System { began: Instant::now() }, wall: Arc::default(), passed: Arc::default() }
    }

    /// Returns a clock that stands still until it is advanced.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        let wall = Arc::new(AtomicI64::new(start.as_millisecond()));
        Self { source: ClockSource::Manual, wall, passed: Arc::default() }
    }

    /// Returns the current time in whole milliseconds, which is the resolution of the database.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let wall = self.wall.load(Ordering::Relaxed).saturating_add(self.passed.load(Ordering::Relaxed));
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
        let passed = u64::try_from(self.passed.load(Ordering::Relaxed)).unwrap_or(0);
        let lived = match self.source {
            ClockSource::System { began } => began.elapsed(),
            ClockSource::Manual => Duration::ZERO,
        };
        lived.saturating_add(Duration::from_millis(passed))
    }

    /// Returns the clock of another machine: elapsed time is shared, but adjusting the wall clock of one does not
    /// change the other.
    #[must_use]
    pub fn beside(&self) -> Self {
        let wall = Arc::new(AtomicI64::new(self.wall.load(Ordering::Relaxed)));
        Self { source: self.source, wall, passed: Arc::clone(&self.passed) }
    }

    /// Adds elapsed time to this clock and all its clones.
    pub fn advance(&self, by: SignedDuration) {
        self.passed.fetch_add(millis(by).max(0), Ordering::Relaxed);
    }

    /// Sets the time of day forward or back, like a correction of the machine's clock. The elapsed time stays the same.
    pub fn jump(&self, by: SignedDuration) {
        self.wall.fetch_add(millis(by), Ordering::Relaxed);
    }
}

fn millis(span: SignedDuration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_of_a_manual_clock_moves_with_it() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let other = clock.clone();
        clock.advance(SignedDuration::from_secs(90));
        assert_eq!((other.now().as_second(), other.elapsed()), (90, Duration::from_secs(90)));
    }

    #[test]
    fn setting_the_time_of_day_lets_no_time_pass() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let other = clock.beside();
        clock.jump(SignedDuration::from_hours(-3));
        clock.advance(SignedDuration::from_secs(1));
        assert_eq!((clock.now().as_second(), clock.elapsed()), (-10_799, Duration::from_secs(1)));
        assert_eq!(other.now().as_second(), 1, "another machine's clock is not set with it");
    }
}
