//! Tracks resets until they end: polls operations, collects evidence and ends orphaned resets.
//!
//! [`ResetTracker::run_once`] takes no input and claims the due work from the database, so it may run twice or on
//! several replicas at once. The loop only repeats it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::FromRef;
use jiff::{SignedDuration, Timestamp};

use super::causes::Cause;
use super::details::ending;
use super::leases::{LEASE, Silences};
use super::reading::{Proof, Reset, Rung};
use super::send::Grounds;
use super::state::{Report, State};
use super::store::{self, Answer, Due, Next};
use super::submit::Resets;
use super::{evidence, send};
use crate::base::crash_point;
use crate::entra::{OperatorError, Poll};
use crate::state::App;
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
pub(crate) struct Tracker {
    pub(super) resets: Resets,
    silences: Arc<Mutex<Silences>>,
}

impl FromRef<App> for Tracker {
    fn from_ref(app: &App) -> Self {
        Self { resets: Resets::from_ref(app), silences: Arc::default() }
    }
}

/// Runs rounds until shutdown.
pub(crate) async fn run(tracker: Tracker) {
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

impl Tracker {
    /// Processes everything that is due now.
    pub(crate) async fn tick(&self) -> Result<(), StoreError> {
        let app = &self.resets.app;
        self.end_orphans().await?;
        let due = store::claim(&app.db, Due::Poll, &app.me, app.now(), CLAIM).await?;
        let polls = due.into_iter().map(|reset| async move { done(self.poll(&reset).await) });
        for outcome in futures_util::future::join_all(polls).await {
            outcome?;
        }
        let due = store::claim(&app.db, Due::Look, &app.me, app.now(), CLAIM).await?;
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
                self.with_silences(Silences::forget);
                return Err(error);
            }
        };
        let elapsed = app.clock.elapsed();
        let dead = self.with_silences(|seen| seen.look(rows, &app.me, &self.resets.in_flight, elapsed));
        for row in dead {
            let now = app.now();
            let until = now.saturating_add(LEASE).unwrap_or(now);
            let Some(orphan) = store::take_over(&app.db, &row, &app.me, until).await? else { continue };
            let report =
                if orphan.dispatched_at.is_some() { Report::Crashed } else { Report::NotTaken(Cause::NotSent) };
            tracing::warn!(
                reset.id = %orphan.id,
                sent = orphan.dispatched_at.is_some(),
                "orphaned reset ended: its owner stopped renewing the lease"
            );
            done(send::finish(&self.resets, &orphan, report, Grounds::default()).await)?;
        }
        Ok(())
    }

    fn with_silences<T>(&self, work: impl FnOnce(&mut Silences) -> T) -> T {
        work(&mut self.silences.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Polls an operation. Also after the time limit: if the clock was set forward, the result may already be there.
    async fn poll(&self, reset: &Reset) -> Result<(), StoreError> {
        let now = self.resets.app.now();
        let location = reset.location.as_deref().and_then(|l| self.resets.app.entra.operators.location(l));
        let Some(location) = location else { return self.wait_for_evidence(reset, now).await };
        crash_point("polling");
        match self.resets.app.entra.operators.poll(&location).await {
            Ok(poll) => self.heard(reset, poll, now).await,
            Err(OperatorError::Store(error)) => Err(error),
            Err(error) => {
                tracing::debug!(reset.id = %reset.id, error = ?error, "operation poll skipped: operator token unavailable");
                let down = Next { down_since: Some(reset.down_since.unwrap_or(now)), ..next(reset, now, None) };
                self.later(reset, now, &down).await
            }
        }
    }

    /// Returns whether the time limit has passed. Time during which the operator was unavailable does not count.
    fn time_is_up(&self, reset: &Reset, now: Timestamp) -> bool {
        let since = reset.accepted_at.unwrap_or(reset.created_at);
        let down = reset.down_total_ms + reset.down_since.map_or(0, |at| millis(now.duration_since(at)));
        let limit = SignedDuration::from_secs(self.resets.app.config.reset.time_limit_seconds);
        millis(now.duration_since(since)) - down > millis(limit)
    }

    /// Applies the result of a poll.
    async fn heard(&self, reset: &Reset, poll: Poll, now: Timestamp) -> Result<(), StoreError> {
        let app = &self.resets.app;
        let next = match poll {
            Poll::Operation { status, detail, request_id, .. } if status == "succeeded" => {
                return self.written(reset, detail.as_deref(), request_id.as_deref()).await;
            }
            Poll::Operation { status, detail, request_id, .. } if status == "failed" => {
                let detail = detail.unwrap_or_default();
                let answer =
                    Answer { call: "operation", status: 200, request_id: request_id.as_deref(), detail: Some(&detail) };
                return send::finish(&self.resets, reset, Report::Ended(ending(&detail)), answer.into()).await;
            }
            Poll::Lost => {
                let since = reset.lost_since.unwrap_or(now);
                if now.duration_since(since) > LOST_AFTER {
                    let answer = Answer { call: "operation", status: 404, request_id: None, detail: None };
                    return send::finish(&self.resets, reset, Report::Lost, answer.into()).await;
                }
                Next { lost_since: Some(since), ..next(reset, now, None) }
            }
            Poll::Token => {
                app.entra.operators.token_refused().await?;
                next(reset, now, Some(SignedDuration::from_millis(200)))
            }
            Poll::Throttled { retry_after } => {
                next(reset, now, Some(retry_after.unwrap_or(SignedDuration::from_secs(5))))
            }
            Poll::Operation { retry_after, .. } => next(reset, now, retry_after),
            Poll::Nothing { status } => {
                tracing::debug!(reset.id = %reset.id, status, "operation poll inconclusive: polling again");
                next(reset, now, None)
            }
        };
        self.later(reset, now, &next).await
    }

    /// Schedules the next poll, or ends the reset if the time limit has passed.
    async fn later(&self, reset: &Reset, now: Timestamp, next: &Next) -> Result<(), StoreError> {
        if self.time_is_up(reset, now) {
            return send::finish(&self.resets, reset, Report::TimedOut, Grounds::default()).await;
        }
        store::poll_later(&self.resets.app.db, reset.id, &self.resets.app.me, next).await
    }

    /// Ends the reset as written and observes the durations.
    async fn written(&self, reset: &Reset, detail: Option<&str>, request_id: Option<&str>) -> Result<(), StoreError> {
        let app = &self.resets.app;
        let answer = Answer { call: "operation", status: 200, request_id, detail };
        let proof =
            Proof { rung: Rung::Written, at: app.now(), source: "graph".to_owned(), detail: detail.map(str::to_owned) };
        let grounds = Grounds { answer: Some(answer), proof: Some(proof) };
        send::finish(&self.resets, reset, Report::Succeeded, grounds).await?;
        let took = reset.accepted_at.and_then(|at| app.now().duration_since(at).try_into().ok());
        app.metrics.wrote_back(took.unwrap_or_default());
        let sent = reset.dispatched_at.and_then(|at| app.now().duration_since(at).try_into().ok());
        app.metrics.reached(Rung::Written.name(), sent.unwrap_or_default());
        Ok(())
    }

    /// Checks the audit log instead of the operation, which has no URL. The time limit ends the wait.
    async fn wait_for_evidence(&self, reset: &Reset, now: Timestamp) -> Result<(), StoreError> {
        debug_assert_eq!(reset.state, State::Writing);
        if evidence::settles_writing(&self.resets, reset).await? {
            return Ok(());
        }
        self.later(reset, now, &next(reset, now, Some(SignedDuration::from_secs(5)))).await
    }
}

/// Returns the schedule after a poll that did not end the reset.
fn next(reset: &Reset, now: Timestamp, retry_after: Option<SignedDuration>) -> Next {
    let pause = retry_after.unwrap_or_else(|| pause_after(reset.polls)).clamp(SignedDuration::from_millis(200), LATEST);
    let down_total_ms = reset.down_total_ms + reset.down_since.map_or(0, |at| millis(now.duration_since(at)));
    Next { poll_at: now.saturating_add(pause).unwrap_or(now), lost_since: None, down_since: None, down_total_ms }
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
