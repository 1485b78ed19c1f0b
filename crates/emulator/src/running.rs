//! Handle of a running emulator: addresses, faults, recorded requests, and changes to the tenant during a test.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::EmulatedTenant;
use super::faults::{FaultTarget, InjectedFault};
use super::oidc::{SigningKeyError, generate_signing_key};
use super::seed::{RoleSeed, TenantSeed};
use super::state::{AuditRecord, ReceivedRequest, RecordedCall, SentMail, derive_object_id};

/// A running emulator. Dropping it stops the emulator.
pub struct RunningEmulator {
    pub(super) tenant: EmulatedTenant,
    pub(super) shutdown: CancellationToken,
    pub(super) background_tasks: TaskTracker,
    pub(super) control_url: String,
    pub(super) control_token: String,
}

impl RunningEmulator {
    /// Returns scheme, host and port of the main listener.
    #[must_use]
    pub fn url(&self) -> &str {
        self.tenant.0.urls.base_url()
    }

    /// Returns the authority, which is also the issuer: `{url}/{tenant id}/v2.0`.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("{}/{}/v2.0", self.url(), self.tenant.tenant_id())
    }

    /// Returns Graph's base address, including `/v1.0`.
    #[must_use]
    pub fn graph_url(&self) -> String {
        self.tenant.0.urls.graph_url()
    }

    /// Returns the tenant id.
    #[must_use]
    pub fn tenant_id(&self) -> String {
        self.tenant.tenant_id().to_string()
    }

    /// Returns the address of the fault control and its bearer token.
    #[must_use]
    pub fn fault_control(&self) -> (&str, &str) {
        (&self.control_url, &self.control_token)
    }

    /// Adds a fault, which applies from the next request on.
    pub fn add_fault(&self, fault: InjectedFault) {
        self.tenant.lock_state().faults.push(fault);
    }

    /// Removes all faults, including those of the seed.
    pub fn clear_faults(&self) {
        self.tenant.lock_state().faults.clear();
    }

    /// Counts the requests of a kind that arrived, for one person or for all.
    #[must_use]
    pub fn count_calls(&self, call: FaultTarget, person: Option<&str>) -> usize {
        let state = self.tenant.lock_state();
        state
            .calls
            .iter()
            .filter(|seen| seen.call == call && person.is_none_or(|p| seen.person.as_deref() == Some(p)))
            .count()
    }

    /// Returns method, path and status of every request that arrived, in order. The status is 0 if there is no
    /// response, or none yet.
    #[must_use]
    pub fn request_lines(&self) -> Vec<(String, String, u16)> {
        self.tenant
            .lock_state()
            .calls
            .iter()
            .map(|seen| (seen.method.clone(), seen.path.clone(), seen.status))
            .collect()
    }

    /// Returns every request that arrived with its query and JSON body. Passwords are replaced by `hidden`.
    #[must_use]
    pub fn received_requests(&self) -> Vec<ReceivedRequest> {
        let state = self.tenant.lock_state();
        let one = |seen: &RecordedCall| ReceivedRequest {
            method: seen.method.clone(),
            path: seen.path.clone(),
            query: seen.query.clone(),
            body: seen.body.clone(),
            status: seen.status,
        };
        state.calls.iter().map(one).collect()
    }

    /// Returns every issued token, authorization code and device code, so that tests can check that none leaks.
    #[must_use]
    pub fn issued_tokens(&self) -> Vec<String> {
        self.tenant.lock_state().issued_tokens.clone()
    }

    /// Returns the object id of the group with this name.
    #[must_use]
    pub fn group_id(&self, name: &str) -> String {
        derive_object_id(&self.tenant.lock_state().seed, name).to_string()
    }

    /// Returns the time of the last action of a person's latest operation, and the times of all operation requests for
    /// that person.
    #[must_use]
    pub fn last_operation_times(&self, upn: &str) -> Option<(jiff::Timestamp, Vec<jiff::Timestamp>)> {
        let state = self.tenant.lock_state();
        let account = state.find_account(upn)?.id;
        let operation = state.operations.iter().rev().find(|o| o.account == account)?;
        let asked = state.calls.iter().filter(|c| c.call == FaultTarget::Operation && c.person.as_deref() == Some(upn));
        Some((operation.last_action_at, asked.map(|c| c.at).collect()))
    }

    /// Returns whether Entra holds a Temporary Access Pass of this person, used or not.
    #[must_use]
    pub fn has_pass(&self, upn: &str) -> bool {
        self.tenant.lock_state().find_account(upn).is_some_and(|account| account.pass.is_some())
    }

    /// Returns whether this is the person's current password in the in-memory directory. Returns `None` for an account
    /// that is not in it and with a real directory.
    #[must_use]
    pub fn is_directory_password(&self, upn: &str, password: &str) -> Option<bool> {
        let sam = upn.split('@').next()?;
        self.tenant.0.directory.is_current_password(sam, password)
    }

    /// Returns how clients authenticated at the token endpoint, in order: `secret`, `certificate <thumbprint>` or
    /// `federated <subject> <jti>`.
    #[must_use]
    pub fn client_authentications(&self) -> Vec<String> {
        self.tenant.lock_state().client_authentications.clone()
    }

    /// Returns the parameter `claims` of each token request that had one. Clients declare their capabilities in it.
    #[must_use]
    pub fn requested_claims(&self) -> Vec<String> {
        self.tenant.lock_state().requested_claims.clone()
    }

    /// Returns every message that was sent through Graph.
    #[must_use]
    pub fn sent_mails(&self) -> Vec<SentMail> {
        self.tenant.lock_state().sent_mails.clone()
    }

    /// Records in the directory audit log that a person registered a sign-in method. The record names the person as
    /// initiator and as target:
    /// <https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities> (read 2026-11-24).
    pub fn register_method(&self, upn: &str) {
        let now = self.tenant.clock().now();
        let ids: [uuid::Uuid; 2] = std::array::from_fn(|_| self.tenant.random().uuid());
        let mut state = self.tenant.lock_state();
        let delay = jiff::SignedDuration::from_millis(i64::try_from(state.seed.audit.delay_ms).unwrap_or(0));
        let Some(person) = state.find_account(upn).map(|account| account.id) else { return };
        state.audit_records.push(AuditRecord {
            id: ids[0],
            correlation_id: ids[1],
            occurred_at: now,
            visible_from: now.saturating_add(delay).unwrap_or(now),
            activity: "User registered security info",
            service: "Authentication Methods",
            initiator: person,
            target: person,
            success: true,
            reason: "User registered a method".to_owned(),
            agent: None,
        });
    }

    /// Changes a person's email addresses, like an administrator or an attacker with access to the account.
    pub fn set_mail_addresses(&self, upn: &str, mail: &str, others: &[&str]) {
        if let Some(account) = self.tenant.lock_state().find_account_mut(upn) {
            account.seed.mail = Some(mail.to_owned());
            account.seed.other_mails = others.iter().map(|&other| other.to_owned()).collect();
        }
    }

    /// Changes a person's mobile number, like an attacker with access to the account.
    pub fn set_mobile_number(&self, upn: &str, number: Option<&str>) {
        if let Some(account) = self.tenant.lock_state().find_account_mut(upn) {
            account.seed.mobile = number.map(str::to_owned);
        }
    }

    /// Revokes a person's sessions and refresh tokens, like an administrator.
    pub fn revoke_sessions(&self, upn: &str) {
        let now = self.tenant.clock().now();
        if let Some(account) = self.tenant.lock_state().find_account_mut(upn) {
            account.sessions_valid_from = now;
        }
    }

    /// Expires a person's existing access tokens, as happens after about an hour in reality.
    pub fn expire_access_tokens(&self, upn: &str) {
        let now = self.tenant.clock().now();
        if let Some(account) = self.tenant.lock_state().find_account_mut(upn) {
            account.tokens_valid_from = now.saturating_add(jiff::SignedDuration::from_secs(1)).unwrap_or(now);
        }
    }

    /// Replaces the Conditional Access policies with those of another seed.
    pub fn set_policies(&self, of: TenantSeed) {
        self.tenant.lock_state().seed.policies = of.policies;
    }

    /// Assigns a directory role to a person, active and tenant-wide.
    pub fn assign_role(&self, upn: &str, template: uuid::Uuid) {
        if let Some(account) = self.tenant.lock_state().find_account_mut(upn) {
            account.seed.roles.push(RoleSeed { template, scope: "/".to_owned(), eligible: false });
        }
    }

    /// Sets the age of the last directory synchronisation.
    pub fn set_sync_age(&self, seconds: i64) {
        self.tenant.lock_state().seed.organization.sync_age_seconds = seconds;
    }

    /// Returns the object id of a person.
    #[must_use]
    pub fn object_id(&self, upn: &str) -> Option<String> {
        Some(self.tenant.lock_state().find_account(upn)?.id.to_string())
    }

    /// Removes a delegated permission from every app, like an administrator who revokes consent.
    pub fn withdraw_consent(&self, permission: &str) {
        for app in &mut self.tenant.lock_state().seed.apps {
            app.delegated.retain(|known| known != permission);
        }
    }

    /// Registers another redirect URI with every app.
    pub fn add_redirect_uri(&self, address: &str) {
        for app in &mut self.tenant.lock_state().seed.apps {
            app.redirect_uris.push(address.to_owned());
        }
    }

    /// Generates a new signing key. The previous keys stay published.
    ///
    /// # Errors
    /// If the key cannot be generated.
    pub async fn rotate_signing_key(&self) -> Result<(), SigningKeyError> {
        let key = generate_signing_key(&self.tenant.0.random).await?;
        self.tenant.0.keys.rotate(key);
        Ok(())
    }

    /// Stops the emulator and waits until every listener is closed.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.background_tasks.wait().await;
    }
}

impl Drop for RunningEmulator {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}
