//! Verifying a caller: questions that somebody signs in to answer, and what an agent says themselves.

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

/// A caller is on the line.
const CALL: SignedDuration = SignedDuration::from_mins(10);
/// A manager has to be reached first.
const MANAGER: SignedDuration = SignedDuration::from_mins(60);
/// So many wrong answers, and the case is locked.
const FAILURES: i64 = 3;

/// The person of the case, whom this agent may verify by this method.
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

/// Asks the person, or their manager, who must sign in to answer.
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

/// The manager, if there is one and it is not the agent.
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

/// What the agent says themselves: they called the number on record, or they see the person.
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

/// Whether one of the numbers on record has been the same for long enough.
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

/// What somebody who was asked says.
pub(super) enum Says {
    /// Yes; with the words that they heard, where there are words.
    Yes(Vec<String>),
    No,
}

/// What an answer came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Confirmed,
    Wrong,
    Refused,
    /// Answered already, or too late.
    Over,
}

/// Takes an answer: it counts once, and only while the question and its case are open.
pub(super) async fn answer(app: &App, check: &Check, says: &Says) -> Result<Answered, Error> {
    let came = match says {
        Says::No => store::Answer::Refused,
        Says::Yes(picked) if check.method == Method::CallCheck => {
            let words = Words::open(&app.sealer, check).map_err(StoreError::from);
            // Without its key nobody can answer it: it counts as over.
            let Ok(words) = words else { return Ok(Answered::Over) };
            if words.are(picked) { store::Answer::Confirmed } else { store::Answer::Wrong }
        }
        Says::Yes(_) => store::Answer::Confirmed,
    };
    let mut ledger = app.auditor.begin().await?;
    let Some(held) = store::hold(ledger.tx(), check.case, app.now()).await? else { return Ok(Answered::Over) };
    // The agent may have changed what the case is for meanwhile: the answer was to something else.
    if held.action != check.action || !store::answer(ledger.tx(), &check.id, came, app.now()).await? {
        return Ok(Answered::Over);
    }
    let told = Event::new("case.answered", Actor::Person(check.asked)).with("method", check.method.name());
    ledger.record(about(told.with("answer", came.name()), &held));
    let locked = match came {
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
        ledger.record(about(Event::new("case.locked", Actor::Portal).with("because", came.name()), &held));
    }
    ledger.commit().await?;
    if locked {
        alarm(app, "case_locked", &held);
    }
    Ok(match came {
        store::Answer::Confirmed => Answered::Confirmed,
        store::Answer::Wrong => Answered::Wrong,
        store::Answer::Refused => Answered::Refused,
    })
}
