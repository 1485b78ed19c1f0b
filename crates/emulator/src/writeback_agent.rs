//! Emulates password writeback: the steps between Graph's 202 response and the end of the operation.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::EmulatedTenant;
use super::directory::{AdError, DirectoryResetOptions};
use super::faults::FaultEffect;
use super::password::{self, PasswordDigest};
use super::state::{AuditRecord, OperationStage, PendingOperation};
use passback_foundation::Secret;

/// A password reset that Graph accepted.
pub(super) struct AcceptedReset {
    pub(super) account: Uuid,
    pub(super) operator: Uuid,
    pub(super) password: Secret,
    pub(super) lost: bool,
    pub(super) effects: Vec<FaultEffect>,
}

impl EmulatedTenant {
    /// Queues a reset for the agent and returns the operation's id.
    pub(super) fn queue_reset(&self, accepted: AcceptedReset) -> Uuid {
        let now = self.clock().now();
        let id = self.random().uuid();
        let mut state = self.lock_state();
        let delay = writeback_delay_ms(&state.seed.writeback, &accepted.effects);
        state.operations.push(PendingOperation {
            id,
            account: accepted.account,
            operator: accepted.operator,
            created_at: now,
            due_at: add_millis(now, delay),
            last_action_at: now,
            stage: OperationStage::Waiting,
            lost: accepted.lost,
            effects: accepted.effects,
            password: Some(accepted.password),
        });
        id
    }

    /// Completes all operations that are due. May be called concurrently: each operation is taken once.
    pub(super) async fn run_due_operations(&self) {
        while let Some((operation, password)) = self.take_due_operation() {
            let end = self.write_back(&operation, &password).await;
            self.complete_operation(&operation, &end);
        }
    }

    fn take_due_operation(&self) -> Option<(PendingOperation, Secret)> {
        let now = self.clock().now();
        let mut state = self.lock_state();
        let operation = state.operations.iter_mut().find(|o| o.stage == OperationStage::Waiting && o.due_at <= now)?;
        operation.stage = OperationStage::WritingBack;
        let password = operation.password.take()?;
        Some((operation.clone(), password))
    }

    /// Applies faults and Entra's password checks, then writes the password to the directory and to the cloud.
    async fn write_back(&self, operation: &PendingOperation, password: &Secret) -> WritebackResult {
        let Some(target) = self.writeback_target(operation.account) else {
            return WritebackResult::failed("UserNotFound", None);
        };
        for effect in &operation.effects {
            match effect {
                FaultEffect::AgentOffline => return WritebackResult::failed("OnPremisesConnectivityError", None),
                FaultEffect::Fails { detail } => return WritebackResult::failed(detail, None),
                FaultEffect::CloudOnly => return self.complete_in_cloud(operation, password, None),
                _ => {}
            }
        }
        let new = password.expose_secret();
        if target.is_banned(new) {
            return WritebackResult::failed("FuzzyPolicyViolationInvalidPassword", None);
        }
        let Some(agent) = target.agent else { return self.complete_in_cloud(operation, password, None) };
        let options = DirectoryResetOptions { unlock: target.unlocks_account, must_change: true };
        match self.0.directory.reset_password(&target.sam_account_name, new, options).await {
            Ok(()) if operation.effects.contains(&FaultEffect::Split) => {
                WritebackResult::failed("OnPremisesSuccessCloudFailure", Some(agent))
            }
            Ok(()) => self.complete_in_cloud(operation, password, Some(agent)),
            Err(error) => {
                tracing::warn!(%error, "password writeback failed: directory rejected the change");
                WritebackResult::failed(status_detail(&error), Some(agent))
            }
        }
    }

    /// Sets the password in the cloud and completes the operation successfully.
    fn complete_in_cloud(
        &self,
        operation: &PendingOperation,
        password: &Secret,
        agent: Option<String>,
    ) -> WritebackResult {
        self.set_cloud_password(operation.account, password.expose_secret(), true);
        WritebackResult { status_detail: None, agent }
    }

    /// Sets an account's password in the cloud.
    pub(super) fn set_cloud_password(&self, account: Uuid, new: &str, must_change: bool) {
        let digest = PasswordDigest::new(new, self.random());
        let now = self.clock().now();
        if let Some(account) = self.lock_state().account_by_id_mut(account) {
            account.password = digest;
            account.must_change = must_change && !account.seed.ad.password_never_expires;
            account.last_password_change = now;
            account.password_set_at = now;
        }
    }

