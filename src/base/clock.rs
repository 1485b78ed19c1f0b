//! The one source of time. Everything else that reads the system's clock is a lint error
//! (`clippy.toml`), so that a test can move hours in a moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// The time, from the system or moved by hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System { offset: Arc<AtomicI64> },
    Manual { millis: Arc<AtomicI64> },
}

impl Clock {
    /// The system's clock. [`Clock::advance`] adds to it, which tests use to age things while time goes on.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System { offset: Arc::default() })
    }

    /// A clock that stands still until it is advanced.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual { millis: Arc::new(AtomicI64::new(start.as_millisecond())) })
    }

    /// Now, in whole milliseconds: what the database can hold.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let millis = match &self.0 {
            Source::System { offset } => {
                #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
                let now = Timestamp::now().as_millisecond();
                now.saturating_add(offset.load(Ordering::Relaxed))
            }
            Source::Manual { millis } => millis.load(Ordering::Relaxed),
        };
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock of everybody who holds a clone of it.
    pub fn advance(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        match &self.0 {
            Source::System { offset } => offset.fetch_add(by, Ordering::Relaxed),
            Source::Manual { millis } => millis.fetch_add(by, Ordering::Relaxed),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_of_a_manual_clock_moves_with_it() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let other = clock.clone();
        clock.advance(SignedDuration::from_secs(90));
        assert_eq!(other.now().as_second(), 90);
    }
}
