//! Emulates password writeback: the steps between Graph's 202 response and the end of the operation.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::EmulatedTenant;
use super::ad::{AdError, DirectoryResetOptions};
use super::faults::FaultEffect;
use super::password::{self, PasswordDigest};
use super::world::{AuditRecord, OperationStage, PendingOperation};
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
    pub(super) fn accept(&self, accepted: AcceptedReset) -> Uuid {
        let now = self.clock().now();
        let id = self.random().uuid();
        let mut world = self.world();
        let delay = delay(&world.seed.writeback, &accepted.effects);
        world.operations.push(PendingOperation {
            id,
            account: accepted.account,
            operator: accepted.operator,
            created: now,
            due: after(now, delay),
            last_action: now,
            stage: OperationStage::Waiting,
            lost: accepted.lost,
            path: accepted.effects,
            job: Some(accepted.password),
        });
        id
    }

    /// Completes all operations that are due. May be called concurrently: each operation is taken once.
    pub(super) async fn run_due(&self) {
        while let Some((operation, password)) = self.take_due() {
            let end = self.carry(&operation, &password).await;
            self.close(&operation, &end);
        }
    }

    fn take_due(&self) -> Option<(PendingOperation, Secret)> {
        let now = self.clock().now();
        let mut world = self.world();
        let operation = world.operations.iter_mut().find(|o| o.stage == OperationStage::Waiting && o.due <= now)?;
        operation.stage = OperationStage::Carrying;
        let password = operation.job.take()?;
        Some((operation.clone(), password))
    }

    /// Applies faults and Entra's password checks, then writes the password to the directory and to the cloud.
    async fn carry(&self, operation: &PendingOperation, password: &Secret) -> WritebackResult {
        let Some(target) = self.target(operation.account) else { return WritebackResult::failed("UserNotFound", None) };
        for effect in &operation.path {
            match effect {
                FaultEffect::AgentOffline => return WritebackResult::failed("OnPremisesConnectivityError", None),
                FaultEffect::Fails { detail } => return WritebackResult::failed(detail, None),
                FaultEffect::CloudOnly => return self.write_cloud(operation, password, None),
                _ => {}
            }
        }
        let new = password.expose_secret();
        if target.banned(new) {
            return WritebackResult::failed("FuzzyPolicyViolationInvalidPassword", None);
        }
        let Some(agent) = target.agent else { return self.write_cloud(operation, password, None) };
        let options = DirectoryResetOptions { unlock: target.unlocks, must_change: true };
        match self.0.directory.reset(&target.sam, new, options).await {
            Ok(()) if operation.path.contains(&FaultEffect::Split) => {
                WritebackResult::failed("OnPremisesSuccessCloudFailure", Some(agent))
            }
            Ok(()) => self.write_cloud(operation, password, Some(agent)),
            Err(error) => {
                tracing::warn!(%error, "password writeback failed: directory rejected the change");
                WritebackResult::failed(detail(&error), Some(agent))
            }
        }
    }

    /// Sets the password in the cloud and completes the operation successfully.
    fn write_cloud(&self, operation: &PendingOperation, password: &Secret, agent: Option<String>) -> WritebackResult {
        self.set_cloud_password(operation.account, password.expose_secret(), true);
        WritebackResult { detail: None, agent }
    }

    /// Sets an account's password in the cloud.
    pub(super) fn set_cloud_password(&self, account: Uuid, new: &str, must_change: bool) {
        let digest = PasswordDigest::of(new, self.random());
        let now = self.clock().now();
        if let Some(account) = self.world().account_mut(account) {
            account.password = digest;
            account.must_change = must_change && !account.seed.ad.password_never_expires;
            account.last_password_change = now;
            account.password_set_at = now;
        }
    }

    /// Records the result in the operation and in the directory audit log.
    fn close(&self, operation: &PendingOperation, end: &WritebackResult) {
        let now = self.clock().now();
        let ids: [Uuid; 3] = std::array::from_fn(|_| self.random().uuid());
        let split = end.detail.as_deref() == Some("OnPremisesSuccessCloudFailure");
        let mut world = self.world();
        let audit = world.seed.audit.clone();
        if split {
            let heals = after(now, world.seed.writeback.split_heals_ms);
            if let Some(account) = world.account_mut(operation.account) {
                // The change becomes visible after the next password hash synchronisation.
                account.last_password_change = heals;
            }
        }
        if let Some(open) = world.operations.iter_mut().find(|o| o.id == operation.id) {
            open.stage = end.detail.clone().map_or(OperationStage::Succeeded, OperationStage::Failed);
            open.last_action = now;
        }
        if !audit.opted_in {
            return;
        }
        let row = AuditRecord {
            id: ids[0],
            correlation: ids[1],
            at: now,
            shown_from: after(now, audit.delay_ms),
            activity: "Reset password (by admin)",
            service: "Self-service Password Management",
            initiator: operation.operator,
            target: operation.account,
            success: end.detail.is_none(),
            reason: end.detail.clone().unwrap_or_else(|| "Successfully completed reset.".to_owned()),
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
            world.audits.push(core);
        }
        world.audits.push(row);
    }

    fn target(&self, id: Uuid) -> Option<WritebackTarget> {
        let world = self.world();
        let account = world.account(id)?;
        Some(WritebackTarget {
            sam: account.sam().to_owned(),
            agent: account.seed.synced.then(|| world.seed.writeback.agent.clone()),
            unlocks: world.seed.writeback.unlocks,
            words: account
                .seed
                .name
                .split(' ')
                .map(str::to_owned)
                .chain([world.seed.organization.name.clone()])
                .collect(),
            custom: world.seed.organization.banned_words.clone(),
        })
    }

    /// Changes a password that must be changed at sign-in. The agent writes this change to the directory too.
    pub(super) async fn change(&self, id: Uuid, old: &str, new: &str) -> Result<(), AdError> {
        let target = self.target(id).ok_or(AdError::NotFound)?;
        if target.banned(new) || old == new {
            return Err(AdError::Policy);
        }
        if target.agent.is_some() {
            self.0.directory.change(&target.sam, old, new).await?;
        }
        self.set_cloud_password(id, new, false);
        Ok(())
    }
}

