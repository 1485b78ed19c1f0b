//! Lifecycle of a case apart from verification: opening, owner, ticket, action, person, notes and closing.

use axum::extract::FromRef as _;
use jiff::{SignedDuration, Timestamp};

use super::rules::{Action, Needs, Risk};
use super::store::{self, Case, CaseState, Change, NewCase, Origin};
use super::{Done, Refused, Stop, event, hold};
use crate::audit::{Actor, Event};
use crate::base::{CaseId, ObjectId, PersonKey, Reference, ResetId};
use crate::guard;
use crate::people::{Facts, People};
use crate::reset::desk as resets;
use crate::signin::{Permission, Staff};
use crate::state::App;
use crate::store::{Purpose, StoreError};
use crate::web::Error;

/// Maximum number of incorrect or denied replies about one person within 24 hours. Further verification is refused.
const FAILURES_A_DAY: i64 = 5;
const NOTE_LETTERS: usize = 2_000;
const TICKET_LETTERS: usize = 64;

/// Returns whether too many verification requests about this person failed within the last 24 hours.
pub(super) async fn too_often(app: &App, person: PersonKey) -> Result<bool, StoreError> {
    let since = app.now().saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(store::failed_lately(&app.db, person, since).await? >= FAILURES_A_DAY)
}

/// Opens a case about a person of the tenant. The agent who opens it becomes its owner.
pub(super) async fn open<P: Permission>(
    app: &App,
    staff: &Staff<P>,
    object: ObjectId,
    action: Action,
    reset: Option<ResetId>,
) -> Result<Reference, Error> {
    let person = PersonKey { tenant: app.config.tenant(), object };
    let facts = facts(app, object).await?;
    let reference = Reference::new(&app.random);
    let mut ledger = app.auditor.begin().await?;
    let new = NewCase {
        id: CaseId::new(&app.random, app.now()),
        reference: &reference,
        person: Some((person, &facts.name, &facts.upn)),
        reset,
        action,
        owner: Some((staff.login.key.object, &staff.login.name)),
        asked: None,
        now: app.now(),
    };
    store::insert(ledger.tx(), &new).await?;
    let opened = Event::new("case.opened", staff.actor()).about(person);
    let opened = opened.with("case", reference.to_string()).with("action", action.name());
    ledger.record(if let Some(reset) = reset { opened.reset(reset) } else { opened });
    ledger.commit().await?;
    Ok(reference)
}

/// Fetches the person's current profile from Graph. Fails with `NotFound` if the person does not exist.
pub(super) async fn facts(app: &App, object: ObjectId) -> Result<Facts, Error> {
    People::from_ref(app)
        .facts(object)
        .await
        .map_err(|error| if error.is_not_found() { Error::NotFound } else { Error::unavailable(&error) })
}

/// Assesses the risk factors of a case.
pub(super) async fn risk(app: &App, case: &Case) -> Result<Risk, Stop> {
    let person = case.person.ok_or(Refused::Nobody)?;
    let facts = facts(app, person.object).await?;
    Ok(Risk {
        privileged: People::from_ref(app).privilege(&facts).await.privileged(),
        internet: case.origin == Origin::Internet,
        frozen: guard::is_frozen(&app.db, person).await?,
    })
}

pub(super) fn needs(app: &App, action: Action, risk: Risk) -> Needs {
    let desk = &app.config.helpdesk;
    Needs::of(action, risk, &desk.thresholds, &desk.raises)
}

/// Makes the agent the owner of the case.
pub(super) async fn take<P: Permission>(app: &App, staff: &Staff<P>, case: &Case) -> Done {
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    store::change(ledger.tx(), held.id, &Change::Owner(staff.login.key.object, &staff.login.name)).await?;
    let from = held.owner.map(|owner| owner.to_string()).unwrap_or_default();
    ledger.record(event("case.taken", staff, &held).with("from", from));
    ledger.commit().await?;
    Ok("taken")
}

/// Sets the ticket number of the organisation's own ticket system.
pub(super) async fn ticket<P: Permission>(app: &App, staff: &Staff<P>, case: &Case, typed: &str) -> Done {
    let text: String = typed.trim().chars().filter(|c| !c.is_control()).take(TICKET_LETTERS).collect();
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    store::change(ledger.tx(), held.id, &Change::Ticket(&text)).await?;
    if let Some(person) = held.person.filter(|_| !text.is_empty()) {
        resets::index_ticket(ledger.tx(), held.reset, person, &text).await?;
    }
    ledger.record(event("case.ticket", staff, &held).with("ticket", text));
    ledger.commit().await?;
    Ok("saved")
}

