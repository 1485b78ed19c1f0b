//! Commits the intent of a reset and starts the task that sends it.

use axum::extract::FromRef as _;
use jiff::Timestamp;

use super::lease_monitor::LEASE_DURATION;
use super::service::ResetService;
use super::{dispatcher, store};
use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::base::{PersonKey, ReferenceCode, ResetId, TimestampExt as _, crash_point};
use crate::eligibility::{
    EligibilityChecker, HourlyAdmission, HourlyLimit, HourlyLimitGate, QuotaOutcome, load_hourly_limit,
};
use crate::notify;
use crate::password_policy::NewPassword;
use crate::people::PersonProfile;
use crate::state::AppState;
use crate::store::{RateLimitExceeded, StoreError};

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
    /// The hourly limit is reached, and all resets are paused.
    HourlyLimitReached,
    Store(StoreError),
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// New reset whose intent is being committed.
struct NewReset<'a> {
    id: ResetId,
    reference: ReferenceCode,
    initiator: ResetInitiator,
    person: PersonKey,
    profile: &'a PersonProfile,
    now: Timestamp,
    /// The helpdesk has to approve the reset.
    needs_approval: bool,
}

impl ResetService {
    /// Commits the intent and spawns the dispatch. The task belongs to the process, so a closed browser does not stop
    /// it.
    pub(super) async fn submit(
        &self,
        initiator: ResetInitiator,
        person: PersonKey,
        profile: &PersonProfile,
        password: NewPassword,
    ) -> Result<ReferenceCode, SubmitError> {
        let app = &self.app;
        let hourly_limit = match initiator {
            ResetInitiator::Person => Some(pass_hourly_limit(app, person).await?),
            ResetInitiator::Canary => None,
        };
        let now = app.now();
        let reset = NewReset {
            id: ResetId::new(&app.random, now),
            reference: ReferenceCode::new(&app.random),
            initiator,
            person,
            profile,
            now,
            // Before the transaction, because it asks Graph and would hold the database lock meanwhile.
            needs_approval: initiator == ResetInitiator::Person
                && EligibilityChecker::from_ref(app).needs_approval(profile).await,
        };
        let mut transaction = app.audit_log.begin().await?;
        match insert_intent(app, &mut transaction, &reset).await {
            Ok(()) => {}
            Err(StoreError::AlreadyExists) => {
                // Writes nothing, and waits for the transaction of the conflicting reset, which may still be
                // committing.
                transaction.commit().await?;
                return Err(load_running_error(app, person).await?);
            }
            Err(error) => return Err(error.into()),
        }
        complete_intent(app, &mut transaction, &reset).await?;
        // Marked before the row is visible, so that this process's tracker does not treat it as orphaned.
        let guard = app.in_flight.insert(reset.id);
        transaction.commit().await?;
        crash_point("intent-committed");
        let pending = dispatcher::PendingDispatch { id: reset.id, person, created_at: now, hourly_limit };
        let dispatch = dispatcher::dispatch_with_heartbeat(app.clone(), pending, password.into_inner(), guard);
        app.background_tasks.spawn(dispatch);
        Ok(reset.reference)
    }
}

/// Returns the hourly limit for the dispatch, unless one more person would exceed it now.
async fn pass_hourly_limit(app: &AppState, person: PersonKey) -> Result<HourlyLimit, SubmitError> {
    let limit = load_hourly_limit(app).await;
    match HourlyLimitGate::new(app, limit).check_person(&app.db, &app.audit_log, person).await? {
        HourlyAdmission::Admitted => Ok(limit),
        HourlyAdmission::LimitReached => Err(SubmitError::HourlyLimitReached),
    }
}

async fn insert_intent(
    app: &AppState,
    transaction: &mut AuditedTransaction,
    reset: &NewReset<'_>,
) -> Result<(), StoreError> {
    let intent = store::ResetIntent {
        id: reset.id,
        reference: &reset.reference,
        person: reset.person,
        profile: reset.profile,
        owner: &app.instance_id,
        lease_until: reset.now.later(LEASE_DURATION),
        now: reset.now,
    };
    store::insert_intent(transaction.tx(), &intent).await
}

/// Stores everything that belongs to an inserted intent, and its audit event.
async fn complete_intent(
    app: &AppState,
    transaction: &mut AuditedTransaction,
    reset: &NewReset<'_>,
) -> Result<(), SubmitError> {
    let NewReset { id, person, profile, now, .. } = *reset;
    let actor = match reset.initiator {
        ResetInitiator::Person => {
            apply_quota_and_notice(app, transaction, reset).await?;
            AuditActor::Person(person)
        }
        ResetInitiator::Canary => {
            store::mark_canary(transaction.tx(), id).await?;
            AuditActor::Portal
        }
    };
    if profile.locked_in_directory {
        store::mark_was_locked(transaction.tx(), id).await?;
    }
    if let (Some(before), Some(account)) = (profile.previous_password_set, &profile.account_name) {
        store::save_password_baseline(transaction.tx(), id, &account.to_string(), before).await?;
    }
    store::mark_changed(transaction.tx(), id, now).await?;
    let event = AuditEvent::new("reset.requested", actor)
        .with_subject(person)
        .with_reset(id)
        .with_detail("canary", reset.initiator == ResetInitiator::Canary);
    transaction.record_event(
        event.with_detail("reference", reset.reference.to_string()).with_personal_detail("upn", profile.upn.clone()),
    );
    Ok(())
}

/// Enqueues the notification and consumes the quota. Only for a person's reset, not for the canary.
async fn apply_quota_and_notice(
    app: &AppState,
    transaction: &mut AuditedTransaction,
    reset: &NewReset<'_>,
) -> Result<(), SubmitError> {
    let NewReset { id, person, profile, now, needs_approval, .. } = *reset;
    notify::enqueue_reset_notice(transaction.tx(), app, id, profile, now).await?;
    let checker = EligibilityChecker::from_ref(app);
    match checker.consume_quota(transaction.tx(), person, id, needs_approval).await? {
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
async fn load_running_error(app: &AppState, person: PersonKey) -> Result<SubmitError, StoreError> {
    let latest = store::load_latest(&app.db, person).await?;
    // The other reset may have ended meanwhile; its status page shows that.
    latest.map(|reset| SubmitError::AlreadyRunning(reset.reference)).ok_or(StoreError::RowNotFound)
}
