//! Provides clock, randomness, ids, secrets, caches and metrics. Depends on no other module of the product.

mod brief;
mod clock;
mod colour;
mod crash;
mod hex;
mod ids;
mod in_flight;
mod known;
mod listen;
mod metrics;
mod random;
mod secret;
mod watchers;

pub(crate) use brief::Brief;
pub use clock::Clock;
pub(crate) use colour::Colour;
pub(crate) use crash::crash_point;
pub(crate) use hex::hex;
pub(crate) use ids::{CaseId, ObjectId, PersonKey, Reference, ResetId, TenantId};
pub(crate) use in_flight::{InFlight, Marked};
pub(crate) use known::Known;
pub(crate) use listen::{is_loopback_host, public_origin};
pub(crate) use metrics::Metrics;
pub use random::Random;
pub(crate) use secret::{Password, Secret};
pub(crate) use watchers::{Watched, Watchers};
