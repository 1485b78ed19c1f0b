//! Last known count of the people whom the hourly reset limit counts, so that not every dispatch counts them.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// Number of people who counted when the dispatch counter had this value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KnownPeopleCount {
    pub(crate) people: i64,
    pub(crate) counter: i64,
    pub(crate) at: Timestamp,
}

/// Holder of the last known count.
#[derive(Debug, Default)]
pub(crate) struct PeopleCountCache(Mutex<Option<KnownPeopleCount>>);

impl PeopleCountCache {
    pub(crate) fn load(&self) -> Option<KnownPeopleCount> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn store(&self, count: KnownPeopleCount) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(count);
    }
}
