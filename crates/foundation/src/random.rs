//! Provides the only source of randomness, so that a test can repeat a run.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use uuid::Uuid;

/// Random bytes from the operating system, or repeatable bytes from a seed.
#[derive(Clone, Debug)]
pub struct Random(RandomSource);

#[derive(Clone, Debug)]
enum RandomSource {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Random {
    /// Returns the operating system's randomness, the only choice outside tests.
    #[must_use]
    pub fn system() -> Self {
        Self(RandomSource::System)
    }

    /// Returns a source that gives the same bytes for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(RandomSource::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// Returns `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            RandomSource::System => {
                #[expect(clippy::disallowed_methods, reason = "the only place that uses the system's randomness")]
                rand::rng().fill_bytes(&mut bytes);
            }
            RandomSource::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
        }
        bytes
    }

    /// Returns an unguessable token: 256 bits as base64url.
    #[must_use]
    pub fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }

    /// Returns a random UUID (version 4).
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// Returns a UUID that sorts by `now` (version 7).
    #[must_use]
    pub fn uuid_at(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// Returns a number below `bound`, or 0 if `bound` is 0. The bias of the remainder is below 2^-32 for any `u32`
    /// bound.
    #[must_use]
    pub fn number_below(&self, bound: u32) -> u32 {
        let wide = u64::from_le_bytes(self.bytes());
        u32::try_from(wide.checked_rem(u64::from(bound)).unwrap_or(0)).unwrap_or(0)
    }
}
