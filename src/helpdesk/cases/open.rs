//! Lifecycle of a case apart from verification: opening, owner, ticket, action, person, notes and closing.

use axum::extract::FromRef as _;
use jiff::{SignedDuration, Timestamp};

use super::rules::{CaseAction, CaseRisk, VerificationRequirements};
use super::store::{self, CaseChange, CaseOrigin, CaseState, HelpdeskCase, NewCase};
use super::{CaseError, CaseRefusal, CaseResult, event, hold};
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{CaseId, ObjectId, PersonKey, ReferenceCode, ResetId};
use crate::guard;
use crate::people::{PeopleService, PersonProfile};
use crate::reset::desk as resets;
use crate::signin::{StaffMember, StaffPermission};
use crate::state::AppState;
use crate::store::{KeyPurpose, StoreError};
use crate::web::WebError;

/// Maximum number of incorrect or denied replies about one person within 24 hours. Further verification is refused.
const FAILURES_A_DAY: i64 = 5;
const NOTE_LETTERS: usize = 2_000;
const TICKET_LETTERS: usize = 64;

/// Returns whether too many verification requests about this person failed within the last 24 hours.
pub(super) async fn too_often(app: &AppState, person: PersonKey) -> Result<bool, StoreError> {
    let since = app.now().saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(store::failed_lately(&app.db, person, since).await? >= FAILURES_A_DAY)
}

/// Opens a case about a person of the tenant. The agent who opens it becomes its owner.
pub(super) async fn open<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    object: ObjectId,
    action: CaseAction,
    reset: Option<ResetId>,
) -> Result<ReferenceCode, WebError> {
    let person = PersonKey { tenant: app.config.tenant(), object };
    let facts = facts(app, object).await?;
    let reference = ReferenceCode::new(&app.random);
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
    let opened = AuditEvent::new("case.opened", staff.actor()).about(person);
    let opened = opened.with("case", reference.to_string()).with("action", action.name());
    ledger.record(if let Some(reset) = reset { opened.reset(reset) } else { opened });
    ledger.commit().await?;
    Ok(reference)
}

/// Fetches the person's current profile from Graph. Fails with `NotFound` if the person does not exist.
pub(super) async fn facts(app: &AppState, object: ObjectId) -> Result<PersonProfile, WebError> {
    PeopleService::from_ref(app)
        .facts(object)
        .await
        .map_err(|error| if error.is_not_found() { WebError::NotFound } else { WebError::unavailable(&error) })
}

/// Assesses the risk factors of a case.
pub(super) async fn risk(app: &AppState, case: &HelpdeskCase) -> Result<CaseRisk, CaseError> {
    let person = case.person.ok_or(CaseRefusal::Nobody)?;
    let facts = facts(app, person.object).await?;
    Ok(CaseRisk {
        privileged: PeopleService::from_ref(app).privilege(&facts).await.privileged(),
        internet: case.origin == CaseOrigin::Internet,
        frozen: guard::is_frozen(&app.db, person).await?,
    })
}

pub(super) fn needs(app: &AppState, action: CaseAction, risk: CaseRisk) -> VerificationRequirements {
    let desk = &app.config.helpdesk;
    VerificationRequirements::of(action, risk, &desk.thresholds, &desk.raises)
}

/// Makes the agent the owner of the case.
pub(super) async fn take<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
) -> CaseResult {
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    store::change(ledger.tx(), held.id, &CaseChange::Owner(staff.login.key.object, &staff.login.name)).await?;
    let from = held.owner.map(|owner| owner.to_string()).unwrap_or_default();
    ledger.record(event("case.taken", staff, &held).with("from", from));
    ledger.commit().await?;
    Ok("taken")
}

/// Sets the ticket number of the organisation's own ticket system.
pub(super) async fn ticket<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    typed: &str,
) -> CaseResult {
    let text: String = typed.trim().chars().filter(|c| !c.is_control()).take(TICKET_LETTERS).collect();
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    store::change(ledger.tx(), held.id, &CaseChange::Ticket(&text)).await?;
    if let Some(person) = held.person.filter(|_| !text.is_empty()) {
        resets::index_ticket(ledger.tx(), held.reset, person, &text).await?;
    }
    ledger.record(event("case.ticket", staff, &held).with("ticket", text));
    ledger.commit().await?;
    Ok("saved")
}

/// Changes the action of a case. Verifications for another action no longer count.
pub(super) async fn aim<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    action: CaseAction,
) -> CaseResult {
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    store::change(ledger.tx(), held.id, &CaseChange::Action(action)).await?;
    ledger.record(event("case.aimed", staff, &held).with("to", action.name()));
    ledger.commit().await?;
    Ok("saved")
}

/// Identifies the person of a case that came from `/help`.
///
/// This is possible once, because every verification of a case is about one person.
pub(super) async fn name<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    object: ObjectId,
) -> CaseResult {
    let facts = facts(app, object).await?;
    let person = PersonKey { tenant: app.config.tenant(), object };
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    if held.person.is_some() {
        return Err(CaseRefusal::SaidAlready.into());
    }
    store::change(ledger.tx(), held.id, &CaseChange::Person(person, &facts.name, &facts.upn)).await?;
    ledger.record(event("case.named", staff, &held).about(person));
    ledger.commit().await?;
    Ok("saved")
}

pub(super) async fn note<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    typed: &str,
) -> CaseResult {
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

pub(super) async fn close<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
) -> CaseResult {
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    store::change(ledger.tx(), held.id, &CaseChange::State(CaseState::Closed)).await?;
    ledger.record(event("case.closed", staff, &held));
    ledger.commit().await?;
    withdraw_passes(app, &held).await?;
    Ok("closed")
}

/// Deletes the passes of a closed case at Microsoft. A pass that cannot be deleted expires on its own.
async fn withdraw_passes(app: &AppState, case: &HelpdeskCase) -> Result<(), StoreError> {
    let Some(person) = case.person else { return Ok(()) };
    let acted = store::acted(&app.db, case.id).await?;
    for pass in acted.iter().filter(|acted| acted.action == CaseAction::Pass && !acted.detail.is_empty()) {
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
pub(in crate::helpdesk) async fn ask_for_help(app: &AppState, typed: &str) -> Result<ReferenceCode, StoreError> {
    let now = app.now();
    let folded = typed.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let (key, _) = app.sealer.mac(KeyPurpose::Help, folded.as_bytes());
    let (reference, case) = (ReferenceCode::new(&app.random), ReferenceCode::new(&app.random));
    let mut ledger = app.auditor.begin().await?;
    let id = if let Some(id) = store::asked_again(ledger.tx(), &key, now).await? {
        id
    } else {
        let new = NewCase {
            id: CaseId::new(&app.random, now),
            reference: &case,
            person: None,
            reset: None,
            action: CaseAction::Pass,
            owner: None,
            asked: Some((typed, &key)),
            now,
        };
        store::insert(ledger.tx(), &new).await?;
        new.id
    };
    store::request(ledger.tx(), id, &reference, now).await?;
    ledger.record(AuditEvent::new("case.asked_for", AuditActor::Portal).with("request", reference.to_string()));
    ledger.commit().await?;
    Ok(reference)
}