/// Changes the action of a case. Verifications for another action no longer count.
pub(super) async fn aim<P: Permission>(app: &App, staff: &Staff<P>, case: &Case, action: Action) -> Done {
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    store::change(ledger.tx(), held.id, &Change::Action(action)).await?;
    ledger.record(event("case.aimed", staff, &held).with("to", action.name()));
    ledger.commit().await?;
    Ok("saved")
}

/// Identifies the person of a case that came from `/help`.
///
/// This is possible once, because every verification of a case is about one person.
pub(super) async fn name<P: Permission>(app: &App, staff: &Staff<P>, case: &Case, object: ObjectId) -> Done {
    let facts = facts(app, object).await?;
    let person = PersonKey { tenant: app.config.tenant(), object };
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    if held.person.is_some() {
        return Err(Refused::SaidAlready.into());
    }
    store::change(ledger.tx(), held.id, &Change::Person(person, &facts.name, &facts.upn)).await?;
    ledger.record(event("case.named", staff, &held).about(person));
    ledger.commit().await?;
    Ok("saved")
}

pub(super) async fn note<P: Permission>(app: &App, staff: &Staff<P>, case: &Case, typed: &str) -> Done {
    let kept = |c: &char| !c.is_control() || *c == '\n';
    let text: String = typed.trim().chars().filter(kept).take(NOTE_LETTERS).collect();
    if text.is_empty() {
        return Ok("empty");
    }
    let mut ledger = app.auditor.begin().await?;
    // Does not lock an open case: a note is also allowed in a locked or closed case, for example to explain it.
    let by = (staff.login.key.object, staff.login.name.as_str());
    store::note(ledger.tx(), case.id, by, &text, app.now()).await?;
    ledger.record(event("case.note", staff, case));
    ledger.commit().await?;
    Ok("noted")
}

pub(super) async fn close<P: Permission>(app: &App, staff: &Staff<P>, case: &Case) -> Done {
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    store::change(ledger.tx(), held.id, &Change::State(CaseState::Closed)).await?;
    ledger.record(event("case.closed", staff, &held));
    ledger.commit().await?;
    withdraw_passes(app, &held).await?;
    Ok("closed")
}

/// Deletes the passes of a closed case at Microsoft. A pass that cannot be deleted expires on its own.
async fn withdraw_passes(app: &App, case: &Case) -> Result<(), StoreError> {
    let Some(person) = case.person else { return Ok(()) };
    let acted = store::acted(&app.db, case.id).await?;
    for pass in acted.iter().filter(|acted| acted.action == Action::Pass && !acted.detail.is_empty()) {
        if let Err(error) = app.entra.operators.delete_pass(person.object, &pass.detail).await {
            tracing::warn!(
                error = ?error, case.reference = %case.reference,
                "Temporary Access Pass deletion failed: it expires on its own"
            );
        }
    }
    Ok(())
}

/// Records a help request by someone who has no usable way to sign in.
///
/// All requests for one name share a case. Each request gets its own reference, so that a caller cannot learn whether
/// someone else asked for the same name. The steps are the same for every name.
pub(in crate::helpdesk) async fn ask_for_help(app: &App, typed: &str) -> Result<Reference, StoreError> {
    let now = app.now();
    let folded = typed.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let (key, _) = app.sealer.mac(Purpose::Help, folded.as_bytes());
    let (reference, case) = (Reference::new(&app.random), Reference::new(&app.random));
    let mut ledger = app.auditor.begin().await?;
    let id = if let Some(id) = store::asked_again(ledger.tx(), &key, now).await? {
        id
    } else {
        let new = NewCase {
            id: CaseId::new(&app.random, now),
            reference: &case,
            person: None,
            reset: None,
            action: Action::Pass,
            owner: None,
            asked: Some((typed, &key)),
            now,
        };
        store::insert(ledger.tx(), &new).await?;
        new.id
    };
    store::request(ledger.tx(), id, &reference, now).await?;
    ledger.record(Event::new("case.asked_for", Actor::Portal).with("request", reference.to_string()));
    ledger.commit().await?;
    Ok(reference)
}
