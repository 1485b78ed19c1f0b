//! Moves resets: the only place that stores a change of a reset's state.
//!
//! Every event takes the same way, in [`TransitionPlan::apply`]: the state after the event, the row, evidence, Graph
//! response, audit events and change mark in one transaction. After the commit the watchers are notified, and metrics
//! and log report what happened.
//!
//! Invariants:
//! - A transition is stored only from the state it was decided in. [`StoreError::RowNotFound`]: another replica moved
//!   the reset first.
//! - Nothing is counted or logged before the commit.

use jiff::{SignedDuration, Timestamp};

use super::cause::ResetCause;
use super::record::{DeliveryLogGap, EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use super::state::{EvidenceFinding, ResetEvent, ResetState};
use super::store::{self, GraphCall, NewGraphResponse, StateTransition};
use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::base::{ResetId, TimestampExt as _, crash_point};
use crate::signin::{FinishingOutcome, end_finishing};
use crate::state::AppState;
use crate::store::StoreError;

/// Delay between the 202 response and the first poll of the operation, or the first check of the audit log.
pub(super) const FIRST_POLL_DELAY: SignedDuration = SignedDuration::from_secs(1);
/// Delay between a transition and the first evidence check.
const FIRST_CHECK_DELAY: SignedDuration = SignedDuration::from_secs(1);
/// Source name of Graph in the evidence records.
const GRAPH_SOURCE: &str = "graph";

/// Graph response and evidence that a transition is based on.
#[derive(Default)]
pub(super) struct TransitionBasis<'a> {
    pub(super) response: Option<NewGraphResponse<'a>>,
    pub(super) evidence: Option<EvidenceRecord>,
    /// Detail for the helpdesk, if there is no response.
    pub(super) detail: Option<&'a str>,
}

impl<'a> From<NewGraphResponse<'a>> for TransitionBasis<'a> {
    fn from(response: NewGraphResponse<'a>) -> Self {
        Self { response: Some(response), ..Self::default() }
    }
}

/// Operation that Graph started with a 202 response.
pub(super) struct AcceptedOperation<'a> {
    /// URL to poll, or `None` if the response has none that is Graph's.
    pub(super) url: Option<&'a str>,
    pub(super) request_id: Option<&'a str>,
    pub(super) first_poll_delay: SignedDuration,
}

/// Applies an event of the dispatch or of the operation. [`StoreError::RowNotFound`] also if it changes nothing.
pub(super) async fn apply_event(
    app: &AppState,
    reset: &PasswordReset,
    event: ResetEvent,
    basis: TransitionBasis<'_>,
) -> Result<(), StoreError> {
    TransitionPlan { reset, event, origin: EventOrigin::Graph, basis, now: app.now() }.apply(app).await
}

/// Applies a 202 response: Graph accepted the request.
pub(super) async fn apply_acceptance(
    app: &AppState,
    reset: &PasswordReset,
    operation: &AcceptedOperation<'_>,
) -> Result<(), StoreError> {
    let (now, request_id) = (app.now(), operation.request_id);
    let basis = TransitionBasis {
        response: Some(NewGraphResponse {
            call: GraphCall::Reset,
            status: 202,
            request_id,
            detail: operation.url.is_none().then_some("no Location that is Graph's"),
        }),
        evidence: Some(EvidenceRecord {
            checkpoint: EvidenceCheckpoint::Accepted,
            at: now,
            source: GRAPH_SOURCE.to_owned(),
            detail: request_id.map(str::to_owned),
        }),
        detail: None,
    };
    let origin = EventOrigin::Acceptance(operation);
    TransitionPlan { reset, event: ResetEvent::Accepted, origin, basis, now }.apply(app).await
}

/// Applies the success that the operation reports.
pub(super) async fn apply_success(
    app: &AppState,
    reset: &PasswordReset,
    response: NewGraphResponse<'_>,
) -> Result<(), StoreError> {
    let now = app.now();
    let evidence = EvidenceRecord {
        checkpoint: EvidenceCheckpoint::Written,
        at: now,
        source: GRAPH_SOURCE.to_owned(),
        detail: response.detail.map(str::to_owned),
    };
    let basis = TransitionBasis { response: Some(response), evidence: Some(evidence), detail: None };
    TransitionPlan { reset, event: ResetEvent::Succeeded, origin: EventOrigin::Graph, basis, now }.apply(app).await
}

/// Applies what a source other than the operation found, with the time at which it happened there. The evidence is
/// recorded also if it no longer changes the state.
pub(super) async fn apply_evidence(
    app: &AppState,
    reset: &PasswordReset,
    finding: EvidenceFinding,
    at: Timestamp,
    source: &str,
) -> Result<(), StoreError> {
    let basis = TransitionBasis { evidence: evidence_of(finding, at, source), ..TransitionBasis::default() };
    let origin = EventOrigin::Evidence { finding, source };
    TransitionPlan { reset, event: ResetEvent::Evidence(finding), origin, basis, now: app.now() }.apply(app).await
}

