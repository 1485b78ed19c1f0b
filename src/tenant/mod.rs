//! The tenant emulator: Entra's sign-in, Microsoft Graph, the writeback agent and a directory, over HTTP only.
//!
//! It exists so that the whole product runs and is tested with no Azure. It never imports `entra`: what our client
//! sends and what Microsoft expects are written twice, so a wrong field name cannot be wrong on both sides and pass.
//! Facts follow Microsoft's documentation as read in 2026-08; where Microsoft publishes nothing (failed
//! `statusDetail` values, whether a reset unlocks), the choice is a setting of the seed.
//!
//! It cannot become production: every listener must be on loopback once a real directory stands behind it, faults
//! are set on a listener of their own with a token made at each start, and the release image is built without it.

mod access;
mod ad;
mod adjust;
mod apps;
mod body;
mod control;
mod faults;
mod grants;
mod graph;
mod oidc;
mod password;
mod seed;
mod server;
mod start;
mod world;
mod writeback;

pub use faults::{Call, Effect, Fault};
pub use graph::{Line as PermissionLine, TABLE as PERMISSIONS};
pub use seed::{Seed, SeedError};
pub use start::{LdapsOptions, Running, Start, StartError};
pub use world::{SentMail, SentRequest};

use crate::base::{Clock, Random};
use ad::Directory;
use oidc::Keys;
use server::PublicUrl;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use world::World;

/// One emulated tenant, shared by all its listeners.
#[derive(Clone)]
struct Tenant(Arc<Inner>);

struct Inner {
    clock: Clock,
    random: Random,
    keys: Keys,
    directory: Directory,
    /// Where people reach the emulator: what stands in the issuer and, unless told otherwise, in `Location`.
    base: PublicUrl,
    world: Mutex<World>,
}

impl Tenant {
    /// The state, for a moment. Never held across an await.
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clock(&self) -> &Clock {
        &self.0.clock
    }

    fn random(&self) -> &Random {
        &self.0.random
    }
}
