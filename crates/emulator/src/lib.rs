//! Emulates one Microsoft Entra tenant for demos and tests: sign-in, Microsoft Graph, password writeback and a
//! directory.
//!
//! A [`TenantSeed`] describes the organisation as data. [`EmulatorOptions::start`] starts the HTTP listeners and
//! returns a [`RunningEmulator`], which tests use to inject faults and to inspect the requests that arrived. No Azure
//! subscription is needed.
//!
//! Microsoft's endpoints are implemented from Microsoft's documentation as read in 2026-08, if a comment gives no other
//! date. Where Microsoft publishes nothing, the choice is a setting or marked as this emulator's own: whether a reset
//! unlocks the account is `writeback.unlocks`, and an [`InjectedFault`] can end an operation with any `statusDetail`.
//!
//! Invariants:
//! - The emulator imports nothing from the portal's Entra client. Requests and responses are written twice, so a wrong
//!   field name cannot be wrong on both sides and pass the tests.
//! - With a real directory, the main listener and the domain controller's address must be on loopback.
//! - Faults are changed over HTTP only on a separate loopback listener with a token generated at each start.
//! - The release image of the portal is built without the emulator.

mod app_registrations;
mod conditional_access;
mod directory;
mod fault_control;
mod faults;
mod graph;
mod launcher;
mod oidc;
mod password;
mod response_faults;
mod running;
mod seed;
mod seed_builder;
mod server;
mod state;
mod token_grants;
mod writeback_agent;

pub use passback_foundation::{Clock, Random};

pub use faults::{FaultEffect, FaultTarget, InjectedFault};
pub use graph::{PERMISSION_RULES, PermissionRule};
pub use launcher::{EmulatorError, EmulatorOptions, LdapsOptions};
pub use running::RunningEmulator;
pub use seed::{CONTOSO_SEED, SeedError, TenantSeed};
pub use state::{ReceivedRequest, SentMail};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use directory::BackingDirectory;
use oidc::SigningKeys;
use server::EmulatorUrls;
use state::TenantState;

/// The emulated tenant, shared by all its listeners.
#[derive(Clone)]
struct EmulatedTenant(Arc<TenantInner>);

struct TenantInner {
    clock: Clock,
    random: Random,
    keys: SigningKeys,
    directory: BackingDirectory,
    /// Public addresses: the base of the issuer and of `Location`, if no other Graph address is configured.
    urls: EmulatorUrls,
    state: Mutex<TenantState>,
}

impl EmulatedTenant {
    /// Locks the tenant's state. The guard must not be held across an `await`.
    fn lock_state(&self) -> MutexGuard<'_, TenantState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clock(&self) -> &Clock {
        &self.0.clock
    }

    fn random(&self) -> &Random {
        &self.0.random
    }
}
