//! Provides clock, randomness, ids, secrets, networks, caches and metrics. Depends on no other module of the product.

mod change_tracked_cache;
mod colour;
mod crash_points;
mod ids;
mod in_flight_resets;
mod metrics;
mod networks;
mod people_count;
mod proxy_sightings;
mod text;
mod time;
mod ttl_cache;
mod watch_registry;

pub(crate) use change_tracked_cache::ChangeTrackedCache;
pub(crate) use colour::Colour;
pub(crate) use crash_points::crash_point;
pub(crate) use ids::{CaseId, ObjectId, PersonKey, ReferenceCode, ResetId, TenantId};
pub(crate) use in_flight_resets::{InFlightGuard, InFlightResets};
pub(crate) use metrics::Metrics;
pub(crate) use networks::{contains_address, contains_every_address, is_private_address};
pub use passback_foundation::{Clock, Random};
pub(crate) use passback_foundation::{Password, Secret, is_loopback_host, public_origin};
pub(crate) use people_count::{KnownPeopleCount, PeopleCountCache};
pub(crate) use proxy_sightings::{ProxySightings, SightingNovelty};
pub use text::format_error_chain;
pub(crate) use text::{BoxedError, encode_hex};
pub(crate) use time::{TimestampExt, run_every};
pub(crate) use ttl_cache::TtlCache;
pub(crate) use watch_registry::{WatchRegistry, WatchSubscription};
