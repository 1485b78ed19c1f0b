//! What this process works on at the moment: nobody in it takes such work for an orphan's.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::ResetId;

/// What this process is sending at the moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<ResetId>>>);

impl InFlight {
    fn with<T>(&self, work: impl FnOnce(&mut HashSet<ResetId>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Marks a reset until the guard is dropped.
    pub(crate) fn mark(&self, id: ResetId) -> Marked {
        self.with(|set| set.insert(id));
        Marked { set: self.clone(), id }
    }

    pub(crate) fn holds(&self, id: ResetId) -> bool {
        self.with(|set| set.contains(&id))
    }
}

/// A reset that this process is sending.
pub(crate) struct Marked {
    set: InFlight,
    id: ResetId,
}

impl Drop for Marked {
    fn drop(&mut self) {
        self.set.with(|set| set.remove(&self.id));
    }
}
