//! Tracks resets until they end: polls operations, collects evidence and ends orphaned resets.
//!
//! [`ResetTracker::run_once`] takes no input and claims the due work from the database, so it may run twice or on
//! several replicas at once. The loop only repeats it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::FromRef;
use jiff::{SignedDuration, Timestamp};

use super::causes::ResetCause;
use super::details::ending;
use super::leases::{LEASE, LeaseMonitor};
use super::reading::{EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use super::send::TransitionBasis;
use super::state::{ResetEvent, ResetState};
use super::store::{self, DueWork, NewGraphResponse, PollSchedule};
use super::submit::ResetService;
use super::{evidence, send};
use crate::base::crash_point;
use crate::entra::{OperationPoll, OperatorError};
use crate::state::AppState;
use crate::store::StoreError;

/// Duration of a claim on due work. Longer than the timeout of the request it is claimed for.
const CLAIM: SignedDuration = SignedDuration::from_secs(25);
/// Time for which an operation may answer 404 before it counts as lost.
const LOST_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// Maximum delay between two polls, whatever `Retry-After` says: the time limit is checked with each poll.
const LATEST: SignedDuration = SignedDuration::from_secs(60);
/// Pause between two rounds.
const EVERY: Duration = Duration::from_millis(200);

/// Tracker of unfinished resets and of resets that wait for evidence.
#[derive(Clone)]
pub(crate) struct ResetTracker {
    pub(super) resets: ResetService,
    silences: Arc<Mutex<LeaseMonitor>>,
}

impl FromRef<AppState> for ResetTracker {
    fn from_ref(app: &AppState) -> Self {
        Self { resets: ResetService::from_ref(app), silences: Arc::default() }
    }
}

/// Runs rounds until shutdown.
pub(crate) async fn run(tracker: ResetTracker) {
    let app = tracker.resets.app.clone();
    loop {
        if let Err(error) = tracker.tick().await {
            tracing::error!(error = ?error, "reset tracker failed: retrying");
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Returns the delay before the next poll of an operation: short at first, then longer. 6 polls in the first 11
/// seconds.
fn pause_after(polls: i64) -> SignedDuration {
    let millis = match polls {
        0 => 1_000,
        1 => 1_500,
        2 => 2_000,
        3 => 2_500,
        4 => 3_000,
        5 => 4_000,
        6..=10 => 6_000,
        _ => 10_000,
    };
    SignedDuration::from_millis(millis)
}

impl ResetTracker {
    /// Processes everything that is due now.
    pub(crate) async fn tick(&self) -> Result<(), StoreError> {
        let app = &self.resets.app;
        self.end_orphans().await?;
        let due = store::claim(&app.db, DueWork::Poll, &app.me, app.now(), CLAIM).await?;
        let polls = due.into_iter().map(|reset| async move { done(self.poll(&reset).await) });
        for outcome in futures_util::future::join_all(polls).await {
            outcome?;
        }
        let due = store::claim(&app.db, DueWork::Look, &app.me, app.now(), CLAIM).await?;
        if !due.is_empty() {
            evidence::look(&self.resets, due).await?;
        }
        super::finish::look(&self.resets).await?;
        Ok(())
    }

    /// Ends resets whose owner stopped while sending, based on what their rows say.
    async fn end_orphans(&self) -> Result<(), StoreError> {
        let app = &self.resets.app;
        let rows = match store::sending(&app.db).await {
            Ok(rows) => rows,
            Err(error) => {
                self.with_silences(LeaseMonitor::forget);
                return Err(error);
            }
        };
        let elapsed = app.clock.elapsed();
        let dead = self.with_silences(|seen| seen.look(rows, &app.me, &self.resets.in_flight, elapsed));
        for row in dead {
            let now = app.now();
            let until = now.saturating_add(LEASE).unwrap_or(now);
            let Some(orphan) = store::take_over(&app.db, &row, &app.me, until).await? else { continue };
            let report = if orphan.dispatched_at.is_some() {
                ResetEvent::Crashed
            } else {
                ResetEvent::NotTaken(ResetCause::NotSent)
            };
            tracing::warn!(
                reset.id = %orphan.id,
                sent = orphan.dispatched_at.is_some(),
                "orphaned reset ended: its owner stopped renewing the lease"
            );
            done(send::finish(&self.resets, &orphan, report, TransitionBasis::default()).await)?;
        }
        Ok(())
    }

    fn with_silences<T>(&self, work: impl FnOnce(&mut LeaseMonitor) -> T) -> T {
        work(&mut self.silences.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Polls an operation. Also after the time limit: if the clock was set forward, the result may already be there.
    async fn poll(&self, reset: &PasswordReset) -> Result<(), StoreError> {
        let now = self.resets.app.now();
        let location = reset.location.as_deref().and_then(|l| self.resets.app.entra.operators.location(l));
        let Some(location) = location else { return self.wait_for_evidence(reset, now).await };
        crash_point("polling");
        match self.resets.app.entra.operators.poll(&location).await {
            Ok(poll) => self.heard(reset, poll, now).await,
            Err(OperatorError::Store(error)) => Err(error),
            Err(error) => {
                tracing::debug!(reset.id = %reset.id, error = ?error, "operation poll skipped: operator token unavailable");
                let down = PollSchedule { down_since: Some(reset.down_since.unwrap_or(now)), ..next(reset, now, None) };
                self.later(reset, now, &down).await
            }
        }
    }

    /// Returns whether the time limit has passed. Time during which the operator was unavailable does not count.
    fn time_is_up(&self, reset: &PasswordReset, now: Timestamp) -> bool {
        let since = reset.accepted_at.unwrap_or(reset.created_at);
        let down = reset.down_total_ms + reset.down_since.map_or(0, |at| millis(now.duration_since(at)));
        let limit = SignedDuration::from_secs(self.resets.app.config.reset.time_limit_seconds);
        millis(now.duration_since(since)) - down > millis(limit)
    }

    /// Applies the result of a poll.
    async fn heard(&self, reset: &PasswordReset, poll: OperationPoll, now: Timestamp) -> Result<(), StoreError> {
        let app = &self.resets.app;
        let next = match poll {
            OperationPoll::Operation { status, detail, request_id, .. } if status == "succeeded" => {
                return self.written(reset, detail.as_deref(), request_id.as_deref()).await;
            }
            OperationPoll::Operation { status, detail, request_id, .. } if status == "failed" => {
                let detail = detail.unwrap_or_default();
                let answer = NewGraphResponse {
                    call: "operation",
                    status: 200,
                    request_id: request_id.as_deref(),
                    detail: Some(&detail),
                };
                return send::finish(&self.resets, reset, ResetEvent::Ended(ending(&detail)), answer.into()).await;
            }
            OperationPoll::Lost => {
                let since = reset.lost_since.unwrap_or(now);
                if now.duration_since(since) > LOST_AFTER {
                    let answer = NewGraphResponse { call: "operation", status: 404, request_id: None, detail: None };
                    return send::finish(&self.resets, reset, ResetEvent::Lost, answer.into()).await;
                }
                PollSchedule { lost_since: Some(since), ..next(reset, now, None) }
            }
            OperationPoll::Token => {
                app.entra.operators.token_refused().await?;
                next(reset, now, Some(SignedDuration::from_millis(200)))
            }
            OperationPoll::Throttled { retry_after } => {
                next(reset, now, Some(retry_after.unwrap_or(SignedDuration::from_secs(5))))
            }
            OperationPoll::Operation { retry_after, .. } => next(reset, now, retry_after),
            OperationPoll::Nothing { status } => {
                tracing::debug!(reset.id = %reset.id, status, "operation poll inconclusive: polling again");
                next(reset, now, None)
            }
        };
        self.later(reset, now, &next).await
    }

    /// Schedules the next poll, or ends the reset if the time limit has passed.
    async fn later(&self, reset: &PasswordReset, now: Timestamp, next: &PollSchedule) -> Result<(), StoreError> {
        if self.time_is_up(reset, now) {
            return send::finish(&self.resets, reset, ResetEvent::TimedOut, TransitionBasis::default()).await;
        }
        store::poll_later(&self.resets.app.db, reset.id, &self.resets.app.me, next).await
    }

    /// Ends the reset as written and observes the durations.
    async fn written(
        &self,
        reset: &PasswordReset,
        detail: Option<&str>,
        request_id: Option<&str>,
    ) -> Result<(), StoreError> {
        let app = &self.resets.app;
        let answer = NewGraphResponse { call: "operation", status: 200, request_id, detail };
        let proof = EvidenceRecord {
            rung: EvidenceCheckpoint::Written,
            at: app.now(),
            source: "graph".to_owned(),
            detail: detail.map(str::to_owned),
        };
        let grounds = TransitionBasis { answer: Some(answer), proof: Some(proof) };
        send::finish(&self.resets, reset, ResetEvent::Succeeded, grounds).await?;
        let took = reset.accepted_at.and_then(|at| app.now().duration_since(at).try_into().ok());
        app.metrics.wrote_back(took.unwrap_or_default());
        let sent = reset.dispatched_at.and_then(|at| app.now().duration_since(at).try_into().ok());
        app.metrics.reached(EvidenceCheckpoint::Written.name(), sent.unwrap_or_default());
        Ok(())
    }

    /// Checks the audit log instead of the operation, which has no URL. The time limit ends the wait.
    async fn wait_for_evidence(&self, reset: &PasswordReset, now: Timestamp) -> Result<(), StoreError> {
        debug_assert_eq!(reset.state, ResetState::Writing);
        if evidence::settles_writing(&self.resets, reset).await? {
            return Ok(());
        }
        self.later(reset, now, &next(reset, now, Some(SignedDuration::from_secs(5)))).await
    }
}

/// Returns the schedule after a poll that did not end the reset.
fn next(reset: &PasswordReset, now: Timestamp, retry_after: Option<SignedDuration>) -> PollSchedule {
    let pause = retry_after.unwrap_or_else(|| pause_after(reset.polls)).clamp(SignedDuration::from_millis(200), LATEST);
    let down_total_ms = reset.down_total_ms + reset.down_since.map_or(0, |at| millis(now.duration_since(at)));
    PollSchedule {
        poll_at: now.saturating_add(pause).unwrap_or(now),
        lost_since: None,
        down_since: None,
        down_total_ms,
    }
}

fn millis(span: SignedDuration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// Ignores [`StoreError::NoRow`]: another replica changed the row first, which is no failure.
fn done(outcome: Result<(), StoreError>) -> Result<(), StoreError> {
    match outcome {
        Err(StoreError::NoRow) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writeback_of_ten_seconds_takes_at_most_six_questions() {
        // The first poll comes one second after the 202 response.
        let (mut at, mut asked) = (1_000, 1);
        while at < 10_000 {
            at += millis(pause_after(asked - 1));
            asked += 1;
        }
        assert!(asked <= 6, "{asked}");
    }
}
