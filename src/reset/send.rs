//! Sends the reset request to Graph once and stores the outcome.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;

use super::causes::ResetCause;
use super::leases::{LEASE, LEAVES_WITHIN, beat};
use super::reading::{EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use super::state::{ResetEvent, ResetState};
use super::store::{self, NewGraphResponse, StateTransition};
use super::submit::ResetService;
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{InFlightGuard, Password, PersonKey, ResetId, crash_point};
use crate::entra::{DispatchOutcome, DispatchPermit, GraphRefusal, OperatorError, OperatorFault};
use crate::store::StoreError;

/// Delay between the 202 response and the first poll of the operation.
const FIRST_POLL: SignedDuration = SignedDuration::from_millis(1_000);
/// Maximum delay before the first poll, whatever `Retry-After` of the 202 response says: a person is waiting.
const LATEST_POLL: SignedDuration = SignedDuration::from_secs(30);
/// Wait after a 429 response without `Retry-After`.
const UNSAID_WAIT: SignedDuration = SignedDuration::from_secs(5);
/// Interval at which the status page of a queued reset is updated with its position.
const TELL_EVERY: SignedDuration = SignedDuration::from_secs(2);
/// Minimum wait after a 429 response, also for `Retry-After: 0`.
const SHORTEST_WAIT: SignedDuration = SignedDuration::from_secs(1);
/// Maximum number of attempts to store the outcome, one second apart. A response that Graph gave must not be lost
/// because the database is briefly unavailable.
const WRITES: u32 = 120;

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
    Ended(DispatchOutcome),
    /// The reset ended before the request was sent.
    NotSent(ResetCause),
}

/// Sends a committed intent once and stores the outcome. The heartbeat renews the lease meanwhile, and the in-flight
/// guard keeps this process's tracker from treating the reset as orphaned.
pub(super) async fn send(resets: ResetService, sent: PendingDispatch, password: Password, marked: InFlightGuard) {
    tokio::select! {
        () = send_and_write_down(&resets, sent, password) => {}
        never = beat(&resets.app, sent.id) => match never {},
    }
    drop(marked);
}

