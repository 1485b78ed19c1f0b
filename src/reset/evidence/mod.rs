//! Collects evidence for resets: *carried* from Entra's audit log and *landed* from a domain controller.

mod landed;
pub(super) mod log;

pub(super) use log::settles_writing;
#[cfg(test)]
pub(super) use log::tests::reset as reset_for_test;

use jiff::{SignedDuration, Timestamp};

use super::causes::ResetCause;
use super::reading::{DeliveryLogGap, EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use super::state::{EvidenceFinding, ResetEvent, ResetState};
use super::store;
use super::submit::ResetService;
use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::store::StoreError;
use log::AuditLogRead;

/// Tolerance for differences between the clocks of Microsoft, the directory and the portal, beyond the measured skew.
pub(super) const SKEW: SignedDuration = SignedDuration::from_secs(120);
/// Time after the reset settled for which evidence is checked.
const UNTIL: SignedDuration = SignedDuration::from_hours(24);
/// Time after a reset settled within which its audit record is expected. A tenant that never logged a reset by then is
/// assumed not to log this one.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// Returns the time of the first evidence check in a state, or `None` if no evidence can change it.
pub(super) fn first_look(
    to: ResetState,
    cause: Option<ResetCause>,
    reset: &PasswordReset,
    now: Timestamp,
) -> Option<Timestamp> {
    let sent = reset.dispatched_at.is_some();
    let looks = sent && !to.is_open() && !to.is_final(cause, Some(now), now);
    looks.then(|| now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now))
}

/// Returns the time of the next evidence check: after a quarter of the age of the settled state, at least 2 seconds and
/// at most 15 minutes.
fn next_look(reset: &PasswordReset, now: Timestamp) -> Option<Timestamp> {
    let age = now.duration_since(reset.settled_at.unwrap_or(reset.created_at));
    if age > UNTIL {
        return None;
    }
    let pause = (age / 4).clamp(SignedDuration::from_secs(2), SignedDuration::from_mins(15));
    now.saturating_add(pause).ok()
}

/// Checks all due resets, with one request to the audit log and one directory query per reset.
pub(super) async fn look(resets: &ResetService, due: Vec<PasswordReset>) -> Result<(), StoreError> {
    let app = &resets.app;
    let landed = landed::look(resets, &due);
    let (log, landed) = tokio::join!(log::read(resets, &due), landed);
    let (log, landed) = (log?, landed?);
    for (reset, landed) in due.iter().zip(landed) {
        // The domain controller check may have changed its state.
        let Some(reset) = store::by_id(&app.db, reset.id).await? else { continue };
        let now = app.now();
        let next = match &log {
            AuditLogRead::Rows(rows) => {
                let carried = log::look(resets, rows, &reset).await?;
                if carried && landed { None } else { next_look(&reset, now) }
            }
            AuditLogRead::NotNow(wait) => now.saturating_add(*wait).ok(),
        };
        store::look_later(&app.db, reset.id, &app.me, next).await?;
    }
    Ok(())
}

/// Records the evidence of a checkpoint once, with an audit event. Returns whether it is new.
async fn prove(
    ledger: &mut AuditedTransaction,
    reset: &PasswordReset,
    proof: &EvidenceRecord,
    kind: &'static str,
) -> Result<bool, StoreError> {
    if !store::prove(ledger.tx(), reset.id, proof).await? {
        return Ok(false);
    }
    let event = AuditEvent::new(kind, AuditActor::Portal).about(reset.person).reset(reset.id);
    ledger.record(event.with("agent", proof.source.clone()));
    Ok(true)
}

/// Applies evidence to a reset, if it can still change the state.
async fn settle(
    resets: &ResetService,
    ledger: &mut AuditedTransaction,
    reset: &PasswordReset,
    (evidence, source): (EvidenceFinding, &str),
) -> Result<(), StoreError> {
    let (app, now) = (&resets.app, resets.app.now());
    let Some((to, cause)) = reset.state.after(reset.cause, ResetEvent::Evidence(evidence)) else { return Ok(()) };
    // Another source may still be missing, so checks continue.
    let look_at = first_look(to, cause, reset, now);
    let step = store::StateTransition { id: reset.id, from: reset.state, to, cause, detail: None, now, look_at };
    store::step(ledger.tx(), &step).await?;
    let event =
        AuditEvent::new("reset.moved", AuditActor::Portal).about(reset.person).reset(reset.id).with("by", "evidence");
    ledger.record(event.with("from", reset.state.name()).with("to", to.name()).with("agent", source));
    app.metrics.moved(to.name(), cause.map(ResetCause::code));
    if to == ResetState::CloudOnly {
        tracing::error!(reset.id = %reset.id, "password writeback missing: password changed in the cloud only");
    }
    Ok(())
}

/// Observes the time from the request to a checkpoint in the metrics.
fn took(resets: &ResetService, reset: &PasswordReset, rung: EvidenceCheckpoint, at: Timestamp) {
    if let Some(sent) = reset.dispatched_at {
        let span = at.duration_since(sent).max(SignedDuration::ZERO);
        resets.app.metrics.reached(rung.name(), span.unsigned_abs());
    }
}

/// Records once why the audit log cannot show who carried the password.
async fn note(resets: &ResetService, reset: &PasswordReset, note: DeliveryLogGap) -> Result<(), StoreError> {
    if reset.carried_note == Some(note) {
        return Ok(());
    }
    let (app, now) = (&resets.app, resets.app.now());
    let mut ledger = app.auditor.begin().await?;
    if store::note_carried(ledger.tx(), reset.id, Some(note)).await? {
        store::touch(ledger.tx(), reset.id, now).await?;
    }
    ledger.commit().await?;
    app.changed.notify_one();
    Ok(())
}