/// Applies a successful finishing sign-in: the person used the password, which is the last checkpoint.
pub(super) async fn apply_finishing(app: &AppState, reset: &PasswordReset, at: Timestamp) -> Result<(), StoreError> {
    let finding = EvidenceFinding::PasswordUsed;
    let basis = TransitionBasis { evidence: evidence_of(finding, at, GRAPH_SOURCE), ..TransitionBasis::default() };
    let event = ResetEvent::Evidence(finding);
    TransitionPlan { reset, event, origin: EventOrigin::Finishing, basis, now: app.now() }.apply(app).await
}

/// Records once why the audit log cannot show who carried the password.
pub(super) async fn record_log_gap(
    app: &AppState,
    reset: &PasswordReset,
    gap: DeliveryLogGap,
) -> Result<(), StoreError> {
    if reset.delivery_log_gap == Some(gap) {
        return Ok(());
    }
    let mut transaction = app.audit_log.begin().await?;
    if !store::update_log_gap(transaction.tx(), reset.id, Some(gap)).await? {
        return Ok(());
    }
    commit_change(app, transaction, reset.id, app.now()).await
}

/// Marks the reset as visibly changed, commits and notifies the watchers. Also for changes that are no transition.
pub(super) async fn commit_change(
    app: &AppState,
    mut transaction: AuditedTransaction,
    id: ResetId,
    now: Timestamp,
) -> Result<(), StoreError> {
    store::mark_changed(transaction.tx(), id, now).await?;
    transaction.commit().await?;
    app.reset_changed.notify_one();
    Ok(())
}

/// Returns the evidence that a finding is recorded as, if it reaches a checkpoint.
fn evidence_of(finding: EvidenceFinding, at: Timestamp, source: &str) -> Option<EvidenceRecord> {
    let checkpoint = match finding {
        EvidenceFinding::Carried => EvidenceCheckpoint::Carried,
        EvidenceFinding::Landed => EvidenceCheckpoint::Landed,
        EvidenceFinding::PasswordUsed => EvidenceCheckpoint::Works,
        EvidenceFinding::AuditLogFailure(_) | EvidenceFinding::NoAgent => return None,
    };
    Some(EvidenceRecord { checkpoint, at, source: source.to_owned(), detail: None })
}

/// Origin of an event. It decides what is stored and audited besides the state.
#[derive(Clone, Copy)]
enum EventOrigin<'a> {
    /// The dispatch or a poll of the operation.
    Graph,
    /// The 202 response.
    Acceptance(&'a AcceptedOperation<'a>),
    /// The audit log or a domain controller.
    Evidence { finding: EvidenceFinding, source: &'a str },
    /// The finishing sign-in.
    Finishing,
}

/// One event of one reset, with everything that is stored with it.
struct TransitionPlan<'a> {
    reset: &'a PasswordReset,
    event: ResetEvent,
    origin: EventOrigin<'a>,
    basis: TransitionBasis<'a>,
    now: Timestamp,
}

