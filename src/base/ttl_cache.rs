//! Caches values for a fixed time, for answers of other services that are expensive to request and stay valid for a
//! while.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;

use super::Clock;

/// Values by key, each valid for `time_to_live` after it was inserted. Clones share the entries.
#[derive(Clone)]
pub(crate) struct TtlCache<K, V> {
    clock: Clock,
    time_to_live: Duration,
    entries: Arc<Cache<K, (V, Duration)>>,
}

impl<K: Eq + Hash + Clone, V: Clone> TtlCache<K, V> {
    pub(crate) fn new(clock: Clock, good_for: Duration, entries: usize) -> Self {
        Self { clock, time_to_live: good_for, entries: Arc::new(Cache::new(entries)) }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let (value, at) = self.entries.get(key)?;
        (self.clock.elapsed().saturating_sub(at) < self.time_to_live).then_some(value)
    }

    pub(crate) fn insert(&self, key: K, value: V) {
        self.entries.insert(key, (value, self.clock.elapsed()));
    }

    /// Removes a value that is known to have changed.
    pub(crate) fn invalidate(&self, key: &K) {
        self.entries.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    #[test]
    fn expired_or_invalidated_entry_is_not_returned() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let brief = TtlCache::new(clock.clone(), Duration::from_mins(1), 10);
        assert_eq!(brief.get(&1), None);
        brief.insert(1, "high");
        clock.advance(SignedDuration::from_secs(59));
        assert_eq!(brief.get(&1), Some("high"));
        clock.advance(SignedDuration::from_secs(1));
        assert_eq!(brief.get(&1), None);
        brief.insert(1, "low");
        brief.invalidate(&1);
        assert_eq!(brief.get(&1), None);
    }
}
