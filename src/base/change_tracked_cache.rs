//! Caches values that a page may show from memory instead of from the database.
//!
//! A reader applies the changes that the database reports. A cached value is returned only while the last applied
//! changes are less than a second old.
//!
//! - Code that changes data reads the database, never this cache.
//! - A read that started before a change cannot put the old value back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;

use super::Clock;

/// Maximum age of the last applied changes. With the reader's interval, no shown value is older than a second.
const MAX_STALENESS: Duration = Duration::from_millis(900);
/// Maximum age of an entry. Data that is not reported as a change, such as a session's last use, is visible after this.
const MAX_ENTRY_AGE: Duration = Duration::from_secs(30);
/// Time for which a change is remembered, because a read that started before it must not restore the old value.
const CHANGE_RETENTION: Duration = Duration::from_mins(1);

/// Cache of values by key, valid only while changes are tracked. Clones share the entries.
pub(crate) struct ChangeTrackedCache<V>(Arc<CacheInner<V>>);

struct CacheInner<V> {
    clock: Clock,
    entries: Cache<String, (Arc<V>, Duration)>,
    recent_changes: Mutex<HashMap<String, Duration>>,
    /// Time of the last complete read of changes, in milliseconds of the clock's elapsed time. 0 means never.
    changes_read_at_ms: AtomicU64,
}

impl<V> Clone for ChangeTrackedCache<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V> ChangeTrackedCache<V> {
    /// Creates a cache for at most `entries` values.
    pub(crate) fn new(clock: Clock, entries: usize) -> Self {
        let (entries, changed) = (Cache::new(entries), Mutex::default());
        Self(Arc::new(CacheInner { clock, entries, recent_changes: changed, changes_read_at_ms: AtomicU64::new(0) }))
    }

    /// Returns the value if it may be shown.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<V>> {
        let now = self.0.clock.elapsed();
        let read_at = Duration::from_millis(self.0.changes_read_at_ms.load(Ordering::Acquire));
        if read_at.is_zero() || now.saturating_sub(read_at) > MAX_STALENESS {
            return None;
        }
        let (value, at) = self.0.entries.get(key)?;
        (now.saturating_sub(at) < MAX_ENTRY_AGE).then_some(value)
    }

    /// Returns the start time of a database read, for [`ChangeTrackedCache::insert`].
    pub(crate) fn read_started(&self) -> Duration {
        self.0.clock.elapsed()
    }

    /// Stores a value unless it changed after its database read started.
    pub(crate) fn insert(&self, key: &str, value: Arc<V>, began: Duration) {
        self.0.entries.insert(key.to_owned(), (value, self.0.clock.elapsed()));
        if self.lock_recent_changes().get(key).is_some_and(|at| *at >= began) {
            self.0.entries.remove(key);
        }
    }

    /// Removes a value that this process changes.
    pub(crate) fn invalidate(&self, key: &str) {
        self.0.entries.remove(key);
    }

    /// Applies new changes. All changes up to `asked_at` are known after this call.
    pub(crate) fn apply_changes<'a>(&self, changed: impl IntoIterator<Item = &'a str>, asked_at: Duration) {
        let now = self.0.clock.elapsed();
        let mut known = self.lock_recent_changes();
        known.retain(|_, at| now.saturating_sub(*at) < CHANGE_RETENTION);
        for key in changed {
            // Record the change before removing the entry: a read that ends in between is undone by one of the two.
            known.insert(key.to_owned(), now);
            self.0.entries.remove(key);
        }
        drop(known);
        let millis = u64::try_from(asked_at.as_millis()).unwrap_or(u64::MAX);
        self.0.changes_read_at_ms.store(millis.max(1), Ordering::Release);
    }

    fn lock_recent_changes(&self) -> MutexGuard<'_, HashMap<String, Duration>> {
        self.0.recent_changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    fn new_cache() -> (ChangeTrackedCache<u8>, Clock) {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        clock.advance(SignedDuration::from_secs(5));
        (ChangeTrackedCache::new(clock.clone(), 100), clock)
    }

    #[test]
    fn cache_is_empty_while_changes_may_be_missed() {
        let (known, clock) = new_cache();
        known.insert("a", Arc::new(1), known.read_started());
        assert!(known.get("a").is_none(), "changes were never read");
        known.apply_changes([], clock.elapsed());
        assert_eq!(known.get("a").as_deref(), Some(&1));
        clock.advance(SignedDuration::from_millis(901));
        assert!(known.get("a").is_none(), "the database is unavailable: changes are unknown");
    }

    #[test]
    fn change_discards_overlapping_read() {
        let (known, clock) = new_cache();
        let began = known.read_started();
        known.insert("a", Arc::new(1), began);
        known.apply_changes(["a", "b"], clock.elapsed());
        known.insert("b", Arc::new(1), began);
        assert!(known.get("a").is_none() && known.get("b").is_none());
        clock.advance(SignedDuration::from_millis(1));
        known.insert("b", Arc::new(2), known.read_started());
        assert_eq!(known.get("b").as_deref(), Some(&2), "a later read is stored");
    }

    #[test]
    fn unreported_change_is_visible_after_max_age() {
        let (known, clock) = new_cache();
        known.insert("a", Arc::new(1), known.read_started());
        clock.advance(SignedDuration::from_secs(31));
        known.apply_changes([], clock.elapsed());
        assert!(known.get("a").is_none());
    }
}
