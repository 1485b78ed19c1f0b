//! Collects evidence for resets: *carried* from Entra's audit log and *landed* from a domain controller.

pub(super) mod audit_log;
mod domain_controller;

pub(super) use audit_log::resolve_from_audit_log;
#[cfg(test)]
pub(super) use audit_log::tests::sample_reset;

use crate::base::TimestampExt as _;
use jiff::{SignedDuration, Timestamp};

use super::cause::ResetCause;
use super::record::{DeliveryLogGap, EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use super::state::{EvidenceFinding, ResetEvent, ResetState};
use super::store;
use super::submission::ResetService;
use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::store::StoreError;
use audit_log::AuditLogRead;

/// Tolerance for differences between the clocks of Microsoft, the directory and the portal, beyond the measured skew.
pub(super) const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(120);
/// Time after the reset settled for which evidence is checked.
const CHECK_PERIOD: SignedDuration = SignedDuration::from_hours(24);
/// Time after a reset settled within which its audit record is expected. A tenant that never logged a reset by then is
/// assumed not to log this one.
const LOG_EXPECTED_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// Returns the time of the first evidence check in a state, or `None` if no evidence can change it.
pub(super) fn first_check_at(
    to: ResetState,
    cause: Option<ResetCause>,
    reset: &PasswordReset,
    now: Timestamp,
) -> Option<Timestamp> {
    let sent = reset.dispatched_at.is_some();
    let looks = sent && !to.is_open() && !to.is_final(cause, Some(now), now);
    looks.then(|| now.later(SignedDuration::from_secs(1)))
}

/// Returns the time of the next evidence check: after a quarter of the age of the settled state, at least 2 seconds and
/// at most 15 minutes.
fn next_check_at(reset: &PasswordReset, now: Timestamp) -> Option<Timestamp> {
    let age = now.duration_since(reset.settled_at.unwrap_or(reset.created_at));
    if age > CHECK_PERIOD {
        return None;
    }
    let pause = (age / 4).clamp(SignedDuration::from_secs(2), SignedDuration::from_mins(15));
    now.saturating_add(pause).ok()
}

/// Checks all due resets, with one request to the audit log and one directory query per reset.
pub(super) async fn collect_evidence(resets: &ResetService, due: Vec<PasswordReset>) -> Result<(), StoreError> {
    let app = &resets.app;
    let landed = domain_controller::check_domain_controllers(resets, &due);
    let (log, landed) = tokio::join!(audit_log::fetch_audit_log(resets, &due), landed);
    let (log, landed) = (log?, landed?);
    for (reset, landed) in due.iter().zip(landed) {
        // The domain controller check may have changed its state.
        let Some(reset) = store::load_by_id(&app.db, reset.id).await? else { continue };
        let now = app.now();
        let next = match &log {
            AuditLogRead::Records(rows) => {
                let carried = audit_log::match_reset(resets, rows, &reset).await?;
                if carried && landed { None } else { next_check_at(&reset, now) }
            }
            AuditLogRead::RetryAfter(wait) => now.saturating_add(*wait).ok(),
        };
        store::schedule_evidence_check(&app.db, reset.id, &app.instance_id, next).await?;
    }
    Ok(())
}

/// Records the evidence of a checkpoint once, with an audit event. Returns whether it is new.
async fn record_evidence(
    transaction: &mut AuditedTransaction,
    reset: &PasswordReset,
    proof: &EvidenceRecord,
    kind: &'static str,
) -> Result<bool, StoreError> {
    if !store::insert_evidence(transaction.tx(), reset.id, proof).await? {
        return Ok(false);
    }
    let event = AuditEvent::new(kind, AuditActor::Portal).with_subject(reset.person).with_reset(reset.id);
    transaction.record_event(event.with_detail("agent", proof.source.clone()));
    Ok(true)
}

/// Applies evidence to a reset, if it can still change the state.
async fn apply_evidence(
    resets: &ResetService,
    transaction: &mut AuditedTransaction,
    reset: &PasswordReset,
    (evidence, source): (EvidenceFinding, &str),
) -> Result<(), StoreError> {
    let (app, now) = (&resets.app, resets.app.now());
    let Some((to, cause)) = reset.state.after_event(reset.cause, ResetEvent::Evidence(evidence)) else { return Ok(()) };
    // Another source may still be missing, so checks continue.
    let look_at = first_check_at(to, cause, reset, now);
    let step = store::StateTransition {
        id: reset.id,
        from: reset.state,
        to,
        cause,
        detail: None,
        now,
        next_check_at: look_at,
    };
    store::update_state(transaction.tx(), &step).await?;
    let event = AuditEvent::new("reset.moved", AuditActor::Portal)
        .with_subject(reset.person)
        .with_reset(reset.id)
        .with_detail("by", "evidence");
    transaction.record_event(
        event.with_detail("from", reset.state.as_str()).with_detail("to", to.as_str()).with_detail("agent", source),
    );
    app.metrics.count_transition(to.as_str(), cause.map(ResetCause::as_str));
    if to == ResetState::CloudOnly {
        tracing::error!(reset.id = %reset.id, "password writeback missing: password changed in the cloud only");
    }
    Ok(())
}

/// Observes the time from the request to a checkpoint in the metrics.
fn observe_checkpoint(resets: &ResetService, reset: &PasswordReset, rung: EvidenceCheckpoint, at: Timestamp) {
    if let Some(sent) = reset.dispatched_at {
        let span = at.duration_since(sent).max(SignedDuration::ZERO);
        resets.app.metrics.observe_checkpoint(rung.as_str(), span.unsigned_abs());
    }
}

/// Records once why the audit log cannot show who carried the password.
async fn record_log_gap(resets: &ResetService, reset: &PasswordReset, note: DeliveryLogGap) -> Result<(), StoreError> {
    if reset.delivery_log_gap == Some(note) {
        return Ok(());
    }
    let (app, now) = (&resets.app, resets.app.now());
    let mut transaction = app.audit_log.begin().await?;
    if store::update_log_gap(transaction.tx(), reset.id, Some(note)).await? {
        store::mark_changed(transaction.tx(), reset.id, now).await?;
    }
    transaction.commit().await?;
    app.reset_changed.notify_one();
    Ok(())
}
