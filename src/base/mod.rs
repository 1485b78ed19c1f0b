//! Provides clock, randomness, ids, secrets, caches and metrics. Depends on no other module of the product.

mod brief;
mod colour;
mod crash;
mod hex;
mod ids;
mod in_flight;
mod known;
mod metrics;
mod watchers;

pub(crate) use brief::TtlCache;
pub(crate) use colour::Colour;
pub(crate) use crash::crash_point;
pub(crate) use hex::encode_hex;
pub(crate) use ids::{CaseId, ObjectId, PersonKey, ReferenceCode, ResetId, TenantId};
pub(crate) use in_flight::{InFlightGuard, InFlightResets};
pub(crate) use known::ChangeTrackedCache;
pub(crate) use metrics::Metrics;
pub use passback_foundation::{Clock, Random};
pub(crate) use passback_foundation::{Password, Secret, is_loopback_host, public_origin};
pub(crate) use watchers::{WatchRegistry, WatchSubscription};
