//! Checks whether a person may reset now.
//!
//! The check runs when the form opens, before a password is typed, and again at submit.

mod holds;
mod hourly_limit;
mod pause;
mod pause_reason;
mod reset_grants;

pub(crate) use holds::{HoldOutcome, is_on_hold, lift_hold, on_hold_since, place_hold, place_hold_by_staff};
pub(crate) use hourly_limit::{HourlyAdmission, HourlyLimit, HourlyLimitGate, load_hourly_limit};
pub(crate) use pause::{ActivePause, LastResume, PauseActor, PauseChangeOutcome, PauseReason, PausedBy, ResetPause};
pub(crate) use pause_reason::StatedReason;
pub(crate) use reset_grants::{cancel_reset_grants, insert_reset_grant, load_grant_uses};

use axum::extract::FromRef;
use jiff::{SignedDuration, Timestamp};

use crate::base::{PersonKey, ResetId};
use crate::config::ApprovalRequirement;
use crate::entra::{OperatorError, OperatorFault};
use crate::people::{DirectoryLookup, PeopleService, PersonProfile, ResetProtection, RiskLookup};
use crate::state::AppState;
use crate::store::{RateLimit, RateLimitExceeded, RateLimiter, StoreError, Tx};

/// Reason why a person cannot reset now. The message catalogue has `stopped-<code>-title`, `-text` and `-do`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BlockReason {
    /// All resets are paused, manually or by the hourly limit.
    Paused(PauseReason),
    /// The person is on hold, for example after a report that they did not request a reset.
    OnHold,
    /// The organisation requires the helpdesk to verify this person first.
    ApprovalRequired,
    /// The reset operator is not linked, or has a fault.
    OperatorUnavailable(Option<OperatorFault>),
    /// The account is the reset operator itself.
    OperatorAccount,
    /// Microsoft does not let the operator's role reset this account.
    Protected(ResetProtection),
    Guest,
    Disabled,
    /// The account has expired in Active Directory.
    AccountExpired,
    /// The account is a protected administrator in Active Directory, which no writeback agent may change.
    ProtectedInDirectory,
    /// "User cannot change password" is set in Active Directory.
    CannotChangePassword,
    /// The password has not reached the minimum age. It can be changed from this time on.
    PasswordTooYoung(Timestamp),
    /// Graph or the token endpoint did not return the facts that the check needs.
    CannotCheck,
}

impl BlockReason {
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Paused(PauseReason::HourlyLimit) => "G-CEILING",
            Self::Paused(PauseReason::Manual) => "G-PAUSED",
            Self::OnHold => "G-FROZEN",
            Self::ApprovalRequired => "G-APPROVAL",
            Self::OperatorUnavailable(_) => "G-OPERATOR",
            Self::OperatorAccount => "G-OPERATOR-ACCOUNT",
            Self::Protected(ResetProtection::OutsideUnit) => "G-OUTSIDE",
            Self::Protected(_) => "G-PROTECTED",
            Self::Guest => "G-GUEST",
            Self::Disabled => "G-DISABLED",
            Self::AccountExpired => "G-EXPIRED",
            Self::ProtectedInDirectory => "G-PROTECTED-AD",
            Self::CannotChangePassword => "G-CANNOT-CHANGE",
            Self::PasswordTooYoung(_) => "G-TOO-YOUNG",
            Self::CannotCheck => "G-CANNOT-CHECK",
        }
    }
}

/// Returns what Active Directory would refuse anyway, so that the person knows before typing a password. A lockout is
/// not a block reason, because the reset may unlock the account.
fn directory_block_reason(directory: &DirectoryLookup, now: Timestamp) -> Option<BlockReason> {
    let account = directory.account()?;
    match () {
        () if account.disabled => Some(BlockReason::Disabled),
        () if account.expired => Some(BlockReason::AccountExpired),
        () if account.protected => Some(BlockReason::ProtectedInDirectory),
        () if account.cannot_change == Some(true) => Some(BlockReason::CannotChangePassword),
        () => directory.minimum_age_ends_at(now).map(BlockReason::PasswordTooYoung),
    }
}

/// Outcome of counting a reset against the person's quota.
#[derive(Debug)]
pub(crate) enum QuotaOutcome {
    WithinLimit,
    /// A helpdesk grant was consumed.
    GrantUsed,
    /// The reset needs a grant, and another request consumed it first.
    GrantMissing,
    Limited(RateLimitExceeded),
}

/// Checks whether a person may reset, and counts resets against the limits.
#[derive(Clone)]
pub(crate) struct EligibilityChecker {
    app: AppState,
    people: PeopleService,
    reset_pause: ResetPause,
}

impl FromRef<AppState> for EligibilityChecker {
    fn from_ref(app: &AppState) -> Self {
        Self { app: app.clone(), people: PeopleService::from_ref(app), reset_pause: ResetPause::new(app.db.clone()) }
    }
}

