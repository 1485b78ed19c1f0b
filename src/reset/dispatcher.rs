//! Sends the reset request to Graph once and stores the outcome.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;

use super::cause::ResetCause;
use super::lease_monitor::{DISPATCH_DEADLINE, LEASE_DURATION, run_heartbeat};
use super::record::{EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use super::state::{ResetEvent, ResetState};
use super::store::{self, NewGraphResponse, StateTransition};
use super::submission::ResetService;
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{InFlightGuard, Password, PersonKey, ResetId, TimestampExt as _, crash_point};
use crate::entra::{DispatchOutcome, DispatchPermit, GraphRefusal, OperatorError, OperatorFault};
use crate::store::StoreError;

/// Delay between the 202 response and the first poll of the operation.
const FIRST_POLL_DELAY: SignedDuration = SignedDuration::from_millis(1_000);
/// Maximum delay before the first poll, whatever `Retry-After` of the 202 response says: a person is waiting.
const MAX_FIRST_POLL_DELAY: SignedDuration = SignedDuration::from_secs(30);
/// Wait after a 429 response without `Retry-After`.
const DEFAULT_RETRY_AFTER: SignedDuration = SignedDuration::from_secs(5);
/// Interval at which the status page of a queued reset is updated with its position.
const QUEUE_UPDATE_INTERVAL: SignedDuration = SignedDuration::from_secs(2);
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
}

/// Result of one attempt to send a reset.
enum DispatchAttempt {
    /// The dispatch ended with this outcome.
    Completed(DispatchOutcome),
    /// The reset ended before the request was sent.
    NotSent(ResetCause),
}

/// Sends a committed intent once and stores the outcome. The heartbeat renews the lease meanwhile, and the in-flight
/// guard keeps this process's tracker from treating the reset as orphaned.
pub(super) async fn dispatch_with_heartbeat(
    resets: ResetService,
    sent: PendingDispatch,
    password: Password,
    marked: InFlightGuard,
) {
    tokio::select! {
        () = dispatch_and_record(&resets, sent, password) => {}
        never = run_heartbeat(&resets.app, sent.id) => match never {},
    }
    drop(marked);
}