/// The account that a password is written to, with the settings of its writeback.
struct WritebackTarget {
    sam: String,
    /// Name of the agent; `None` for an account that is not synchronised.
    agent: Option<String>,
    unlocks: bool,
    /// Names of the person and of the organisation, which the password must not contain.
    words: Vec<String>,
    custom: Vec<String>,
}

impl WritebackTarget {
    fn banned(&self, password: &str) -> bool {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        password::verdict(password, &words, &self.custom).is_err()
    }
}

/// The result of an operation: `statusDetail` if it failed, and the agent's name if one was involved.
struct WritebackResult {
    detail: Option<String>,
    agent: Option<String>,
}

impl WritebackResult {
    fn failed(detail: &str, agent: Option<String>) -> Self {
        Self { detail: Some(detail.to_owned()), agent }
    }
}

/// Returns the `statusDetail` for a directory's error. Microsoft publishes only `ResetSuccess`; the others are the
/// result names of its documentation on self-service password reset
/// (<https://learn.microsoft.com/entra/identity/authentication/concept-sspr-writeback> and
/// <https://learn.microsoft.com/entra/identity/authentication/troubleshoot-sspr-writeback>).
fn detail(error: &AdError) -> &'static str {
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
fn delay(writeback: &super::seed::WritebackSeed, effects: &[FaultEffect]) -> u64 {
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

fn after(now: Timestamp, millis: u64) -> Timestamp {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    now.saturating_add(SignedDuration::from_millis(millis)).unwrap_or(Timestamp::MAX)
}