impl EligibilityChecker {
    /// Returns the first reason that blocks a reset, or `None`. An unavailable database is an error, not a block
    /// reason.
    pub(crate) async fn check(
        &self,
        facts: &PersonProfile,
        directory: &DirectoryLookup,
    ) -> Result<Option<BlockReason>, StoreError> {
        if let Some(pause) = self.reset_pause.load_pause_reason().await? {
            return Ok(Some(BlockReason::Paused(pause)));
        }
        let person = PersonKey { tenant: self.app.config.tenant_id(), object: facts.id };
        if holds::is_on_hold(&self.app.db, person).await? {
            return Ok(Some(BlockReason::OnHold));
        }
        if facts.guest && !self.app.config.signin.allow_guests {
            return Ok(Some(BlockReason::Guest));
        }
        if !facts.enabled {
            return Ok(Some(BlockReason::Disabled));
        }
        if let Some(stopped) = directory_block_reason(directory, self.app.now()) {
            return Ok(Some(stopped));
        }
        let operator = match self.app.entra.operator.ensure_ready().await {
            Ok(ready) => ready.operator,
            Err(OperatorError::Store(error)) => return Err(error),
            Err(OperatorError::RefreshTimedOut) => return Err(StoreError::RowNotFound),
            Err(OperatorError::Fault(trouble)) => return Ok(Some(BlockReason::OperatorUnavailable(Some(trouble)))),
            Err(OperatorError::NotLinked) => return Ok(Some(BlockReason::OperatorUnavailable(None))),
            Err(error) => {
                tracing::warn!(error = ?error, "eligibility check failed: operator token unavailable");
                return Ok(Some(BlockReason::CannotCheck));
            }
        };
        if operator.object == facts.id {
            return Ok(Some(BlockReason::OperatorAccount));
        }
        match self.people.assess_protection(facts, &operator.reset_role).await {
            Ok(None) => self.check_approval(facts, person).await,
            Ok(Some(protection)) => Ok(Some(BlockReason::Protected(protection))),
            // Fails closed: a person whose roles cannot be fetched counts as privileged.
            Err(error) => {
                tracing::warn!(error = ?error, "eligibility check failed: role assignments unavailable");
                Ok(Some(BlockReason::CannotCheck))
            }
        }
    }

    /// Returns [`BlockReason::ApprovalRequired`] if this person needs a reset grant and has none.
    async fn check_approval(
        &self,
        facts: &PersonProfile,
        person: PersonKey,
    ) -> Result<Option<BlockReason>, StoreError> {
        if !self.needs_approval(facts).await
            || reset_grants::has_reset_grant(&self.app.db, person, self.app.now()).await?
        {
            return Ok(None);
        }
        Ok(Some(BlockReason::ApprovalRequired))
    }

    /// Returns whether this person needs a reset grant from the helpdesk, by `reset.approval` or by user risk.
    pub(crate) async fn needs_approval(&self, facts: &PersonProfile) -> bool {
        let by_power = match self.app.config.reset.approval {
            ApprovalRequirement::Never => false,
            ApprovalRequirement::Always => true,
            ApprovalRequirement::Privileged => self.people.assess_privilege(facts).await.is_privileged(),
        };
        by_power || self.risk_needs_approval(facts).await
    }

    /// Returns whether the user risk reaches `risk.approval_from`. Fails closed: an unreadable risk needs approval.
    async fn risk_needs_approval(&self, facts: &PersonProfile) -> bool {
        let Some(level) = self.app.config.risk.as_ref().and_then(|risk| risk.approval_from) else { return false };
        match self.people.cached_risk(facts.id).await {
            Ok(RiskLookup::Listed(risk)) => risk.is_at_or_above(level),
            Ok(RiskLookup::NotListed) => false,
            Ok(RiskLookup::NotAvailable) => {
                tracing::warn!("user risk not readable: risk.approval_from requires helpdesk approval for every reset");
                true
            }
            Err(error) => {
                tracing::warn!(error = ?error, "user risk request failed: this reset requires helpdesk approval");
                true
            }
        }
    }

    /// Counts a reset in the transaction of its intent, so that a reset that does not start is not counted.
    ///
    /// A reset that needs approval consumes a grant. Any other reset counts against the person's hourly rate limit, and
    /// consumes a grant when that limit is reached.
    pub(crate) async fn consume_quota(
        &self,
        tx: &mut Tx,
        person: PersonKey,
        reset: ResetId,
        needs_approval: bool,
    ) -> Result<QuotaOutcome, StoreError> {
        let (app, now) = (&self.app, self.app.now());
        if needs_approval {
            let granted = reset_grants::consume_reset_grant(tx, person, reset, now).await?;
            return Ok(if granted { QuotaOutcome::GrantUsed } else { QuotaOutcome::GrantMissing });
        }
        let limit = RateLimit { count: app.config.reset.per_person_hour, window: SignedDuration::from_hours(1) };
        Ok(match RateLimiter::try_acquire_in(tx, &format!("reset:{}", person.object), limit, now).await? {
            Ok(()) => QuotaOutcome::WithinLimit,
            Err(_) if reset_grants::consume_reset_grant(tx, person, reset, now).await? => QuotaOutcome::GrantUsed,
            Err(refused) => QuotaOutcome::Limited(refused),
        })
    }
}
