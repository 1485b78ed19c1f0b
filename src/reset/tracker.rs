//! Tracks resets until they end: polls operations, collects evidence and ends orphaned resets.
//!
//! [`ResetTracker::run_once`] takes no input and claims the due work from the database, so it may run twice or on
//! several replicas at once. The loop only repeats it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::FromRef;
use jiff::{SignedDuration, Timestamp};

use super::cause::ResetCause;
use super::lease_monitor::{LEASE_DURATION, LeaseMonitor};
use super::record::PasswordReset;
use super::state::{ResetEvent, ResetState, SourceStatus};
use super::status_detail::classify_status_detail;
use super::store::{self, DueWork, GraphCall, NewGraphResponse, PollSchedule};
use super::transition::{self, TransitionBasis};
use super::{evidence, finishing};
use crate::base::{TimestampExt as _, crash_point, run_every};
use crate::entra::{OperationPoll, OperationStatus, OperatorError};
use crate::state::AppState;
use crate::store::StoreError;

/// Duration of a claim on due work. Longer than the timeout of the request it is claimed for.
const CLAIM_DURATION: SignedDuration = SignedDuration::from_secs(25);
/// Time for which an operation may answer 404 before it counts as lost.
const OPERATION_LOST_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// Maximum delay between two polls, whatever `Retry-After` says: the time limit is checked with each poll.
const MAX_POLL_DELAY: SignedDuration = SignedDuration::from_secs(60);
/// Pause between two rounds.
const ROUND_INTERVAL: Duration = Duration::from_millis(200);

/// Tracker of unfinished resets and of resets that wait for evidence.
#[derive(Clone)]
pub(crate) struct ResetTracker {
    app: AppState,
    lease_monitor: Arc<Mutex<LeaseMonitor>>,
}

impl FromRef<AppState> for ResetTracker {
    fn from_ref(app: &AppState) -> Self {
        Self { app: app.clone(), lease_monitor: Arc::default() }
    }
}

/// Runs rounds until shutdown.
pub(crate) async fn run(tracker: ResetTracker) {
    let rounds = tracker.app.metrics.background_rounds("reset-tracker");
    run_every(&tracker.app.shutdown, &rounds, ROUND_INTERVAL, || async {
        if let Err(error) = tracker.run_once().await {
            tracing::error!(error = ?error, "reset tracker failed: retrying");
        }
    })
    .await;
}

