//! From the form to a committed intent, and the task that sends it.

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

/// A new reset after a split one: the cloud catches up within this.
const SPLIT_REST: SignedDuration = SignedDuration::from_mins(30);

/// Resets, as handlers use them.
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

/// Who asked for a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Its person, signed in.
    Person,
    /// The schedule, of the test account.
    Canary,
}

/// Why nothing was begun. The password was not used.
#[derive(Debug)]
pub(super) enum NotBegun {
    /// One is under way.
    Running(Reference),
    /// Too many by this person.
    Limited(Refused),
    /// The desk's grant was used by another tab.
    NotGranted,
    Store(StoreError),
}

impl From<StoreError> for NotBegun {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What the person's newest reset means for another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    Running(Reference),
    /// The password may be in place: try it first.
    Unknown(Reference),
    /// AD has it, the cloud not yet: not before this.
    Split(Reference, Timestamp),
}

impl Resets {
    /// What stands before a new reset of this person.
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

    /// Commits the intent and starts sending. The sending belongs to the process: a closed browser cannot cut it.
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
        // Asks Graph, so before anything is locked.
        let needs_approval = by == By::Person && guard.needs_approval(facts).await;
        let mut ledger = self.app.auditor.begin().await?;
        let lease_until = now.saturating_add(LEASE).unwrap_or(now);
        let intent = store::Intent { id, reference: &reference, person, facts, owner: &self.app.me, lease_until, now };
        match store::insert(ledger.tx(), &intent).await {
            Ok(()) => {}
            Err(StoreError::Exists) => {
                // Writes nothing, and waits for whatever refused it: who did it may be committed in this moment.
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
        // Marked before it can be seen: nobody here takes it for an orphan.
        let marked = self.in_flight.mark(id);
        ledger.commit().await?;
        crash_point("intent-committed");
        let sent = send::Sent { id, person, created_at: now };
        self.app.tasks.spawn(send::send(self.clone(), sent, password.into_inner(), marked));
        Ok(reference)
    }

    /// What only a person's reset brings: somebody to tell, and a count.
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

    async fn running(&self, person: PersonKey) -> Result<NotBegun, StoreError> {
        let latest = store::latest(&self.app.db, person).await?;
        // The other one may have ended just now; its page says so.
        latest.map(|reset| NotBegun::Running(reset.reference)).ok_or(StoreError::NoRow)
    }
}
