//! Verification of a caller: requests that the person or their manager signs in to answer, and an agent's attestations.
//!
//! - A reply counts once, and only while the request and its case are open.
//! - A denied request, or 3 incorrect replies, locks the case and raises a helpdesk alert.

use axum::extract::FromRef as _;
use jiff::SignedDuration;

use super::rules::{Method, Verification};
use super::store::{self, Asking, Case, CaseState, Change, Check};
use super::words::Words;
use super::{Done, Refused, Stop, about, alarm, event, hold, open};
use crate::audit::{Actor, Event};
use crate::base::{ObjectId, PersonKey};
use crate::people::People;
use crate::signin::{Permission, Staff};
use crate::state::App;
use crate::store::StoreError;
use crate::web::Error;

/// Time to answer a request while the caller is on the phone.
const CALL: SignedDuration = SignedDuration::from_mins(10);
/// Time to answer for a manager, who has to be reached first.
const MANAGER: SignedDuration = SignedDuration::from_mins(60);
/// Number of incorrect replies after which the case is locked.
const FAILURES: i64 = 3;

/// Returns the person of the case after checking that this agent may verify them by this method.
async fn person<P: Permission>(app: &App, staff: &Staff<P>, case: &Case, by: Method) -> Result<PersonKey, Stop> {
    if by.points(&app.config.helpdesk.points) <= 0 {
        return Err(Refused::NotPossible.into());
    }
    let person = case.person.ok_or(Refused::Nobody)?;
    if person == staff.login.key {
        return Err(Refused::Yourself.into());
    }
    if open::too_often(app, person).await? {
        return Err(Refused::TooOften.into());
    }
    Ok(person)
}

/// Sends a verification request to the person or their manager, who must sign in to answer.
pub(super) async fn ask<P: Permission>(app: &App, staff: &Staff<P>, case: &Case, method: Method) -> Done {
    let person = person(app, staff, case, method).await?;
    let (asked, lasts) = match method {
        Method::Manager => (manager(app, staff, person).await?, MANAGER),
        _ => (person, CALL),
    };
    let now = app.now();
    let id = app.random.uuid_at(now).to_string();
    let sealed = match method {
        Method::CallCheck => Words::new(&app.random).seal(&app.sealer, &id).map_err(StoreError::from)?,
        _ => String::new(),
    };
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    if store::is_waiting(ledger.tx(), held.id, method, now).await? {
        return Err(Refused::Waiting.into());
    }
    let asking = Asking {
        id: &id,
        case: held.id,
        action: held.action,
        method,
        agent: (staff.login.key.object, &staff.login.name),
        asked,
        sealed: &sealed,
        now,
        until: now.saturating_add(lasts).unwrap_or(now),
    };
    store::ask(ledger.tx(), &asking).await?;
    ledger.record(event("case.asked", staff, &held).with("method", method.name()).with("asked", asked.to_string()));
    ledger.commit().await?;
    Ok("asked")
}

/// Fetches the person's manager. Refuses if there is none, or if it is the agent or the person.
async fn manager<P: Permission>(app: &App, staff: &Staff<P>, person: PersonKey) -> Result<PersonKey, Stop> {
    let found = People::from_ref(app).manager(person.object).await?.ok_or(Refused::NoManager)?;
    if found.id == staff.login.key.object {
        return Err(Refused::ManagerIsYou.into());
    }
    if found.id == person.object {
        return Err(Refused::NoManager.into());
    }
    Ok(PersonKey { tenant: person.tenant, object: found.id })
}

/// Records an agent's attestation: they called a registered number, or they saw the person.
pub(super) async fn attest<P: Permission>(app: &App, staff: &Staff<P>, case: &Case, method: Method) -> Done {
    let person = person(app, staff, case, method).await?;
    if method == Method::CallBack && !number_settled(app, person).await? {
        return Err(Refused::NumberNew.into());
    }
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    let one = verification(app, method, staff.login.key.object, &staff.login.name);
    if store::said(ledger.tx(), (held.id, held.action), &one).await? {
        return Err(Refused::SaidAlready.into());
    }
    store::verify(ledger.tx(), (held.id, held.action), &one, None).await?;
    ledger.record(event("case.attested", staff, &held).with("method", method.name()).with("points", one.points));
    ledger.commit().await?;
    Ok("attested")
}

/// Returns whether one of the person's phone numbers is eligible for a callback.
async fn number_settled(app: &App, person: PersonKey) -> Result<bool, Stop> {
    let people = People::from_ref(app);
    let facts = open::facts(app, person.object).await?;
    let numbers = people.numbers(&facts).await?;
    Ok(numbers.iter().any(|number| number.settled))
}

fn verification(app: &App, method: Method, agent: ObjectId, agent_name: &str) -> Verification {
    let now = app.now();
    let lasts = SignedDuration::from_secs(app.config.helpdesk.verification_seconds);
    Verification {
        id: app.random.uuid_at(now).to_string(),
        method,
        points: method.points(&app.config.helpdesk.points).max(1),
        agent,
        agent_name: agent_name.to_owned(),
        at: now,
        until: now.saturating_add(lasts).unwrap_or(now),
    }
}

/// Reply as submitted by the recipient of a request.
pub(super) enum Says {
    /// A confirmation, with the words that the person picked in a call check.
    Yes(Vec<String>),
    No,
}

/// Outcome of a submitted reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Confirmed,
    Wrong,
    Refused,
    /// The request was already answered or has expired.
    Over,
}

/// Records a reply. It counts once, and only while the request and its case are open.
pub(super) async fn answer(app: &App, check: &Check, says: &Says) -> Result<Answered, Error> {
    let reply = match says {
        Says::No => store::Answer::Refused,
        Says::Yes(picked) if check.method == Method::CallCheck => {
            let words = Words::open(&app.sealer, check).map_err(StoreError::from);
            // Without its sealing key the request cannot be answered, so it counts as closed.
            let Ok(words) = words else { return Ok(Answered::Over) };
            if words.are(picked) { store::Answer::Confirmed } else { store::Answer::Wrong }
        }
        Says::Yes(_) => store::Answer::Confirmed,
    };
    let mut ledger = app.auditor.begin().await?;
    let Some(held) = store::hold(ledger.tx(), check.case, app.now()).await? else { return Ok(Answered::Over) };
    // The agent may have changed the case's action in the meantime; the reply was for the old action.
    if held.action != check.action || !store::answer(ledger.tx(), &check.id, reply, app.now()).await? {
        return Ok(Answered::Over);
    }
    let answered = Event::new("case.answered", Actor::Person(check.asked)).with("method", check.method.name());
    ledger.record(about(answered.with("answer", reply.name()), &held));
    let locked = match reply {
        store::Answer::Confirmed => {
            let one = verification(app, check.method, check.agent, &check.agent_name);
            store::verify(ledger.tx(), (held.id, held.action), &one, Some((&check.id, check.asked.object))).await?;
            false
        }
        store::Answer::Wrong => {
            store::change(ledger.tx(), held.id, &Change::Failed).await?;
            held.failures + 1 >= FAILURES
        }
        store::Answer::Refused => true,
    };
    if locked {
        store::change(ledger.tx(), held.id, &Change::State(CaseState::Locked)).await?;
        ledger.record(about(Event::new("case.locked", Actor::Portal).with("because", reply.name()), &held));
    }
    ledger.commit().await?;
    if locked {
        alarm(app, "case_locked", &held);
    }
    Ok(match reply {
        store::Answer::Confirmed => Answered::Confirmed,
        store::Answer::Wrong => Answered::Wrong,
        store::Answer::Refused => Answered::Refused,
    })
}
