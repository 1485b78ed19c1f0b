//! Builder methods that adjust a [`TenantSeed`] before the emulator starts.

use super::faults::InjectedFault;
use super::seed::{TenantSeed, ThrottleSeed};

impl TenantSeed {
    /// Shortens delays and disables throttling, for tests.
    ///
    /// Sets writeback to 150 ms, the offline agent to 300 ms, recovery from a split outcome to 3 s and audit records to
    /// 150 ms. In the seed's faults, `slow` and `delay` become at most 900 ms and `retry_after` at most 1 s.
    #[must_use]
    pub fn with_short_delays(mut self) -> Self {
        self.writeback.delay_ms = 150;
        self.writeback.offline_after_ms = 300;
        self.writeback.split_heals_ms = 3_000;
        self.audit.delay_ms = 150;
        self.throttle = ThrottleSeed { audits_per_10s: 0, policies_per_second: 0, risks_per_second: 0 };
        for fault in &mut self.faults {
            fault.shorten_delays();
        }
        self
    }

    /// Enables Microsoft's limit on risk requests, 1 per second. [`Self::with_short_delays`] disables it.
    #[must_use]
    pub fn with_risk_throttling(mut self) -> Self {
        self.throttle.risks_per_second = 1;
        self
    }

    /// Adds a fault to the faults of the seed.
    #[must_use]
    pub fn with_fault(mut self, fault: InjectedFault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Grants every app another Graph application permission.
    #[must_use]
    pub fn with_application_permission(mut self, permission: &str) -> Self {
        self.apps.iter_mut().for_each(|app| app.application.push(permission.to_owned()));
        self
    }

    /// Removes a Graph application permission from every app.
    #[must_use]
    pub fn without_application_permission(mut self, permission: &str) -> Self {
        self.apps.iter_mut().for_each(|app| app.application.retain(|known| known != permission));
        self
    }

    /// Grants every app another Graph delegated permission.
    #[must_use]
    pub fn with_delegated_permission(mut self, permission: &str) -> Self {
        self.apps.iter_mut().for_each(|app| app.delegated.push(permission.to_owned()));
        self
    }

    /// Returns the initial password of every person for whom the seed sets none.
    #[must_use]
    pub fn initial_password(&self) -> &str {
        &self.organization.initial_password
    }

    /// Registers a redirect URI with every app that has none, so that an application can sign people in.
    #[must_use]
    pub fn with_redirect_uri(mut self, address: &str) -> Self {
        for app in self.apps.iter_mut().filter(|app| app.redirect_uris.is_empty()) {
            app.redirect_uris.push(address.to_owned());
        }
        self
    }
}
