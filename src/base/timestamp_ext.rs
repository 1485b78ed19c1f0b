//! Arithmetic on times that stops at the limits of a [`Timestamp`] instead of failing.

use jiff::{SignedDuration, Timestamp};

/// Adds and subtracts durations.
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