    /// Records the result in the operation and in the directory audit log.
    fn complete_operation(&self, operation: &PendingOperation, end: &WritebackResult) {
        let now = self.clock().now();
        let ids: [Uuid; 3] = std::array::from_fn(|_| self.random().uuid());
        let split = end.status_detail.as_deref() == Some("OnPremisesSuccessCloudFailure");
        let mut state = self.lock_state();
        let audit = state.seed.audit.clone();
        if split {
            let heals = add_millis(now, state.seed.writeback.split_heals_ms);
            if let Some(account) = state.account_by_id_mut(operation.account) {
                // The change becomes visible after the next password hash synchronisation.
                account.last_password_change = heals;
            }
        }
        if let Some(open) = state.operations.iter_mut().find(|o| o.id == operation.id) {
            open.stage = end.status_detail.clone().map_or(OperationStage::Succeeded, OperationStage::Failed);
            open.last_action_at = now;
        }
        if !audit.opted_in {
            return;
        }
        let row = AuditRecord {
            id: ids[0],
            correlation_id: ids[1],
            occurred_at: now,
            visible_from: add_millis(now, audit.delay_ms),
            activity: "Reset password (by admin)",
            service: "Self-service Password Management",
            initiator: operation.operator,
            target: operation.account,
            success: end.status_detail.is_none(),
            reason: end.status_detail.clone().unwrap_or_else(|| "Successfully completed reset.".to_owned()),
            agent: Some(end.agent.clone().unwrap_or_else(|| "None".to_owned())),
        };
        if row.success {
            let core = AuditRecord {
                id: ids[2],
                activity: "Reset user password",
                service: "Core Directory",
                agent: None,
                ..row.clone()
            };
            state.audit_records.push(core);
        }
        state.audit_records.push(row);
    }

    fn writeback_target(&self, id: Uuid) -> Option<WritebackTarget> {
        let state = self.lock_state();
        let account = state.account_by_id(id)?;
        Some(WritebackTarget {
            sam_account_name: account.sam_account_name().to_owned(),
            agent: account.seed.synced.then(|| state.seed.writeback.agent.clone()),
            unlocks_account: state.seed.writeback.unlocks,
            context_words: account
                .seed
                .name
                .split(' ')
                .map(str::to_owned)
                .chain([state.seed.organization.name.clone()])
                .collect(),
            banned_words: state.seed.organization.banned_words.clone(),
        })
    }

    /// Changes a password that must be changed at sign-in. The agent writes this change to the directory too.
    pub(super) async fn change_password(&self, id: Uuid, old: &str, new: &str) -> Result<(), AdError> {
        let target = self.writeback_target(id).ok_or(AdError::NotFound)?;
        if target.is_banned(new) || old == new {
            return Err(AdError::Policy);
        }
        if target.agent.is_some() {
            self.0.directory.change_password(&target.sam_account_name, old, new).await?;
        }
        self.set_cloud_password(id, new, false);
        Ok(())
    }
}

/// The account that a password is written to, with the settings of its writeback.
struct WritebackTarget {
    sam_account_name: String,
    /// Name of the agent; `None` for an account that is not synchronised.
    agent: Option<String>,
    unlocks_account: bool,
    /// Names of the person and of the organisation, which the password must not contain.
    context_words: Vec<String>,
    banned_words: Vec<String>,
}

impl WritebackTarget {
    fn is_banned(&self, password: &str) -> bool {
        let words: Vec<&str> = self.context_words.iter().map(String::as_str).collect();
        password::check_password(password, &words, &self.banned_words).is_err()
    }
}

/// The result of an operation: `statusDetail` if it failed, and the agent's name if one was involved.
struct WritebackResult {
    status_detail: Option<String>,
    agent: Option<String>,
}

impl WritebackResult {
    fn failed(detail: &str, agent: Option<String>) -> Self {
        Self { status_detail: Some(detail.to_owned()), agent }
    }
}

/// Returns the `statusDetail` for a directory's error. Microsoft publishes only `ResetSuccess`; the others are the
/// result names of its documentation on self-service password reset
/// (<https://learn.microsoft.com/entra/identity/authentication/concept-sspr-writeback> and
/// <https://learn.microsoft.com/entra/identity/authentication/troubleshoot-sspr-writeback>).
fn status_detail(error: &AdError) -> &'static str {
    match error {
        AdError::Policy | AdError::WrongPassword => "OnPremisesPolicyViolation",
        AdError::Denied => "OnPremisesAdminActionRequired",
        AdError::NotFound => "UserNotFound",
        AdError::Disabled => "OnPremUserAccountDisabled",
        AdError::Locked => "OnPremUserAccountLockedOut",
        AdError::Unreachable(_) => "OnPremisesConnectivityError",
    }
}

/// Returns the time from the 202 response until the operation is due, in milliseconds.
fn writeback_delay_ms(writeback: &super::seed::WritebackSeed, effects: &[FaultEffect]) -> u64 {
    let mut delay = writeback.delay_ms;
    for effect in effects {
        match effect {
            FaultEffect::Slow { ms } => delay = *ms,
            FaultEffect::AgentOffline => delay = writeback.offline_after_ms,
            _ => {}
        }
    }
    delay
}

fn add_millis(now: Timestamp, millis: u64) -> Timestamp {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    now.saturating_add(SignedDuration::from_millis(millis)).unwrap_or(Timestamp::MAX)
}
