//! Lifecycle of a case apart from verification: opening, owner, ticket, action, person, notes, hold and closing.

use super::action_outcome::CaseActionOutcome;
use super::case_access::lock_open_case;
use super::case_events::case_event;
use super::case_state::CaseEvent;
use super::error::{CaseError, CaseRefusal, CaseResult};
use super::participants::{CasePerson, StaffActor};
use super::person_snapshot::PersonSnapshot;
use super::policy::CaseAction;
use super::store::{self, CaseChange, CaseSubject, HelpdeskCase, NewCase};
use super::verification::has_too_many_failures;
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{CaseId, ObjectId, PersonKey, ReferenceCode};
use crate::eligibility;
use crate::reset::queries as resets;
use crate::state::AppState;
use crate::store::{KeyPurpose, StoreError};

const MAX_NOTE_CHARS: usize = 2_000;
const MAX_TICKET_CHARS: usize = 64;

/// Opens a case about a person of the tenant. The agent who opens it becomes its owner.
///
/// `reset` is the reset that the case is about. A reset of another person is ignored.
pub(crate) async fn open_case(
    app: &AppState,
    staff: &StaffActor,
    object: ObjectId,
    action: CaseAction,
    reset: Option<&ReferenceCode>,
) -> Result<ReferenceCode, CaseError> {
    let person = PersonKey { tenant: app.config.tenant_id(), object };
    if let Some(refusal) = refuse_new_case(app, staff, person).await? {
        let refused = AuditEvent::new("case.refused", staff.audit_actor()).with_subject(person);
        app.audit_log.append(refused.with_detail("code", refusal.as_str())).await?;
        return Err(refusal.into());
    }
    let reset = match reset {
        Some(reset) => resets::load_id_and_person(&app.db, reset).await?.filter(|(_, whose)| *whose == person),
        None => None,
    };
    let reset = reset.map(|(id, _)| id);
    let snapshot = PersonSnapshot::new(app, person);
    let profile = snapshot.profile().await?;
    let reference = ReferenceCode::new(&app.random);
    let mut transaction = app.audit_log.begin().await?;
    let subject = CasePerson { key: person, name: &profile.name, upn: &profile.upn };
    let new = NewCase {
        id: CaseId::new(&app.random, app.now()),
        reference: &reference,
        subject: CaseSubject::Identified { person: subject, owner: staff },
        reset,
        action,
        now: app.now(),
    };
    store::insert_case(transaction.tx(), &new).await?;
    let opened = AuditEvent::new("case.opened", staff.audit_actor()).with_subject(person);
    let opened = opened.with_detail("case", reference.to_string()).with_detail("action", action.as_str());
    transaction.record_event(if let Some(reset) = reset { opened.with_reset(reset) } else { opened });
    transaction.commit().await?;
    Ok(reference)
}

/// Returns why this agent cannot open a case about this person.
async fn refuse_new_case(
    app: &AppState,
    staff: &StaffActor,
    person: PersonKey,
) -> Result<Option<CaseRefusal>, StoreError> {
    if person == staff.key {
        return Ok(Some(CaseRefusal::AboutYourself));
    }
    Ok(has_too_many_failures(app, person).await?.then_some(CaseRefusal::TooManyFailures))
}

/// Refuses a case about the member of staff themselves. A case without an identified person passes.
fn refuse_own_case(staff: &StaffActor, case: &HelpdeskCase) -> Result<(), CaseRefusal> {
    if case.person == Some(staff.key) { Err(CaseRefusal::AboutYourself) } else { Ok(()) }
}

/// Makes the agent the owner of the case.
pub(crate) async fn take_over(app: &AppState, staff: &StaffActor, case: &HelpdeskCase) -> CaseResult {
    refuse_own_case(staff, case)?;
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    store::apply_change(transaction.tx(), held.id, &CaseChange::Owner(staff)).await?;
    let from = held.owner.map(|owner| owner.to_string()).unwrap_or_default();
    transaction.record_event(case_event("case.taken", staff, &held).with_detail("from", from));
    transaction.commit().await?;
    Ok(CaseActionOutcome::TakenOver)
}

/// Sets the ticket number of the organisation's own ticket system.
pub(crate) async fn set_ticket(app: &AppState, staff: &StaffActor, case: &HelpdeskCase, typed: &str) -> CaseResult {
    refuse_own_case(staff, case)?;
    let text: String = typed.trim().chars().filter(|c| !c.is_control()).take(MAX_TICKET_CHARS).collect();
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    store::apply_change(transaction.tx(), held.id, &CaseChange::Ticket(&text)).await?;
    if let Some(person) = held.person.filter(|_| !text.is_empty()) {
        resets::index_ticket(transaction.tx(), held.reset, person, &text).await?;
    }
    transaction.record_event(case_event("case.ticket", staff, &held).with_detail("ticket", text));
    transaction.commit().await?;
    Ok(CaseActionOutcome::Saved)
}

/// Changes the action of a case. Verifications for another action no longer count.
pub(crate) async fn change_action(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    action: CaseAction,
) -> CaseResult {
    refuse_own_case(staff, case)?;
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    store::apply_change(transaction.tx(), held.id, &CaseChange::Action(action)).await?;
    transaction.record_event(case_event("case.aimed", staff, &held).with_detail("to", action.as_str()));
    transaction.commit().await?;
    Ok(CaseActionOutcome::Saved)
}

