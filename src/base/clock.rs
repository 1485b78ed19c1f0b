//! The one source of time. Everything else that reads the system's clock is a lint error
//! (`clippy.toml`), so that a test can move hours in a moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// The time, from the system or moved by hand.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    /// How far it was set forward or back, in milliseconds; of a manual clock, its start is in here.
    wall: Arc<AtomicI64>,
    /// Time that [`Clock::advance`] let pass, in milliseconds.
    passed: Arc<AtomicI64>,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    System { began: Instant },
    Manual,
}

impl Clock {
    /// The system's clock. [`Clock::advance`] adds to it, which tests use to age things while time goes on.
    #[must_use]
    pub fn system() -> Self {
        Self { source: Source::System { began: Instant::now() }, wall: Arc::default(), passed: Arc::default() }
    }

    /// A clock that stands still until it is advanced.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        let wall = Arc::new(AtomicI64::new(start.as_millisecond()));
        Self { source: Source::Manual, wall, passed: Arc::default() }
    }

    /// Now, in whole milliseconds: what the database can hold.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let wall = self.wall.load(Ordering::Relaxed).saturating_add(self.passed.load(Ordering::Relaxed));
        let millis = match self.source {
            Source::System { .. } => {
                #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
                let now = Timestamp::now().as_millisecond();
                now.saturating_add(wall)
            }
            Source::Manual => wall,
        };
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    /// How much time has passed since this clock was made. Unlike [`Clock::now`] it never goes back and does not jump
    /// when somebody sets the machine's time: leases are judged by it.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let passed = u64::try_from(self.passed.load(Ordering::Relaxed)).unwrap_or(0);
        let lived = match self.source {
            Source::System { began } => began.elapsed(),
            Source::Manual => Duration::ZERO,
        };
        lived.saturating_add(Duration::from_millis(passed))
    }

    /// The clock of another machine: time passes there too, but setting this one does not set it.
    #[must_use]
    pub fn beside(&self) -> Self {
        let wall = Arc::new(AtomicI64::new(self.wall.load(Ordering::Relaxed)));
        Self { source: self.source, wall, passed: Arc::clone(&self.passed) }
    }

    /// Lets time pass, for everybody who holds a clone of this clock.
    pub fn advance(&self, by: SignedDuration) {
        self.passed.fetch_add(millis(by).max(0), Ordering::Relaxed);
    }

    /// Sets the time of day forward or back, as a machine's clock does when it is corrected: no time has passed.
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
