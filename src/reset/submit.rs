//! Commits the intent of a reset and starts the task that sends it.

use axum::extract::FromRef;
use jiff::{SignedDuration, Timestamp};

use super::leases::LEASE;
use super::state::State;
use super::{send, store};
use crate::audit::{Actor, Event, Ledger};
use crate::base::{InFlight, PersonKey, Reference, ResetId, crash_point};
use crate::guard::{Counted, Guard};
use crate::notify;
use crate::people::Facts;
use crate::policy::NewPassword;
use crate::state::App;
use crate::store::{Refused, StoreError};

/// Minimum time between a split reset and the next one. The cloud catches up within this time.
const SPLIT_REST: SignedDuration = SignedDuration::from_mins(30);

/// Entry point for handlers and loops that work with resets.
#[derive(Clone)]
pub(crate) struct Resets {
    pub(super) app: App,
    pub(super) in_flight: InFlight,
}

impl FromRef<App> for Resets {
    fn from_ref(app: &App) -> Self {
        Self { app: app.clone(), in_flight: app.in_flight.clone() }
    }
}

/// Initiator of a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The signed-in person.
    Person,
    /// The canary schedule, for the test account.
    Canary,
}

/// Reason why no reset was started. The password was not used.
#[derive(Debug)]
pub(super) enum NotBegun {
    /// Another reset of this person is unfinished.
    Running(Reference),
    /// The person exceeded the rate limit.
    Limited(Refused),
    /// The helpdesk's reset grant is missing, for example because another tab used it.
    NotGranted,
    Store(StoreError),
}

impl From<StoreError> for NotBegun {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Effect of the person's newest reset on a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    Running(Reference),
    /// The earlier password may be set: the person should try it first.
    Unknown(Reference),
    /// The directory has the password and the cloud does not yet. No new reset before this time.
    Split(Reference, Timestamp),
}

impl Resets {
    /// Returns what the person's newest reset means for a new one.
    pub(super) async fn before(&self, person: PersonKey) -> Result<Before, StoreError> {
        let Some(latest) = store::latest(&self.app.db, person).await? else { return Ok(Before::Nothing) };
        let now = self.app.now();
        Ok(match latest.state {
            State::Sending | State::Writing => Before::Running(latest.reference),
            State::Unknown if !latest.is_final(now) => Before::Unknown(latest.reference),
            State::Split => {
                let until = latest.settled_at.unwrap_or(latest.updated_at).saturating_add(SPLIT_REST).unwrap_or(now);
                if now < until { Before::Split(latest.reference, until) } else { Before::Nothing }
            }
            _ => Before::Nothing,
        })
    }

    /// Commits the intent and spawns the dispatch. The task belongs to the process, so a closed browser does not stop
    /// it.
    pub(super) async fn submit(
        &self,
        by: By,
        person: PersonKey,
        facts: &Facts,
        password: NewPassword,
    ) -> Result<Reference, NotBegun> {
        let now = self.app.now();
        let id = ResetId::new(&self.app.random, now);
        let reference = Reference::new(&self.app.random);
        let guard = Guard::from_ref(&self.app);
        // Before the transaction, because it asks Graph and would hold the database lock meanwhile.
        let needs_approval = by == By::Person && guard.needs_approval(facts).await;
        let mut ledger = self.app.auditor.begin().await?;
        let lease_until = now.saturating_add(LEASE).unwrap_or(now);
        let intent = store::Intent { id, reference: &reference, person, facts, owner: &self.app.me, lease_until, now };
        match store::insert(ledger.tx(), &intent).await {
            Ok(()) => {}
            Err(StoreError::Exists) => {
                // Writes nothing, and waits for the transaction of the conflicting reset, which may still be
                // committing.
                ledger.commit().await?;
                return Err(self.running(person).await?);
            }
            Err(error) => return Err(error.into()),
        }
        match by {
            By::Person => self.of_a_person(&mut ledger, (id, person, now), facts, needs_approval).await?,
            By::Canary => store::mark_canary(ledger.tx(), id).await?,
        }
        if facts.locked {
            store::was_locked(ledger.tx(), id).await?;
        }
        if let (Some(before), Some(account)) = (facts.set_before, &facts.account) {
            store::set_before(ledger.tx(), id, &account.to_string(), before).await?;
        }
        store::touch(ledger.tx(), id, now).await?;
        let actor = if by == By::Person { Actor::Person(person) } else { Actor::Portal };
        let event = Event::new("reset.requested", actor).about(person).reset(id).with("canary", by == By::Canary);
        ledger.record(event.with("reference", reference.to_string()).personal("upn", facts.upn.clone()));
        // Marked before the row is visible, so that this process's tracker does not treat it as orphaned.
        let marked = self.in_flight.mark(id);
        ledger.commit().await?;
        crash_point("intent-committed");
        let sent = send::Sent { id, person, created_at: now };
        self.app.tasks.spawn(send::send(self.clone(), sent, password.into_inner(), marked));
        Ok(reference)
    }

    /// Enqueues the notification and consumes the quota. Only for a person's reset, not for the canary.
    async fn of_a_person(
        &self,
        ledger: &mut Ledger,
        (id, person, now): (ResetId, PersonKey, Timestamp),
        facts: &Facts,
        needs_approval: bool,
    ) -> Result<(), NotBegun> {
        notify::remember(ledger.tx(), &self.app, id, facts, now).await?;
        let guard = Guard::from_ref(&self.app);
        match guard.count(ledger.tx(), person, id, needs_approval).await? {
            Counted::Within => Ok(()),
            Counted::Granted => {
                ledger.record(Event::new("guard.grant_used", Actor::Person(person)).about(person).reset(id));
                Ok(())
            }
            Counted::NotGranted => Err(NotBegun::NotGranted),
            Counted::Limited(refused) => Err(NotBegun::Limited(refused)),
        }
    }

    /// Returns the error that names the unfinished reset.
    async fn running(&self, person: PersonKey) -> Result<NotBegun, StoreError> {
        let latest = store::latest(&self.app.db, person).await?;
        // The other reset may have ended meanwhile; its status page shows that.
        latest.map(|reset| NotBegun::Running(reset.reference)).ok_or(StoreError::NoRow)
    }
}
