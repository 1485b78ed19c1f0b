//! A seed, adjusted by whoever starts the emulator.

use super::faults::Fault;
use super::seed::{Seed, Throttle};

impl Seed {
    /// Makes everything happen at once, for tests that have no time.
    #[must_use]
    pub fn hurry(mut self) -> Self {
        self.writeback.delay_ms = 150;
        self.writeback.offline_after_ms = 300;
        self.writeback.split_heals_ms = 3_000;
        self.audit.delay_ms = 150;
        self.throttle = Throttle { audits_per_10s: 0, policies_per_second: 0, risks_per_second: 0 };
        for fault in &mut self.faults {
            fault.hurry();
        }
        self
    }

    /// With Microsoft's limit on questions about risk, which a hurry leaves out.
    #[must_use]
    pub fn throttling_risks(mut self) -> Self {
        self.throttle.risks_per_second = 1;
        self
    }

    /// Adds a fault to those of the file.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Gives the apps one more application permission.
    #[must_use]
    pub fn granting(mut self, permission: &str) -> Self {
        self.apps.iter_mut().for_each(|app| app.application.push(permission.to_owned()));
        self
    }

    /// Takes an application permission from the apps.
    #[must_use]
    pub fn without(mut self, permission: &str) -> Self {
        self.apps.iter_mut().for_each(|app| app.application.retain(|known| known != permission));
        self
    }

    /// One more permission for every app that signs people in.
    #[must_use]
    pub fn consenting(mut self, permission: &str) -> Self {
        self.apps.iter_mut().for_each(|app| app.delegated.push(permission.to_owned()));
        self
    }

    /// The password everybody starts with.
    #[must_use]
    pub fn initial_password(&self) -> &str {
        &self.organization.initial_password
    }

    /// Lets the portal at `origin` sign people in: its redirect address is added to every app that has none.
    #[must_use]
    pub fn with_redirect(mut self, address: &str) -> Self {
        for app in self.apps.iter_mut().filter(|app| app.redirect_uris.is_empty()) {
            app.redirect_uris.push(address.to_owned());
        }
        self
    }
}