impl TransitionPlan<'_> {
    /// Stores the event, commits and reports it.
    async fn apply(self, app: &AppState) -> Result<(), StoreError> {
        let step = self.build_step();
        if step.is_none() && matches!(self.origin, EventOrigin::Graph | EventOrigin::Acceptance(_)) {
            return Err(StoreError::RowNotFound);
        }
        let mut transaction = app.audit_log.begin().await?;
        let new_evidence = self.store_changes(&mut transaction, step.as_ref()).await?;
        for event in self.audit_events(step.as_ref(), new_evidence) {
            transaction.record_event(event);
        }
        self.reach_crash_point("moved-uncommitted", "accepted-uncommitted");
        transaction.commit().await?;
        app.reset_changed.notify_one();
        self.report(app, step.as_ref(), new_evidence);
        self.reach_crash_point("moved", "accepted");
        Ok(())
    }

    /// Returns the transition, or `None` if the event changes nothing.
    fn build_step(&self) -> Option<StateTransition<'_>> {
        let (reset, now) = (self.reset, self.now);
        let (to, cause) = reset.state.after_event(reset.cause, self.event)?;
        let next_check_at = if let EventOrigin::Acceptance(operation) = self.origin {
            // Without an operation only evidence can end the reset.
            operation.url.is_none().then(|| now.later(FIRST_POLL_DELAY))
        } else {
            let can_change = reset.dispatched_at.is_some() && !to.is_open() && !to.is_final(cause, Some(now), now);
            can_change.then(|| now.later(FIRST_CHECK_DELAY))
        };
        let detail = self.basis.response.as_ref().map_or(self.basis.detail, |response| response.detail);
        Some(StateTransition { id: reset.id, from: reset.state, to, cause, detail, now, next_check_at })
    }

    /// Stores everything but the audit events. Returns the evidence if it is the first of its checkpoint.
    async fn store_changes(
        &self,
        transaction: &mut AuditedTransaction,
        step: Option<&StateTransition<'_>>,
    ) -> Result<Option<&EvidenceRecord>, StoreError> {
        let (tx, id) = (transaction.tx(), self.reset.id);
        // First, so that a replica that lost the race stores nothing else. An acceptance comes last, because its
        // statement also increments the change counter, whose row all writers share.
        if let Some(step) = step
            && !matches!(self.origin, EventOrigin::Acceptance(_))
        {
            store::update_state(tx, step).await?;
        }
        let mut new_evidence = None;
        if let Some(evidence) = &self.basis.evidence
            && store::insert_evidence(tx, id, evidence).await?
        {
            new_evidence = Some(evidence);
        }
        if let Some(response) = &self.basis.response {
            store::insert_graph_response(tx, id, response, self.now).await?;
        }
        match (self.origin, step) {
            (EventOrigin::Acceptance(operation), Some(step)) => {
                let poll_at = self.now.later(operation.first_poll_delay);
                store::update_accepted(tx, step, operation.url, poll_at).await?;
                return Ok(new_evidence);
            }
            // Every finding but this one comes from the audit log, which thereby has no gap.
            (EventOrigin::Evidence { finding, .. }, _) if finding != EvidenceFinding::Landed => {
                store::update_log_gap(tx, id, None).await?;
            }
            (EventOrigin::Finishing, _) => end_finishing(tx, id, FinishingOutcome::Used).await?,
            _ => {}
        }
        store::mark_changed(tx, id, self.now).await?;
        Ok(new_evidence)
    }

    /// Returns the audit events: the evidence of another source first, then the transition.
    fn audit_events(
        &self,
        step: Option<&StateTransition<'_>>,
        new_evidence: Option<&EvidenceRecord>,
    ) -> impl Iterator<Item = AuditEvent> {
        let event =
            |kind| AuditEvent::new(kind, AuditActor::Portal).with_subject(self.reset.person).with_reset(self.reset.id);
        let moved = |event: AuditEvent, step: &StateTransition<'_>| {
            event.with_detail("from", step.from.as_str()).with_detail("to", step.to.as_str())
        };
        let evidence_kind = new_evidence.and_then(|evidence| match evidence.checkpoint {
            EvidenceCheckpoint::Carried => Some("reset.carried"),
            EvidenceCheckpoint::Landed => Some("reset.landed"),
            EvidenceCheckpoint::Accepted | EvidenceCheckpoint::Written | EvidenceCheckpoint::Works => None,
        });
        let evidence = evidence_kind.zip(new_evidence);
        let evidence = evidence.map(|(kind, found)| event(kind).with_detail("agent", found.source.clone()));
        let transition = step.map(|step| match self.origin {
            EventOrigin::Acceptance(operation) => {
                event("reset.accepted").with_detail("location", operation.url.is_some())
            }
            EventOrigin::Graph => moved(event("reset.moved"), step)
                .with_detail("cause", step.cause.map(ResetCause::as_str))
                .with_detail("detail", step.detail),
            EventOrigin::Evidence { source, .. } => {
                moved(event("reset.moved").with_detail("by", "evidence"), step).with_detail("agent", source)
            }
            EventOrigin::Finishing => moved(event("reset.moved").with_detail("by", "finish"), step),
        });
        evidence.into_iter().chain(transition)
    }

    /// Counts and logs a committed event.
    fn report(&self, app: &AppState, step: Option<&StateTransition<'_>>, new_evidence: Option<&EvidenceRecord>) {
        if let Some(step) = step {
            app.metrics.count_transition(step.to.as_str(), step.cause.map(ResetCause::as_str));
            if step.to == ResetState::CloudOnly {
                tracing::error!(reset.id = %step.id, "password writeback missing: password changed in the cloud only");
            }
        }
        // The 202 response is the answer to the request itself, so its time says nothing.
        if let Some(evidence) = new_evidence.filter(|found| found.checkpoint != EvidenceCheckpoint::Accepted)
            && let Some(dispatched_at) = self.reset.dispatched_at
        {
            let took = evidence.at.duration_since(dispatched_at).max(SignedDuration::ZERO);
            app.metrics.observe_checkpoint(evidence.checkpoint.as_str(), took.unsigned_abs());
        }
    }

    /// Reaches the crash point of this origin, if it has one.
    fn reach_crash_point(&self, of_graph: &'static str, of_acceptance: &'static str) {
        match self.origin {
            EventOrigin::Graph => crash_point(of_graph),
            EventOrigin::Acceptance(_) => crash_point(of_acceptance),
            EventOrigin::Evidence { .. } | EventOrigin::Finishing => {}
        }
    }
}