/// Returns the delay before the next poll of an operation: short at first, then longer. 6 polls in the first 11
/// seconds.
fn poll_delay(polls: i64) -> SignedDuration {
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
    pub(crate) async fn run_once(&self) -> Result<(), StoreError> {
        let app = &self.app;
        self.end_orphans().await?;
        let due = store::claim_due(&app.db, DueWork::Poll, &app.instance_id, app.now(), CLAIM_DURATION).await?;
        let polls = due.into_iter().map(|reset| async move { ignore_lost_race(self.poll_operation(&reset).await) });
        for outcome in futures_util::future::join_all(polls).await {
            outcome?;
        }
        let due =
            store::claim_due(&app.db, DueWork::EvidenceCheck, &app.instance_id, app.now(), CLAIM_DURATION).await?;
        if !due.is_empty() {
            evidence::collect_evidence(app, due).await?;
        }
        finishing::check_finishings(app).await
    }

    /// Ends resets whose owner stopped while sending, based on what their rows say.
    async fn end_orphans(&self) -> Result<(), StoreError> {
        let app = &self.app;
        let rows = match store::load_sending_leases(&app.db).await {
            Ok(rows) => rows,
            Err(error) => {
                self.with_lease_monitor(LeaseMonitor::clear);
                return Err(error);
            }
        };
        let elapsed = app.clock.elapsed();
        let expired =
            self.with_lease_monitor(|seen| seen.find_expired(rows, &app.instance_id, &app.in_flight, elapsed));
        for row in expired {
            let until = app.now().later(LEASE_DURATION);
            let Some(orphan) = store::take_over_lease(&app.db, &row, &app.instance_id, until).await? else { continue };
            let event = if orphan.dispatched_at.is_some() {
                ResetEvent::ProcessLost
            } else {
                ResetEvent::Refused(ResetCause::NotSent)
            };
            tracing::warn!(
                reset.id = %orphan.id,
                sent = orphan.dispatched_at.is_some(),
                "orphaned reset ended: its owner stopped renewing the lease"
            );
            ignore_lost_race(transition::apply_event(app, &orphan, event, TransitionBasis::default()).await)?;
        }
        Ok(())
    }

    fn with_lease_monitor<T>(&self, work: impl FnOnce(&mut LeaseMonitor) -> T) -> T {
        work(&mut self.lease_monitor.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Polls an operation. Also after the time limit: if the clock was set forward, the result may already be there.
    async fn poll_operation(&self, reset: &PasswordReset) -> Result<(), StoreError> {
        let app = &self.app;
        let now = app.now();
        let location = reset.location.as_deref().and_then(|l| app.entra.operator.parse_operation_url(l));
        let Some(location) = location else { return self.wait_for_evidence(reset, now).await };
        crash_point("polling");
        match app.entra.operator.poll_operation(&location).await {
            Ok(poll) => self.handle_poll(reset, poll, now).await,
            Err(OperatorError::Store(error)) => Err(error),
            Err(OperatorError::RefreshTimedOut) => Err(StoreError::RowNotFound),
            Err(error) => {
                tracing::debug!(reset.id = %reset.id, error = ?error, "operation poll skipped: operator token unavailable");
                let down = PollSchedule {
                    outage_since: Some(reset.outage_since.unwrap_or(now)),
                    ..next_poll(reset, now, None)
                };
                self.reschedule_or_time_out(reset, now, &down).await
            }
        }
    }

    /// Returns whether the time limit has passed. Time during which the operator was unavailable does not count.
    fn is_past_time_limit(&self, reset: &PasswordReset, now: Timestamp) -> bool {
        let since = reset.accepted_at.unwrap_or(reset.created_at);
        let limit = SignedDuration::from_secs(self.app.config.reset.time_limit_seconds);
        now.duration_since(since).saturating_sub(outage_until(reset, now)) > limit
    }

    /// Applies the result of a poll.
    async fn handle_poll(&self, reset: &PasswordReset, poll: OperationPoll, now: Timestamp) -> Result<(), StoreError> {
        let app = &self.app;
        let next = match poll {
            OperationPoll::Operation { status: OperationStatus::Succeeded, detail, request_id, .. } => {
                return self.handle_success(reset, detail.as_deref(), request_id.as_deref()).await;
            }
            OperationPoll::Operation { status: OperationStatus::Failed, detail, request_id, .. } => {
                let detail = detail.unwrap_or_default();
                let event = ResetEvent::OperationFailed(classify_status_detail(&detail));
                let response = poll_response(200, request_id.as_deref(), Some(&detail));
                return transition::apply_event(app, reset, event, response.into()).await;
            }
            OperationPoll::NotFound => {
                let since = reset.lost_since.unwrap_or(now);
                if now.duration_since(since) > OPERATION_LOST_AFTER {
                    let response = poll_response(404, None, None);
                    return transition::apply_event(app, reset, ResetEvent::OperationLost, response.into()).await;
                }
                PollSchedule { lost_since: Some(since), ..next_poll(reset, now, None) }
            }
            OperationPoll::Unauthorized => {
                app.entra.operator.expire_access_token().await?;
                next_poll(reset, now, Some(SignedDuration::from_millis(200)))
            }
            OperationPoll::Throttled { retry_after } => {
                next_poll(reset, now, Some(retry_after.unwrap_or(SignedDuration::from_secs(5))))
            }
            OperationPoll::Operation { retry_after, .. } => next_poll(reset, now, retry_after),
            OperationPoll::Inconclusive { status } => {
                tracing::debug!(reset.id = %reset.id, status, "operation poll inconclusive: polling again");
                next_poll(reset, now, None)
            }
        };
        self.reschedule_or_time_out(reset, now, &next).await
    }

    /// Schedules the next poll, or ends the reset if the time limit has passed.
    async fn reschedule_or_time_out(
        &self,
        reset: &PasswordReset,
        now: Timestamp,
        next: &PollSchedule,
    ) -> Result<(), StoreError> {
        if self.is_past_time_limit(reset, now) {
            return transition::apply_event(&self.app, reset, ResetEvent::TimedOut, TransitionBasis::default()).await;
        }
        store::schedule_poll(&self.app.db, reset.id, &self.app.instance_id, next).await
    }

    /// Ends the reset as written and observes the duration of the writeback.
    async fn handle_success(
        &self,
        reset: &PasswordReset,
        detail: Option<&str>,
        request_id: Option<&str>,
    ) -> Result<(), StoreError> {
        let app = &self.app;
        transition::apply_success(app, reset, poll_response(200, request_id, detail)).await?;
        let took = reset.accepted_at.and_then(|at| app.now().duration_since(at).try_into().ok());
        app.metrics.observe_writeback(took.unwrap_or_default());
        Ok(())
    }

    /// Checks the audit log instead of the operation, which has no URL. The time limit ends the wait.
    async fn wait_for_evidence(&self, reset: &PasswordReset, now: Timestamp) -> Result<(), StoreError> {
        debug_assert_eq!(reset.state, ResetState::Writing);
        if evidence::resolve_from_audit_log(&self.app, reset).await? == SourceStatus::Complete {
            return Ok(());
        }
        self.reschedule_or_time_out(reset, now, &next_poll(reset, now, Some(SignedDuration::from_secs(5)))).await
    }
}

/// Returns a response to a poll of an operation.
fn poll_response<'a>(status: u16, request_id: Option<&'a str>, detail: Option<&'a str>) -> NewGraphResponse<'a> {
    NewGraphResponse { call: GraphCall::Operation, status, request_id, detail }
}

/// Returns for how long the operator has been unavailable since the reset was accepted.
fn outage_until(reset: &PasswordReset, now: Timestamp) -> SignedDuration {
    let current = reset.outage_since.map_or(SignedDuration::ZERO, |at| now.duration_since(at));
    reset.outage_total.saturating_add(current)
}

/// Returns the schedule after a poll that did not end the reset.
fn next_poll(reset: &PasswordReset, now: Timestamp, retry_after: Option<SignedDuration>) -> PollSchedule {
    let pause = retry_after
        .unwrap_or_else(|| poll_delay(reset.poll_count))
        .clamp(SignedDuration::from_millis(200), MAX_POLL_DELAY);
    PollSchedule {
        poll_at: now.later(pause),
        lost_since: None,
        outage_since: None,
        outage_total: outage_until(reset, now),
    }
}

/// Ignores [`StoreError::RowNotFound`]: another replica changed the row first, which is no failure.
fn ignore_lost_race(outcome: Result<(), StoreError>) -> Result<(), StoreError> {
    match outcome {
        Err(StoreError::RowNotFound) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_second_writeback_takes_at_most_six_polls() {
        // The first poll comes one second after the 202 response.
        let (mut at, mut polls) = (SignedDuration::from_secs(1), 1);
        while at < SignedDuration::from_secs(10) {
            at += poll_delay(polls - 1);
            polls += 1;
        }
        assert!(polls <= 6, "{polls}");
    }
}