/// Identifies the person of a case that came from `/help`.
///
/// This is possible once, because every verification of a case is about one person.
pub(crate) async fn identify_person(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    object: ObjectId,
) -> CaseResult {
    let person = PersonKey { tenant: app.config.tenant_id(), object };
    if person == staff.key {
        return Err(CaseRefusal::AboutYourself.into());
    }
    let snapshot = PersonSnapshot::new(app, person);
    let profile = snapshot.profile().await?;
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    if held.person.is_some() {
        return Err(CaseRefusal::AlreadyRecorded.into());
    }
    let identified = CasePerson { key: person, name: &profile.name, upn: &profile.upn };
    store::apply_change(transaction.tx(), held.id, &CaseChange::Person(identified)).await?;
    transaction.record_event(case_event("case.named", staff, &held).with_subject(person));
    transaction.commit().await?;
    Ok(CaseActionOutcome::Saved)
}

pub(crate) async fn add_note(app: &AppState, staff: &StaffActor, case: &HelpdeskCase, typed: &str) -> CaseResult {
    refuse_own_case(staff, case)?;
    let kept = |c: &char| !c.is_control() || *c == '\n';
    let text: String = typed.trim().chars().filter(kept).take(MAX_NOTE_CHARS).collect();
    if text.is_empty() {
        return Ok(CaseActionOutcome::NoteEmpty);
    }
    let mut transaction = app.audit_log.begin().await?;
    // Does not lock an open case: a note is also allowed in a locked or closed case, for example to explain it.
    store::insert_note(transaction.tx(), case.id, staff, &text, app.now()).await?;
    transaction.record_event(case_event("case.note", staff, case));
    transaction.commit().await?;
    Ok(CaseActionOutcome::NoteAdded)
}

pub(crate) async fn close_case(app: &AppState, staff: &StaffActor, case: &HelpdeskCase) -> CaseResult {
    refuse_own_case(staff, case)?;
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let closed = held.state.after_event(CaseEvent::ClosedByStaff).ok_or(CaseRefusal::NotOpen)?;
    store::apply_change(transaction.tx(), held.id, &CaseChange::State(closed)).await?;
    transaction.record_event(case_event("case.closed", staff, &held));
    transaction.commit().await?;
    delete_passes(app, &held).await?;
    Ok(CaseActionOutcome::Closed)
}

/// Deletes the passes of a closed case at Microsoft. A pass that cannot be deleted expires on its own.
async fn delete_passes(app: &AppState, case: &HelpdeskCase) -> Result<(), StoreError> {
    let Some(person) = case.person else { return Ok(()) };
    let acted = store::load_executions(&app.db, case.id).await?;
    for pass in acted.iter().filter(|acted| acted.action == CaseAction::IssuePass && !acted.detail.is_empty()) {
        if let Err(error) = app.entra.operator.delete_pass(person.object, &pass.detail).await {
            tracing::warn!(
                error = ?error, case.reference = %case.reference,
                "Temporary Access Pass deletion failed: the pass expires on its own"
            );
        }
    }
    Ok(())
}

/// Places a hold on the resets of the case's person.
///
/// It needs no verification, because it only protects that person.
pub(crate) async fn place_hold(app: &AppState, staff: &StaffActor, case: &HelpdeskCase) -> CaseResult {
    refuse_own_case(staff, case)?;
    let person = case.person.ok_or(CaseRefusal::PersonUnknown)?;
    let mut transaction = app.audit_log.begin().await?;
    let placed = eligibility::place_hold_by_staff(&mut transaction, person, staff.audit_actor(), app.now()).await?;
    transaction.commit().await?;
    if placed {
        app.metrics.count_hold();
    }
    Ok(CaseActionOutcome::HoldPlaced)
}

/// Records a help request by someone who has no usable way to sign in.
///
/// All requests for one name share a case. Each request gets its own reference, so that a caller cannot learn whether
/// someone else asked for the same name. The steps are the same for every name.
pub(crate) async fn request_help(app: &AppState, typed: &str) -> Result<ReferenceCode, StoreError> {
    let now = app.now();
    let folded = typed.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let (key, _) = app.sealer.compute_mac(KeyPurpose::HelpRequest, folded.as_bytes());
    let (reference, case) = (ReferenceCode::new(&app.random), ReferenceCode::new(&app.random));
    let mut transaction = app.audit_log.begin().await?;
    let id = if let Some(id) = store::count_repeated_request(transaction.tx(), &key, now).await? {
        id
    } else {
        let new = NewCase {
            id: CaseId::new(&app.random, now),
            reference: &case,
            subject: CaseSubject::Unidentified { typed, key: &key },
            reset: None,
            action: CaseAction::IssuePass,
            now,
        };
        store::insert_case(transaction.tx(), &new).await?;
        new.id
    };
    store::insert_request_reference(transaction.tx(), id, &reference, now).await?;
    transaction.record_event(
        AuditEvent::new("case.asked_for", AuditActor::Portal).with_detail("request", reference.to_string()),
    );
    transaction.commit().await?;
    Ok(reference)
}
