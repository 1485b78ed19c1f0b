//! Publishes updates by key to subscribers: one channel per key for any number of subscribers, and none without a
//! subscriber.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// Channels by key. Clones share them.
pub(crate) struct WatchRegistry<K, V>(Arc<Mutex<HashMap<K, watch::Sender<V>>>>);

impl<K, V> Clone for WatchRegistry<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for WatchRegistry<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// Subscription to one key. Dropping the last subscription of a key removes the key.
pub(crate) struct WatchSubscription<K: Eq + Hash, V> {
    registry: WatchRegistry<K, V>,
    key: K,
    receiver: watch::Receiver<V>,
}

impl<K: Clone + Eq + Hash, V: Clone> WatchRegistry<K, V> {
    fn with_channels<T>(&self, work: impl FnOnce(&mut HashMap<K, watch::Sender<V>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Subscribes to a key. `first` is the initial value if the key has no other subscriber.
    pub(crate) fn subscribe(&self, key: K, first: V) -> WatchSubscription<K, V> {
        let news =
            self.with_channels(|map| map.entry(key.clone()).or_insert_with(|| watch::Sender::new(first)).subscribe());
        WatchSubscription { registry: self.clone(), key, receiver: news }
    }

    /// Sends a value to all subscribers of this key. A key without subscribers is no error.
    pub(crate) fn publish(&self, key: &K, news: V) {
        self.with_channels(|map| map.get(key).map(|sender| sender.send_replace(news)));
    }

    pub(crate) fn has_subscribers(&self, key: &K) -> bool {
        self.with_channels(|map| map.contains_key(key))
    }

    /// Returns the keys whose latest value matches `wanted`.
    pub(crate) fn keys_where(&self, wanted: impl Fn(&V) -> bool) -> Vec<K> {
        self.with_channels(|map| map.iter().filter(|(_, s)| wanted(&s.borrow())).map(|(key, _)| key.clone()).collect())
    }

    /// Returns the number of subscribers of all keys.
    pub(crate) fn subscriber_count(&self) -> usize {
        self.with_channels(|map| map.values().map(watch::Sender::receiver_count).sum())
    }
}

impl<K: Eq + Hash, V: Clone> WatchSubscription<K, V> {
    /// Returns the latest value.
    pub(crate) fn latest_value(&self) -> V {
        self.receiver.borrow().clone()
    }

    /// Waits for the next value. Never returns `None` while this subscription exists.
    pub(crate) async fn next_value(&mut self) -> Option<V> {
        self.receiver.changed().await.ok()?;
        Some(self.receiver.borrow_and_update().clone())
    }
}

impl<K: Eq + Hash, V> Drop for WatchSubscription<K, V> {
    fn drop(&mut self) {
        let mut map = self.registry.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The receiver of this subscription is still counted.
        if map.get(&self.key).is_some_and(|sender| sender.receiver_count() <= 1) {
            map.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_subscriber_is_notified_and_unused_keys_are_removed() {
        let watchers = WatchRegistry::<u8, &str>::default();
        let (mut one, mut two) = (watchers.subscribe(1, "first"), watchers.subscribe(1, "ignored"));
        watchers.publish(&2, "no subscriber");
        assert!(!watchers.has_subscribers(&2));
        watchers.publish(&1, "news");
        assert_eq!((one.next_value().await, two.next_value().await), (Some("news"), Some("news")));
        assert_eq!((watchers.subscriber_count(), watchers.keys_where(|v| *v == "news")), (2, vec![1]));
        drop(one);
        assert!(watchers.has_subscribers(&1));
        drop(two);
        assert!(!watchers.has_subscribers(&1));
    }
}
