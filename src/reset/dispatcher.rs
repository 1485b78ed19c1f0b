//! Sends the reset request to Graph once and stores the outcome.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;

use super::cause::{LIMIT_REACHED_DETAIL, ResetCause};
use super::lease_monitor::{DISPATCH_DEADLINE, hold_lease, run_heartbeat};
use super::record::PasswordReset;
use super::state::ResetEvent;
use super::store::{self, GraphCall, NewGraphResponse};
use super::throttle_queue::{QueueWait, wait_in_queue};
use super::transition::{self, AcceptedOperation, FIRST_POLL_DELAY, TransitionBasis};
use crate::base::{InFlightGuard, ObjectId, Password, PersonKey, ResetId, TimestampExt as _, crash_point};
use crate::eligibility::{HourlyAdmission, HourlyLimit, HourlyLimitGate};
use crate::entra::{DispatchOutcome, DispatchPermit, GraphRefusal, OperatorError, OperatorFault};
use crate::state::AppState;
use crate::store::StoreError;

/// Maximum delay before the first poll, whatever `Retry-After` of the 202 response says: a person is waiting.
const MAX_FIRST_POLL_DELAY: SignedDuration = SignedDuration::from_secs(30);
/// Wait after a 429 response without `Retry-After`.
const DEFAULT_RETRY_AFTER: SignedDuration = SignedDuration::from_secs(5);
/// Minimum wait after a 429 response, also for `Retry-After: 0`.
const MIN_RETRY_AFTER: SignedDuration = SignedDuration::from_secs(1);
/// Maximum number of attempts to store the outcome, one second apart. A response that Graph gave must not be lost
/// because the database is briefly unavailable.
const MAX_RECORD_ATTEMPTS: u32 = 120;

/// Committed reset that is ready to be sent.
#[derive(Clone, Copy)]
pub(super) struct PendingDispatch {
    pub(super) id: ResetId,
    pub(super) person: PersonKey,
    pub(super) created_at: Timestamp,
    /// Maximum number of people in an hour, or `None` for a canary reset, which does not count.
    pub(super) hourly_limit: Option<HourlyLimit>,
}

/// Result of one attempt to send a reset.
enum DispatchAttempt {
    /// The dispatch ended with this outcome.
    Completed(DispatchOutcome),
    /// The reset ended before the request was sent.
    NotSent(ResetCause),
    /// The hourly limit was reached before the request was sent.
    LimitReached,
}

/// Sends a committed intent once and stores the outcome. The heartbeat renews the lease meanwhile, and the in-flight
/// guard keeps this process's tracker from treating the reset as orphaned.
pub(super) async fn dispatch_with_heartbeat(
    app: AppState,
    pending: PendingDispatch,
    password: Password,
    guard: InFlightGuard,
) {
    tokio::select! {
        () = dispatch_and_record(&app, pending, password) => {}
        never = run_heartbeat(&app, pending.id) => match never {},
    }
    drop(guard);
}