async fn send_and_write_down(resets: &ResetService, sent: PendingDispatch, password: Password) {
    let id = sent.id;
    let tried = match attempt(resets, sent, &password).await {
        Ok(tried) => tried,
        Err(error) => {
            // The row has another owner, or the database is unavailable: the tracker ends the reset based on the row.
            tracing::error!(reset.id = %id, error = ?error, "reset dispatch failed: tracker will resolve it");
            return;
        }
    };
    drop(password);
    crash_point("answered");
    for _ in 0..WRITES {
        match write_down(resets, id, &tried).await {
            Ok(()) => return,
            Err(StoreError::NoRow) => {
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
async fn attempt(
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
        if rest.is_zero() || !wait_for_turn(resets, id, created_at, rest).await? {
            return Ok(DispatchAttempt::NotSent(ResetCause::Throttled));
        }
        let now = app.now();
        // The token comes first, because nothing may take long between `dispatched_at` and the request.
        let ready = match app.entra.operators.ready().await {
            Ok(ready) => ready,
            Err(error) => return operator_is_down(id, error),
        };
        crash_point("turn-reached");
        let leaves_before = app.clock.elapsed() + LEAVES_WITHIN;
        store::dispatch(&app.db, id, &app.me, ready.operator.object, (now, later(now, LEASE))).await?;
        crash_point("dispatched");
        let order = DispatchPermit::of(&app.db, id, person, leaves_before).await?;
        let refusal = match app.entra.operators.reset(&ready, &order, password).await {
            Ok(DispatchOutcome::NotTaken { refusal }) => refusal,
            Ok(other) => return Ok(DispatchAttempt::Ended(other)),
            Err(error) => return operator_is_down(id, error),
        };
        crash_point("not-taken");
        let now = app.now();
        store::undispatch(&app.db, id, &app.me, later(now, LEASE)).await?;
        if refusal.status == StatusCode::TOO_MANY_REQUESTS {
            store::throttle(&app.db, later(now, refusal.retry_after.unwrap_or(UNSAID_WAIT).max(SHORTEST_WAIT))).await?;
        } else if renewed {
            return Ok(DispatchAttempt::Ended(DispatchOutcome::Refused { refusal }));
        } else {
            renewed = true;
            app.entra.operators.token_refused().await?;
        }
    }
}

/// Ends the attempt if the operator has no token. Nothing was sent.
fn operator_is_down(id: ResetId, error: OperatorError) -> Result<DispatchAttempt, StoreError> {
    if let OperatorError::Store(error) = error {
        return Err(error);
    }
    tracing::warn!(reset.id = %id, error = ?error, "reset not sent: operator unavailable");
    Ok(DispatchAttempt::NotSent(ResetCause::Operator))
}

/// Waits in the throttle queue while Graph throttles. Afterwards resets are sent in order of creation, so that they are
/// not sent all at once and throttled again. Returns `false` if the wait would exceed `at_most`.
async fn wait_for_turn(
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
        let Some(turn) = super::line::turn(&app.db, created_at, id, now).await?.filter(|turn| *turn > now) else {
            return Ok(true);
        };
        let left = Duration::try_from(turn.duration_since(now)).unwrap_or_default();
        if app.clock.elapsed() + left > until || app.stop.is_cancelled() {
            return Ok(false);
        }
        // Updates the position on the status page at intervals, not in every step.
        if told.is_none_or(|at| now.duration_since(at) >= TELL_EVERY || now < at) {
            let mut ledger = app.auditor.begin().await?;
            store::wait_in_line(ledger.tx(), id, &app.me, now, later(now, LEASE)).await?;
            store::touch(ledger.tx(), id, now).await?;
            ledger.commit().await?;
            app.changed.notify_one();
            told = Some(now);
        }
        // Short steps, so that a clock change, a shutdown and a longer throttle are all noticed.
        tokio::time::sleep(left.clamp(Duration::from_millis(20), Duration::from_millis(500))).await;
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_add(by).unwrap_or(now)
}

async fn write_down(resets: &ResetService, id: ResetId, tried: &DispatchAttempt) -> Result<(), StoreError> {
    let reset = store::by_id(&resets.app.db, id).await?.ok_or(StoreError::NoRow)?;
    match tried {
        DispatchAttempt::NotSent(cause) => {
            finish(resets, &reset, ResetEvent::NotTaken(*cause), TransitionBasis::default()).await
        }
        DispatchAttempt::Ended(DispatchOutcome::NotSent) => {
            finish(resets, &reset, ResetEvent::NotTaken(ResetCause::NotSent), TransitionBasis::default()).await
        }
        DispatchAttempt::Ended(DispatchOutcome::NoAnswer { status, request_id }) => {
            let answer = NewGraphResponse {
                call: "reset",
                status: i64::from(status.unwrap_or(0)),
                request_id: request_id.as_deref(),
                detail: None,
            };
            finish(resets, &reset, ResetEvent::NoAnswer, answer.into()).await
        }
        DispatchAttempt::Ended(DispatchOutcome::Refused { refusal } | DispatchOutcome::NotTaken { refusal }) => {
            refused(resets, &reset, refusal).await
        }
        DispatchAttempt::Ended(DispatchOutcome::Accepted { location, retry_after, request_id }) => {
            let location = location.as_ref().map(|l| l.url().as_str());
            accepted(
                resets,
                &reset,
                location,
                retry_after.unwrap_or(FIRST_POLL).min(LATEST_POLL),
                request_id.as_deref(),
            )
            .await
        }
    }
}

async fn refused(resets: &ResetService, reset: &PasswordReset, refusal: &GraphRefusal) -> Result<(), StoreError> {
    let said = format!("{} {}", refusal.code.as_deref().unwrap_or("-"), refusal.message);
    let status = i64::from(refusal.status.as_u16());
    let answer =
        NewGraphResponse { call: "reset", status, request_id: refusal.request_id.as_deref(), detail: Some(&said) };
    let mut cause = ResetCause::of_refusal(refusal);
    if refusal.status == StatusCode::FORBIDDEN {
        // HTTP 403 means either that this account is protected or that the operator lost its role.
        match resets.app.entra.operators.check_role().await {
            Err(OperatorError::Trouble(OperatorFault::Role)) => cause = ResetCause::Role,
            Err(error) => {
                tracing::warn!(error = ?error, "operator role check after HTTP 403 failed: keeping cause R-DENIED");
            }
            Ok(_) => {}
        }
    }
    finish(resets, reset, ResetEvent::NotTaken(cause), answer.into()).await
}

async fn accepted(
    resets: &ResetService,
    reset: &PasswordReset,
    location: Option<&str>,
    first_poll: SignedDuration,
    request_id: Option<&str>,
) -> Result<(), StoreError> {
    let app = &resets.app;
    let now = app.now();
    let (to, cause) = reset.state.after(reset.cause, ResetEvent::Accepted).ok_or(StoreError::NoRow)?;
    let mut ledger = app.auditor.begin().await?;
    let look_at = location.is_none().then(|| later(now, FIRST_POLL));
    let proof = EvidenceRecord {
        rung: EvidenceCheckpoint::Accepted,
        at: now,
        source: "graph".to_owned(),
        detail: request_id.map(str::to_owned),
    };
    store::prove(ledger.tx(), reset.id, &proof).await?;
    let answer = NewGraphResponse {
        call: "reset",
        status: 202,
        request_id,
        detail: location.is_none().then_some("no Location that is Graph's"),
    };
    store::keep_answer(ledger.tx(), reset.id, &answer, now).await?;
    let step = StateTransition { id: reset.id, from: ResetState::Sending, to, cause, detail: None, now, look_at };
    store::accept(ledger.tx(), &step, (location, later(now, first_poll))).await?;
    ledger.record(
        AuditEvent::new("reset.accepted", AuditActor::Portal)
            .about(reset.person)
            .reset(reset.id)
            .with("location", location.is_some()),
    );
    crash_point("accepted-uncommitted");
    ledger.commit().await?;
    app.changed.notify_one();
    app.metrics.moved(to.name(), None);
    crash_point("accepted");
    Ok(())
}

/// Graph response and evidence that a transition is based on.
#[derive(Default)]
pub(super) struct TransitionBasis<'a> {
    pub(super) answer: Option<NewGraphResponse<'a>>,
    pub(super) proof: Option<EvidenceRecord>,
}

impl<'a> From<NewGraphResponse<'a>> for TransitionBasis<'a> {
    fn from(answer: NewGraphResponse<'a>) -> Self {
        Self { answer: Some(answer), proof: None }
    }
}

/// Applies an event to a reset: new state, Graph response, evidence and audit event in one transaction.
pub(super) async fn finish(
    resets: &ResetService,
    reset: &PasswordReset,
    report: ResetEvent,
    grounds: TransitionBasis<'_>,
) -> Result<(), StoreError> {
    let app = &resets.app;
    let now = app.now();
    let Some((to, cause)) = reset.state.after(reset.cause, report) else { return Err(StoreError::NoRow) };
    let look_at = super::evidence::first_look(to, cause, reset, now);
    let detail = grounds.answer.as_ref().and_then(|a| a.detail);
    let mut ledger = app.auditor.begin().await?;
    store::step(ledger.tx(), &StateTransition { id: reset.id, from: reset.state, to, cause, detail, now, look_at })
        .await?;
    if let Some(answer) = &grounds.answer {
        store::keep_answer(ledger.tx(), reset.id, answer, now).await?;
    }
    if let Some(proof) = &grounds.proof {
        store::prove(ledger.tx(), reset.id, proof).await?;
    }
    store::touch(ledger.tx(), reset.id, now).await?;
    let event = AuditEvent::new("reset.moved", AuditActor::Portal).about(reset.person).reset(reset.id);
    ledger.record(
        event
            .with("from", reset.state.name())
            .with("to", to.name())
            .with("cause", cause.map(ResetCause::code))
            .with("detail", detail),
    );
    crash_point("moved-uncommitted");
    ledger.commit().await?;
    app.changed.notify_one();
    app.metrics.moved(to.name(), cause.map(ResetCause::code));
    crash_point("moved");
    Ok(())
}
