//! Sessions kept in memory for pages that only show something. An entry is used only while this process knows, from
//! the table of ended sessions, that it has missed no end for a second; whatever changes something reads the database.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use tower_sessions::session::Record;

use crate::base::Clock;

/// So many people at once are served from memory.
const ENTRIES: usize = 20_000;
/// The ends were read so recently that nobody was revoked longer than a second ago.
const TRUSTED: Duration = Duration::from_millis(900);
/// What another replica may have written meanwhile is seen after this.
const FRESH: Duration = Duration::from_secs(30);
/// An end is remembered so long: a load that began before it must not bring the session back.
const REMEMBERED: Duration = Duration::from_mins(1);

#[derive(Clone)]
struct Entry {
    record: Arc<Record>,
    at: Duration,
}

/// The sessions in memory.
#[derive(Clone)]
pub(crate) struct SessionCache(Arc<Inner>);

struct Inner {
    clock: Clock,
    entries: Cache<String, Entry>,
    ended: Mutex<HashMap<String, Duration>>,
    /// When the ends were last read whole, in milliseconds of the clock's elapsed time; 0 is never.
    read_at: AtomicU64,
}

impl SessionCache {
    pub(crate) fn new(clock: Clock) -> Self {
        let (entries, ended) = (Cache::new(ENTRIES), Mutex::default());
        Self(Arc::new(Inner { clock, entries, ended, read_at: AtomicU64::new(0) }))
    }

    /// The session, if it may be served from memory.
    pub(super) fn get(&self, row: &str) -> Option<Record> {
        let now = self.0.clock.elapsed();
        let read_at = Duration::from_millis(self.0.read_at.load(Ordering::Acquire));
        if read_at.is_zero() || now.saturating_sub(read_at) > TRUSTED {
            return None;
        }
        let entry = self.0.entries.get(row)?;
        (now.saturating_sub(entry.at) < FRESH).then(|| Record::clone(&entry.record))
    }

    /// Keeps what was just read from the database, unless it ended while it was being read.
    pub(super) fn put(&self, row: &str, record: &Record) {
        let entry = Entry { record: Arc::new(record.clone()), at: self.0.clock.elapsed() };
        self.0.entries.insert(row.to_owned(), entry);
        if self.ended().contains_key(row) {
            self.0.entries.remove(row);
        }
    }

    /// What stands in the database is something else now.
    pub(super) fn forget(&self, row: &str) {
        self.0.entries.remove(row);
    }

    /// All ends up to `asked_at` are known: these are new.
    pub(crate) fn caught_up(&self, ended: &[String], asked_at: Duration) {
        {
            let mut known = self.ended();
            known.retain(|_, at| asked_at.saturating_sub(*at) < REMEMBERED);
            known.extend(ended.iter().map(|row| (row.clone(), asked_at)));
        }
        for row in ended {
            self.0.entries.remove(row);
        }
        let millis = u64::try_from(asked_at.as_millis()).unwrap_or(u64::MAX);
        self.0.read_at.store(millis.max(1), Ordering::Release);
    }

    fn ended(&self) -> std::sync::MutexGuard<'_, HashMap<String, Duration>> {
        self.0.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use tower_sessions::cookie::time::OffsetDateTime;
    use tower_sessions::session::Id;

    use super::*;

    fn cache() -> (SessionCache, Clock, Record) {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        clock.advance(SignedDuration::from_secs(5));
        let record = Record { id: Id(1), data: HashMap::new(), expiry_date: OffsetDateTime::UNIX_EPOCH };
        (SessionCache::new(clock.clone()), clock, record)
    }

    #[test]
    fn it_answers_only_while_it_has_missed_no_end() {
        let (cache, clock, record) = cache();
        cache.put("a", &record);
        assert!(cache.get("a").is_none(), "the ends were never read");
        cache.caught_up(&[], clock.elapsed());
        assert!(cache.get("a").is_some());
        clock.advance(SignedDuration::from_millis(901));
        assert!(cache.get("a").is_none(), "the database is away: nobody knows who was revoked");
    }

    #[test]
    fn an_end_is_seen_even_by_a_load_that_began_before_it() {
        let (cache, clock, record) = cache();
        cache.put("a", &record);
        cache.caught_up(&["a".to_owned(), "b".to_owned()], clock.elapsed());
        cache.put("b", &record);
        assert!(cache.get("a").is_none() && cache.get("b").is_none());
    }

    #[test]
    fn what_others_write_is_seen_after_a_while() {
        let (cache, clock, record) = cache();
        cache.put("a", &record);
        clock.advance(SignedDuration::from_secs(31));
        cache.caught_up(&[], clock.elapsed());
        assert!(cache.get("a").is_none());
    }
}
