//! Commits the intent of a reset and starts the task that sends it.

use axum::extract::FromRef;
use jiff::{SignedDuration, Timestamp};

use super::lease_monitor::LEASE_DURATION;
use super::state::ResetState;
use super::{dispatcher, store};
use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::base::{InFlightResets, PersonKey, ReferenceCode, ResetId, TimestampExt as _, crash_point};
use crate::eligibility::{EligibilityChecker, QuotaOutcome};
use crate::notify;
use crate::password_policy::NewPassword;
use crate::people::PersonProfile;
use crate::state::AppState;
use crate::store::{RateLimitExceeded, StoreError};

/// Minimum time between a split reset and the next one. The cloud catches up within this time.
const SPLIT_RETRY_DELAY: SignedDuration = SignedDuration::from_mins(30);

/// Entry point for handlers and loops that work with resets.
#[derive(Clone)]
pub(crate) struct ResetService {
    pub(super) app: AppState,
    pub(super) in_flight: InFlightResets,
}

impl FromRef<AppState> for ResetService {
    fn from_ref(app: &AppState) -> Self {
        Self { app: app.clone(), in_flight: app.in_flight.clone() }
    }
}

/// Initiator of a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResetInitiator {
    /// The signed-in person.
    Person,
    /// The canary schedule, for the test account.
    Canary,
}

/// Reason why no reset was started. The password was not used.
#[derive(Debug)]
pub(super) enum SubmitError {
    /// Another reset of this person is unfinished.
    AlreadyRunning(ReferenceCode),
    /// The person exceeded the rate limit.
    RateLimited(RateLimitExceeded),
    /// The helpdesk's reset grant is missing, for example because another tab used it.
    GrantMissing,
    Store(StoreError),
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Effect of the person's newest reset on a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PriorReset {
    NotBlocking,
    Running(ReferenceCode),
    /// The earlier password may be set: the person should try it first.
    Unknown(ReferenceCode),
    /// The directory has the password and the cloud does not yet. No new reset before this time.
    Split(ReferenceCode, Timestamp),
}

impl ResetService {
    /// Returns what the person's newest reset means for a new one.
    pub(super) async fn load_prior_reset(&self, person: PersonKey) -> Result<PriorReset, StoreError> {
        let Some(latest) = store::load_latest(&self.app.db, person).await? else { return Ok(PriorReset::NotBlocking) };
        let now = self.app.now();
        Ok(match latest.state {
            ResetState::Sending | ResetState::Writing => PriorReset::Running(latest.reference),
            ResetState::Unknown if !latest.is_final(now) => PriorReset::Unknown(latest.reference),
            ResetState::Split => {
                let until = latest.settled_at.unwrap_or(latest.updated_at).later(SPLIT_RETRY_DELAY);
                if now < until { PriorReset::Split(latest.reference, until) } else { PriorReset::NotBlocking }
            }
            _ => PriorReset::NotBlocking,
        })
    }

    /// Commits the intent and spawns the dispatch. The task belongs to the process, so a closed browser does not stop
    /// it.
    pub(super) async fn submit(
        &self,
        by: ResetInitiator,
        person: PersonKey,
        facts: &PersonProfile,
        password: NewPassword,
    ) -> Result<ReferenceCode, SubmitError> {
        let now = self.app.now();
        let id = ResetId::new(&self.app.random, now);
        let reference = ReferenceCode::new(&self.app.random);
        let guard = EligibilityChecker::from_ref(&self.app);
        // Before the transaction, because it asks Graph and would hold the database lock meanwhile.
        let needs_approval = by == ResetInitiator::Person && guard.needs_approval(facts).await;
        let mut transaction = self.app.audit_log.begin().await?;
        let lease_until = now.later(LEASE_DURATION);
        let intent = store::ResetIntent {
            id,
            reference: &reference,
            person,
            profile: facts,
            owner: &self.app.instance_id,
            lease_until,
            now,
        };
        match store::insert_intent(transaction.tx(), &intent).await {
            Ok(()) => {}
            Err(StoreError::AlreadyExists) => {
                // Writes nothing, and waits for the transaction of the conflicting reset, which may still be
                // committing.
                transaction.commit().await?;
                return Err(self.load_running_error(person).await?);
            }
            Err(error) => return Err(error.into()),
        }
        match by {
            ResetInitiator::Person => {
                self.apply_quota_and_notice(&mut transaction, (id, person, now), facts, needs_approval).await?
            }
            ResetInitiator::Canary => store::mark_canary(transaction.tx(), id).await?,
        }
        if facts.locked_in_directory {
            store::mark_was_locked(transaction.tx(), id).await?;
        }
        if let (Some(before), Some(account)) = (facts.previous_password_set, &facts.account_name) {
            store::save_password_baseline(transaction.tx(), id, &account.to_string(), before).await?;
        }
        store::mark_changed(transaction.tx(), id, now).await?;
        let actor = if by == ResetInitiator::Person { AuditActor::Person(person) } else { AuditActor::Portal };
        let event = AuditEvent::new("reset.requested", actor)
            .with_subject(person)
            .with_reset(id)
            .with_detail("canary", by == ResetInitiator::Canary);
        transaction.record_event(
            event.with_detail("reference", reference.to_string()).with_personal_detail("upn", facts.upn.clone()),
        );
        // Marked before the row is visible, so that this process's tracker does not treat it as orphaned.
        let marked = self.in_flight.insert(id);
        transaction.commit().await?;
        crash_point("intent-committed");
        let sent = dispatcher::PendingDispatch { id, person, created_at: now };
        self.app.background_tasks.spawn(dispatcher::dispatch_with_heartbeat(
            self.clone(),
            sent,
            password.into_inner(),
            marked,
        ));
        Ok(reference)
    }

    /// Enqueues the notification and consumes the quota. Only for a person's reset, not for the canary.
    async fn apply_quota_and_notice(
        &self,
        transaction: &mut AuditedTransaction,
        (id, person, now): (ResetId, PersonKey, Timestamp),
        facts: &PersonProfile,
        needs_approval: bool,
    ) -> Result<(), SubmitError> {
        notify::enqueue_reset_notice(transaction.tx(), &self.app, id, facts, now).await?;
        let guard = EligibilityChecker::from_ref(&self.app);
        match guard.consume_quota(transaction.tx(), person, id, needs_approval).await? {
            QuotaOutcome::WithinLimit => Ok(()),
            QuotaOutcome::GrantUsed => {
                transaction.record_event(
                    AuditEvent::new("guard.grant_used", AuditActor::Person(person)).with_subject(person).with_reset(id),
                );
                Ok(())
            }
            QuotaOutcome::GrantMissing => Err(SubmitError::GrantMissing),
            QuotaOutcome::Limited(refused) => Err(SubmitError::RateLimited(refused)),
        }
    }

    /// Returns the error that names the unfinished reset.
    async fn load_running_error(&self, person: PersonKey) -> Result<SubmitError, StoreError> {
        let latest = store::load_latest(&self.app.db, person).await?;
        // The other reset may have ended meanwhile; its status page shows that.
        latest.map(|reset| SubmitError::AlreadyRunning(reset.reference)).ok_or(StoreError::RowNotFound)
    }
}
