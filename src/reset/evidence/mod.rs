//! Proof that a password landed: *carried*, from Entra's audit log, and *landed*, from a domain controller.

mod landed;
pub(super) mod log;

pub(super) use log::settles_writing;
#[cfg(test)]
pub(super) use log::tests::reset as reset_for_test;

use jiff::{SignedDuration, Timestamp};

use super::causes::Cause;
use super::reading::{CarriedNote, Proof, Reset, Rung};
use super::state::{Evidence, Report, State};
use super::store;
use super::submit::Resets;
use crate::audit::{Actor, Event, Ledger};
use crate::store::StoreError;
use log::Log;

/// Clocks of Microsoft, the directory and ours may differ by this more than was measured.
pub(super) const SKEW: SignedDuration = SignedDuration::from_secs(120);
/// Nobody looks longer than this after the reset settled.
const UNTIL: SignedDuration = SignedDuration::from_hours(24);
/// A tenant that has logged nothing of resets for so long after one was in place will not log this one.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// When to look first in a state, if ever.
pub(super) fn first_look(to: State, cause: Option<Cause>, reset: &Reset, now: Timestamp) -> Option<Timestamp> {
    let sent = reset.dispatched_at.is_some();
    let looks = sent && !to.is_open() && !to.is_final(cause, Some(now), now);
    looks.then(|| now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now))
}

/// Looks grow rarer with the age of the settled state: 2 s, then a quarter of the age, up to 15 minutes.
fn next_look(reset: &Reset, now: Timestamp) -> Option<Timestamp> {
    let age = now.duration_since(reset.settled_at.unwrap_or(reset.created_at));
    if age > UNTIL {
        return None;
    }
    let pause = (age / 4).clamp(SignedDuration::from_secs(2), SignedDuration::from_mins(15));
    now.saturating_add(pause).ok()
}

/// Looks for everybody who is due: with one request to the log, and one question to the directory for each.
pub(super) async fn look(resets: &Resets, due: Vec<Reset>) -> Result<(), StoreError> {
    let app = &resets.app;
    let landed = landed::look(resets, &due);
    let (log, landed) = tokio::join!(log::read(resets, &due), landed);
    let (log, landed) = (log?, landed?);
    for (reset, landed) in due.iter().zip(landed) {
        // What the directory proved may have moved it.
        let Some(reset) = store::by_id(&app.db, reset.id).await? else { continue };
        let now = app.now();
        let next = match &log {
            Log::Rows(rows) => {
                let carried = log::look(resets, rows, &reset).await?;
                if carried && landed { None } else { next_look(&reset, now) }
            }
            Log::NotNow(wait) => now.saturating_add(*wait).ok(),
        };
        store::look_later(&app.db, reset.id, &app.me, next).await?;
    }
    Ok(())
}

/// Writes a proof down, once, with its line of the audit.
async fn prove(ledger: &mut Ledger, reset: &Reset, proof: &Proof, kind: &'static str) -> Result<bool, StoreError> {
    if !store::prove(ledger.tx(), reset.id, proof).await? {
        return Ok(false);
    }
    let event = Event::new(kind, Actor::Portal).about(reset.person).reset(reset.id);
    ledger.record(event.with("agent", proof.source.clone()));
    Ok(true)
}

/// Moves a reset by evidence, if it still can be.
async fn settle(
    resets: &Resets,
    ledger: &mut Ledger,
    reset: &Reset,
    (evidence, source): (Evidence, &str),
) -> Result<(), StoreError> {
    let (app, now) = (&resets.app, resets.app.now());
    let Some((to, cause)) = reset.state.after(reset.cause, Report::Evidence(evidence)) else { return Ok(()) };
    // A source may still be missing: it is looked for as before.
    let look_at = first_look(to, cause, reset, now);
    let step = store::Move { id: reset.id, from: reset.state, to, cause, detail: None, now, look_at };
    store::step(ledger.tx(), &step).await?;
    let event = Event::new("reset.moved", Actor::Portal).about(reset.person).reset(reset.id).with("by", "evidence");
    ledger.record(event.with("from", reset.state.name()).with("to", to.name()).with("agent", source));
    app.metrics.moved(to.name(), cause.map(Cause::code));
    if to == State::CloudOnly {
        tracing::error!(reset.id = %reset.id, "a password was set in the cloud and no writeback agent carried it");
    }
    Ok(())
}

/// How long it took from the request to a rung, for the metrics.
fn took(resets: &Resets, reset: &Reset, rung: Rung, at: Timestamp) {
    if let Some(sent) = reset.dispatched_at {
        let span = at.duration_since(sent).max(SignedDuration::ZERO);
        resets.app.metrics.reached(rung.name(), span.unsigned_abs());
    }
}

/// Says why the log will not tell who carried it, once.
async fn note(resets: &Resets, reset: &Reset, note: CarriedNote) -> Result<(), StoreError> {
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
