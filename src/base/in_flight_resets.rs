//! Records the resets that this process is sending now, so that it never treats one of its own resets as an orphan.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::ResetId;

/// Set of resets that this process is sending now. Clones share the set.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlightResets(Arc<Mutex<HashSet<ResetId>>>);

impl InFlightResets {
    fn with_set<T>(&self, work: impl FnOnce(&mut HashSet<ResetId>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a reset until the guard is dropped.
    pub(crate) fn insert(&self, id: ResetId) -> InFlightGuard {
        self.with_set(|set| set.insert(id));
        InFlightGuard { set: self.clone(), id }
    }

    pub(crate) fn contains(&self, id: ResetId) -> bool {
        self.with_set(|set| set.contains(&id))
    }
}

/// Guard of a reset that this process is sending. Dropping it removes the reset from the set.
pub(crate) struct InFlightGuard {
    set: InFlightResets,
    id: ResetId,
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.set.with_set(|set| set.remove(&self.id));
    }
}