async fn dispatch_and_record(app: &AppState, pending: PendingDispatch, password: Password) {
    let id = pending.id;
    let attempt = match attempt_dispatch(app, pending, &password).await {
        Ok(attempt) => attempt,
        Err(error) => {
            // The row has another owner, or the database is unavailable: the tracker ends the reset based on the row.
            tracing::error!(reset.id = %id, error = ?error, "reset dispatch failed: tracker will resolve the outcome");
            return;
        }
    };
    drop(password);
    crash_point("answered");
    for _ in 0..MAX_RECORD_ATTEMPTS {
        match record_outcome(app, id, &attempt).await {
            Ok(()) => return,
            Err(StoreError::RowNotFound) => {
                return tracing::warn!(
                    reset.id = %id,
                    "reset outcome discarded: another replica already ended the reset"
                );
            }
            Err(error) => {
                tracing::error!(reset.id = %id, error = ?error, "storing the reset outcome failed: retrying");
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Waits in the throttle queue if necessary and dispatches. Repeats only if Graph's response proves that it accepted
/// nothing.
async fn attempt_dispatch(
    app: &AppState,
    pending: PendingDispatch,
    password: &Password,
) -> Result<DispatchAttempt, StoreError> {
    let PendingDispatch { id, person, created_at, .. } = pending;
    // The waiting time is measured by the monotonic clock, which cannot be set.
    let began = app.clock.elapsed();
    let limit = Duration::from_secs(u64::try_from(app.config.reset.line_limit_seconds).unwrap_or(0));
    let mut is_token_renewed = false;
    loop {
        let rest = limit.saturating_sub(app.clock.elapsed().saturating_sub(began));
        // Bounds the total time also if each wait is short, so that repeated 429 responses end at the limit.
        if rest.is_zero() || wait_in_queue(app, id, created_at, rest).await? == QueueWait::TooLong {
            return Ok(DispatchAttempt::NotSent(ResetCause::Throttled));
        }
        // The token comes first, because nothing may take long between `dispatched_at` and the request.
        let ready = match app.entra.operator.ensure_ready().await {
            Ok(ready) => ready,
            Err(error) => return handle_operator_error(id, error),
        };
        crash_point("turn-reached");
        let leaves_before = app.clock.elapsed() + DISPATCH_DEADLINE;
        if mark_admitted(app, pending, ready.operator.object).await? == HourlyAdmission::LimitReached {
            return Ok(DispatchAttempt::LimitReached);
        }
        crash_point("dispatched");
        let permit = DispatchPermit::load(&app.db, id, person, leaves_before).await?;
        let refusal = match app.entra.operator.reset_password(&ready, &permit, password).await {
            Ok(DispatchOutcome::Retryable { refusal }) => refusal,
            Ok(outcome) => return Ok(DispatchAttempt::Completed(outcome)),
            Err(error) => return handle_operator_error(id, error),
        };
        crash_point("not-taken");
        let now = app.now();
        store::clear_dispatched(&app.db, hold_lease(app, id, now)).await?;
        if refusal.status == StatusCode::TOO_MANY_REQUESTS {
            let wait = refusal.retry_after.unwrap_or(DEFAULT_RETRY_AFTER).max(MIN_RETRY_AFTER);
            store::save_throttle_until(&app.db, now.later(wait)).await?;
        } else if is_token_renewed {
            return Ok(DispatchAttempt::Completed(DispatchOutcome::Refused { refusal }));
        } else {
            is_token_renewed = true;
            app.entra.operator.expire_access_token().await?;
        }
    }
}

/// Marks the dispatch, if the hourly limit admits the person. Both in one transaction, so that resets of all replicas at
/// once cannot exceed the limit.
async fn mark_admitted(
    app: &AppState,
    pending: PendingDispatch,
    operator: ObjectId,
) -> Result<HourlyAdmission, StoreError> {
    let PendingDispatch { id, person, hourly_limit, .. } = pending;
    let mut transaction = app.audit_log.begin().await?;
    let admission = match hourly_limit {
        Some(limit) => HourlyLimitGate::new(app, limit).admit_person(&mut transaction, person).await?,
        None => HourlyAdmission::Admitted,
    };
    if admission == HourlyAdmission::Admitted {
        let now = app.now();
        store::mark_dispatched(transaction.tx(), hold_lease(app, id, now), operator, now).await?;
    }
    transaction.commit().await?;
    Ok(admission)
}

/// Ends the attempt if the operator has no token. Nothing was sent.
fn handle_operator_error(id: ResetId, error: OperatorError) -> Result<DispatchAttempt, StoreError> {
    match error {
        OperatorError::Store(error) => return Err(error),
        OperatorError::RefreshTimedOut => return Err(StoreError::RowNotFound),
        _ => {}
    }
    tracing::warn!(reset.id = %id, error = ?error, "reset not sent: operator unavailable");
    Ok(DispatchAttempt::NotSent(ResetCause::OperatorUnavailable))
}

async fn record_outcome(app: &AppState, id: ResetId, attempt: &DispatchAttempt) -> Result<(), StoreError> {
    let reset = store::load_by_id(&app.db, id).await?.ok_or(StoreError::RowNotFound)?;
    let not_sent = async |cause, detail| {
        let basis = TransitionBasis { detail, ..TransitionBasis::default() };
        transition::apply_event(app, &reset, ResetEvent::Refused(cause), basis).await
    };
    match attempt {
        DispatchAttempt::NotSent(cause) => not_sent(*cause, None).await,
        DispatchAttempt::LimitReached => not_sent(ResetCause::NotSent, Some(LIMIT_REACHED_DETAIL)).await,
        DispatchAttempt::Completed(DispatchOutcome::NotSent) => not_sent(ResetCause::NotSent, None).await,
        DispatchAttempt::Completed(DispatchOutcome::NoAnswer { status, request_id }) => {
            let response = NewGraphResponse {
                call: GraphCall::Reset,
                status: status.unwrap_or(0),
                request_id: request_id.as_deref(),
                detail: None,
            };
            transition::apply_event(app, &reset, ResetEvent::NoAnswer, response.into()).await
        }
        DispatchAttempt::Completed(DispatchOutcome::Refused { refusal } | DispatchOutcome::Retryable { refusal }) => {
            apply_refusal(app, &reset, refusal).await
        }
        DispatchAttempt::Completed(DispatchOutcome::Accepted { operation_url, retry_after, request_id }) => {
            let operation = AcceptedOperation {
                url: operation_url.as_ref().map(|url| url.as_url().as_str()),
                request_id: request_id.as_deref(),
                first_poll_delay: retry_after.unwrap_or(FIRST_POLL_DELAY).min(MAX_FIRST_POLL_DELAY),
            };
            transition::apply_acceptance(app, &reset, &operation).await
        }
    }
}

async fn apply_refusal(app: &AppState, reset: &PasswordReset, refusal: &GraphRefusal) -> Result<(), StoreError> {
    let detail = format!("{} {}", refusal.code.as_deref().unwrap_or("-"), refusal.message);
    let response = NewGraphResponse {
        call: GraphCall::Reset,
        status: refusal.status.as_u16(),
        request_id: refusal.request_id.as_deref(),
        detail: Some(&detail),
    };
    let mut cause = ResetCause::from_refusal(refusal);
    if refusal.status == StatusCode::FORBIDDEN {
        // HTTP 403 means either that this account is protected or that the operator lost its role.
        match app.entra.operator.check_role().await {
            Err(OperatorError::Fault(OperatorFault::Role)) => cause = ResetCause::OperatorRoleMissing,
            Err(error) => {
                tracing::warn!(error = ?error, "operator role check after HTTP 403 failed: keeping cause R-DENIED");
            }
            Ok(_) => {}
        }
    }
    transition::apply_event(app, reset, ResetEvent::Refused(cause), response.into()).await
}