async fn dispatch_and_record(resets: &ResetService, sent: PendingDispatch, password: Password) {
    let id = sent.id;
    let tried = match attempt_dispatch(resets, sent, &password).await {
        Ok(tried) => tried,
        Err(error) => {
            // The row has another owner, or the database is unavailable: the tracker ends the reset based on the row.
            tracing::error!(reset.id = %id, error = ?error, "reset dispatch failed: tracker will resolve it");
            return;
        }
    };
    drop(password);
    crash_point("answered");
    for _ in 0..MAX_RECORD_ATTEMPTS {
        match record_outcome(resets, id, &tried).await {
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
    resets: &ResetService,
    sent: PendingDispatch,
    password: &Password,
) -> Result<DispatchAttempt, StoreError> {
    let app = &resets.app;
    let PendingDispatch { id, person, created_at } = sent;
    // The waiting time is measured by the monotonic clock, which cannot be set.
    let began = app.clock.elapsed();
    let limit = Duration::from_secs(u64::try_from(app.config.reset.line_limit_seconds).unwrap_or(0));
    let mut renewed = false;
    loop {
        let rest = limit.saturating_sub(app.clock.elapsed().saturating_sub(began));
        // Bounds the total time also if each wait is short, so that repeated 429 responses end at the limit.
        if rest.is_zero() || !wait_in_queue(resets, id, created_at, rest).await? {
            return Ok(DispatchAttempt::NotSent(ResetCause::Throttled));
        }
        let now = app.now();
        // The token comes first, because nothing may take long between `dispatched_at` and the request.
        let ready = match app.entra.operator.ensure_ready().await {
            Ok(ready) => ready,
            Err(error) => return handle_operator_error(id, error),
        };
        crash_point("turn-reached");
        let leaves_before = app.clock.elapsed() + DISPATCH_DEADLINE;
        store::mark_dispatched(
            &app.db,
            id,
            &app.instance_id,
            ready.operator.object,
            (now, saturating_after(now, LEASE_DURATION)),
        )
        .await?;
        crash_point("dispatched");
        let order = DispatchPermit::load(&app.db, id, person, leaves_before).await?;
        let refusal = match app.entra.operator.reset_password(&ready, &order, password).await {
            Ok(DispatchOutcome::Retryable { refusal }) => refusal,
            Ok(other) => return Ok(DispatchAttempt::Completed(other)),
            Err(error) => return handle_operator_error(id, error),
        };
        crash_point("not-taken");
        let now = app.now();
        store::clear_dispatched(&app.db, id, &app.instance_id, saturating_after(now, LEASE_DURATION)).await?;
        if refusal.status == StatusCode::TOO_MANY_REQUESTS {
            store::save_throttle_until(
                &app.db,
                saturating_after(now, refusal.retry_after.unwrap_or(DEFAULT_RETRY_AFTER).max(MIN_RETRY_AFTER)),
            )
            .await?;
        } else if renewed {
            return Ok(DispatchAttempt::Completed(DispatchOutcome::Refused { refusal }));
        } else {
            renewed = true;
            app.entra.operator.expire_access_token().await?;
        }
    }
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

/// Waits in the throttle queue while Graph throttles. Afterwards resets are sent in order of creation, so that they are
/// not sent all at once and throttled again. Returns `false` if the wait would exceed `at_most`.
async fn wait_in_queue(
    resets: &ResetService,
    id: ResetId,
    created_at: Timestamp,
    at_most: Duration,
) -> Result<bool, StoreError> {
    let app = &resets.app;
    let until = app.clock.elapsed() + at_most;
    let mut told: Option<Timestamp> = None;
    loop {
        let now = app.now();
        let Some(turn) =
            super::throttle_queue::load_scheduled_at(&app.db, created_at, id, now).await?.filter(|turn| *turn > now)
        else {
            return Ok(true);
        };
        let left = Duration::try_from(turn.duration_since(now)).unwrap_or_default();
        if app.clock.elapsed() + left > until || app.shutdown.is_cancelled() {
            return Ok(false);
        }
        // Updates the position on the status page at intervals, not in every step.
        if told.is_none_or(|at| now.duration_since(at) >= QUEUE_UPDATE_INTERVAL || now < at) {
            let mut transaction = app.audit_log.begin().await?;
            store::mark_queued(transaction.tx(), id, &app.instance_id, now, saturating_after(now, LEASE_DURATION))
                .await?;
            store::mark_changed(transaction.tx(), id, now).await?;
            transaction.commit().await?;
            app.reset_changed.notify_one();
            told = Some(now);
        }
        // Short steps, so that a clock change, a shutdown and a longer throttle are all noticed.
        tokio::time::sleep(left.clamp(Duration::from_millis(20), Duration::from_millis(500))).await;
    }
}

fn saturating_after(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.later(by)
}

async fn record_outcome(resets: &ResetService, id: ResetId, tried: &DispatchAttempt) -> Result<(), StoreError> {
    let reset = store::load_by_id(&resets.app.db, id).await?.ok_or(StoreError::RowNotFound)?;
    match tried {
        DispatchAttempt::NotSent(cause) => {
            apply_event(resets, &reset, ResetEvent::Refused(*cause), TransitionBasis::default()).await
        }
        DispatchAttempt::Completed(DispatchOutcome::NotSent) => {
            apply_event(resets, &reset, ResetEvent::Refused(ResetCause::NotSent), TransitionBasis::default()).await
        }
        DispatchAttempt::Completed(DispatchOutcome::NoAnswer { status, request_id }) => {
            let answer = NewGraphResponse {
                call: "reset",
                status: i64::from(status.unwrap_or(0)),
                request_id: request_id.as_deref(),
                detail: None,
            };
            apply_event(resets, &reset, ResetEvent::NoAnswer, answer.into()).await
        }
        DispatchAttempt::Completed(DispatchOutcome::Refused { refusal } | DispatchOutcome::Retryable { refusal }) => {
            apply_refusal(resets, &reset, refusal).await
        }
        DispatchAttempt::Completed(DispatchOutcome::Accepted { operation_url: location, retry_after, request_id }) => {
            let location = location.as_ref().map(|l| l.as_url().as_str());
            apply_acceptance(
                resets,
                &reset,
                location,
                retry_after.unwrap_or(FIRST_POLL_DELAY).min(MAX_FIRST_POLL_DELAY),
                request_id.as_deref(),
            )
            .await
        }
    }
}

async fn apply_refusal(resets: &ResetService, reset: &PasswordReset, refusal: &GraphRefusal) -> Result<(), StoreError> {
    let said = format!("{} {}", refusal.code.as_deref().unwrap_or("-"), refusal.message);
    let status = i64::from(refusal.status.as_u16());
    let answer =
        NewGraphResponse { call: "reset", status, request_id: refusal.request_id.as_deref(), detail: Some(&said) };
    let mut cause = ResetCause::from_refusal(refusal);
    if refusal.status == StatusCode::FORBIDDEN {
        // HTTP 403 means either that this account is protected or that the operator lost its role.
        match resets.app.entra.operator.check_role().await {
            Err(OperatorError::Fault(OperatorFault::Role)) => cause = ResetCause::OperatorRoleMissing,
            Err(error) => {
                tracing::warn!(error = ?error, "operator role check after HTTP 403 failed: keeping cause R-DENIED");
            }
            Ok(_) => {}
        }
    }
    apply_event(resets, reset, ResetEvent::Refused(cause), answer.into()).await
}

async fn apply_acceptance(
    resets: &ResetService,
    reset: &PasswordReset,
    location: Option<&str>,
    first_poll: SignedDuration,
    request_id: Option<&str>,
) -> Result<(), StoreError> {
    let app = &resets.app;
    let now = app.now();
    let (to, cause) = reset.state.after_event(reset.cause, ResetEvent::Accepted).ok_or(StoreError::RowNotFound)?;
    let mut transaction = app.audit_log.begin().await?;
    let look_at = location.is_none().then(|| saturating_after(now, FIRST_POLL_DELAY));
    let proof = EvidenceRecord {
        checkpoint: EvidenceCheckpoint::Accepted,
        at: now,
        source: "graph".to_owned(),
        detail: request_id.map(str::to_owned),
    };
    store::insert_evidence(transaction.tx(), reset.id, &proof).await?;
    let answer = NewGraphResponse {
        call: "reset",
        status: 202,
        request_id,
        detail: location.is_none().then_some("no Location that is Graph's"),
    };
    store::insert_graph_response(transaction.tx(), reset.id, &answer, now).await?;
    let step = StateTransition {
        id: reset.id,
        from: ResetState::Sending,
        to,
        cause,
        detail: None,
        now,
        next_check_at: look_at,
    };
    store::update_accepted(transaction.tx(), &step, (location, saturating_after(now, first_poll))).await?;
    transaction.record_event(
        AuditEvent::new("reset.accepted", AuditActor::Portal)
            .with_subject(reset.person)
            .with_reset(reset.id)
            .with_detail("location", location.is_some()),
    );
    crash_point("accepted-uncommitted");
    transaction.commit().await?;
    app.reset_changed.notify_one();
    app.metrics.count_transition(to.as_str(), None);
    crash_point("accepted");
    Ok(())
}

/// Graph response and evidence that a transition is based on.
#[derive(Default)]
pub(super) struct TransitionBasis<'a> {
    pub(super) response: Option<NewGraphResponse<'a>>,
    pub(super) evidence: Option<EvidenceRecord>,
}

impl<'a> From<NewGraphResponse<'a>> for TransitionBasis<'a> {
    fn from(answer: NewGraphResponse<'a>) -> Self {
        Self { response: Some(answer), evidence: None }
    }
}

/// Applies an event to a reset: new state, Graph response, evidence and audit event in one transaction.
pub(super) async fn apply_event(
    resets: &ResetService,
    reset: &PasswordReset,
    report: ResetEvent,
    grounds: TransitionBasis<'_>,
) -> Result<(), StoreError> {
    let app = &resets.app;
    let now = app.now();
    let Some((to, cause)) = reset.state.after_event(reset.cause, report) else { return Err(StoreError::RowNotFound) };
    let look_at = super::evidence::first_check_at(to, cause, reset, now);
    let detail = grounds.response.as_ref().and_then(|a| a.detail);
    let mut transaction = app.audit_log.begin().await?;
    store::update_state(
        transaction.tx(),
        &StateTransition { id: reset.id, from: reset.state, to, cause, detail, now, next_check_at: look_at },
    )
    .await?;
    if let Some(answer) = &grounds.response {
        store::insert_graph_response(transaction.tx(), reset.id, answer, now).await?;
    }
    if let Some(proof) = &grounds.evidence {
        store::insert_evidence(transaction.tx(), reset.id, proof).await?;
    }
    store::mark_changed(transaction.tx(), reset.id, now).await?;
    let event = AuditEvent::new("reset.moved", AuditActor::Portal).with_subject(reset.person).with_reset(reset.id);
    transaction.record_event(
        event
            .with_detail("from", reset.state.as_str())
            .with_detail("to", to.as_str())
            .with_detail("cause", cause.map(ResetCause::as_str))
            .with_detail("detail", detail),
    );
    crash_point("moved-uncommitted");
    transaction.commit().await?;
    app.reset_changed.notify_one();
    app.metrics.count_transition(to.as_str(), cause.map(ResetCause::as_str));
    crash_point("moved");
    Ok(())
}
