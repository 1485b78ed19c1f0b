//! Lifecycle of a case apart from verification: opening, owner, ticket, action, person, notes and closing.

use axum::extract::FromRef as _;
use jiff::SignedDuration;

use super::rules::{CaseAction, CaseRisk, VerificationRequirements};
use super::store::{self, CaseChange, CaseOrigin, CaseState, HelpdeskCase, NewCase};
use super::{CaseError, CaseRefusal, CaseResult, case_event, lock_open_case};
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{CaseId, ObjectId, PersonKey, ReferenceCode, ResetId, TimestampExt as _};
use crate::eligibility;
use crate::people::{PeopleService, PersonProfile};
use crate::reset::queries as resets;
use crate::signin::{StaffMember, StaffPermission};
use crate::state::AppState;
use crate::store::{KeyPurpose, StoreError};
use crate::web::WebError;

/// Maximum number of incorrect or denied replies about one person within 24 hours. Further verification is refused.
const MAX_FAILURES_PER_DAY: i64 = 5;
const MAX_NOTE_CHARS: usize = 2_000;
const MAX_TICKET_CHARS: usize = 64;

/// Returns whether too many verification requests about this person failed within the last 24 hours.
pub(super) async fn has_too_many_failures(app: &AppState, person: PersonKey) -> Result<bool, StoreError> {
    let since = app.now().earlier(SignedDuration::from_hours(24));
    Ok(store::count_failures_since(&app.db, person, since).await? >= MAX_FAILURES_PER_DAY)
}

/// Opens a case about a person of the tenant. The agent who opens it becomes its owner.
pub(super) async fn open_case<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    object: ObjectId,
    action: CaseAction,
    reset: Option<ResetId>,
) -> Result<ReferenceCode, WebError> {
    let person = PersonKey { tenant: app.config.tenant_id(), object };
    let facts = fetch_profile(app, object).await?;
    let reference = ReferenceCode::new(&app.random);
    let mut transaction = app.audit_log.begin().await?;
    let new = NewCase {
        id: CaseId::new(&app.random, app.now()),
        reference: &reference,
        person: Some((person, &facts.name, &facts.upn)),
        reset,
        action,
        owner: Some((staff.login.key.object, &staff.login.name)),
        help_request: None,
        now: app.now(),
    };
    store::insert_case(transaction.tx(), &new).await?;
    let opened = AuditEvent::new("case.opened", staff.audit_actor()).with_subject(person);
    let opened = opened.with_detail("case", reference.to_string()).with_detail("action", action.as_str());
    transaction.record_event(if let Some(reset) = reset { opened.with_reset(reset) } else { opened });
    transaction.commit().await?;
    Ok(reference)
}

/// Fetches the person's current profile from Graph. Fails with `NotFound` if the person does not exist.
pub(super) async fn fetch_profile(app: &AppState, object: ObjectId) -> Result<PersonProfile, WebError> {
    PeopleService::from_ref(app)
        .fetch_profile(object)
        .await
        .map_err(|error| if error.is_not_found() { WebError::NotFound } else { WebError::unavailable(&error) })
}

/// Assesses the risk factors of a case.
pub(super) async fn assess_risk(app: &AppState, case: &HelpdeskCase) -> Result<CaseRisk, CaseError> {
    let person = case.person.ok_or(CaseRefusal::PersonUnknown)?;
    let facts = fetch_profile(app, person.object).await?;
    Ok(CaseRisk {
        privileged: PeopleService::from_ref(app).assess_privilege(&facts).await.is_privileged(),
        from_internet: case.origin == CaseOrigin::Internet,
        on_hold: eligibility::is_on_hold(&app.db, person).await?,
    })
}

pub(super) fn requirements_for(app: &AppState, action: CaseAction, risk: CaseRisk) -> VerificationRequirements {
    let desk = &app.config.helpdesk;
    VerificationRequirements::for_action(action, risk, &desk.thresholds, &desk.raises)
}

/// Makes the agent the owner of the case.
pub(super) async fn take_over<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
) -> CaseResult {
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    store::apply_change(transaction.tx(), held.id, &CaseChange::Owner(staff.login.key.object, &staff.login.name))
        .await?;
    let from = held.owner.map(|owner| owner.to_string()).unwrap_or_default();
    transaction.record_event(case_event("case.taken", staff, &held).with_detail("from", from));
    transaction.commit().await?;
    Ok("taken")
}

/// Sets the ticket number of the organisation's own ticket system.
pub(super) async fn set_ticket<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    typed: &str,
) -> CaseResult {
    let text: String = typed.trim().chars().filter(|c| !c.is_control()).take(MAX_TICKET_CHARS).collect();
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    store::apply_change(transaction.tx(), held.id, &CaseChange::Ticket(&text)).await?;
    if let Some(person) = held.person.filter(|_| !text.is_empty()) {
        resets::index_ticket(transaction.tx(), held.reset, person, &text).await?;
    }
    transaction.record_event(case_event("case.ticket", staff, &held).with_detail("ticket", text));
    transaction.commit().await?;
    Ok("saved")
}

/// Changes the action of a case. Verifications for another action no longer count.
pub(super) async fn change_action<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    action: CaseAction,
) -> CaseResult {
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    store::apply_change(transaction.tx(), held.id, &CaseChange::Action(action)).await?;
    transaction.record_event(case_event("case.aimed", staff, &held).with_detail("to", action.as_str()));
    transaction.commit().await?;
    Ok("saved")
}

/// Identifies the person of a case that came from `/help`.
///
/// This is possible once, because every verification of a case is about one person.
pub(super) async fn identify_person<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    object: ObjectId,
) -> CaseResult {
    let facts = fetch_profile(app, object).await?;
    let person = PersonKey { tenant: app.config.tenant_id(), object };
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    if held.person.is_some() {
        return Err(CaseRefusal::AlreadyRecorded.into());
    }
    store::apply_change(transaction.tx(), held.id, &CaseChange::Person(person, &facts.name, &facts.upn)).await?;
    transaction.record_event(case_event("case.named", staff, &held).with_subject(person));
    transaction.commit().await?;
    Ok("saved")
}

pub(super) async fn add_note<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    typed: &str,
) -> CaseResult {
    let kept = |c: &char| !c.is_control() || *c == '\n';
    let text: String = typed.trim().chars().filter(kept).take(MAX_NOTE_CHARS).collect();
    if text.is_empty() {
        return Ok("empty");
    }
    let mut transaction = app.audit_log.begin().await?;
    // Does not lock an open case: a note is also allowed in a locked or closed case, for example to explain it.
    let by = (staff.login.key.object, staff.login.name.as_str());
    store::insert_note(transaction.tx(), case.id, by, &text, app.now()).await?;
    transaction.record_event(case_event("case.note", staff, case));
    transaction.commit().await?;
    Ok("noted")
}

pub(super) async fn close_case<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
) -> CaseResult {
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    store::apply_change(transaction.tx(), held.id, &CaseChange::State(CaseState::Closed)).await?;
    transaction.record_event(case_event("case.closed", staff, &held));
    transaction.commit().await?;
    delete_passes(app, &held).await?;
    Ok("closed")
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

/// Records a help request by someone who has no usable way to sign in.
///
/// All requests for one name share a case. Each request gets its own reference, so that a caller cannot learn whether
/// someone else asked for the same name. The steps are the same for every name.
pub(in crate::helpdesk) async fn request_help(app: &AppState, typed: &str) -> Result<ReferenceCode, StoreError> {
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
            person: None,
            reset: None,
            action: CaseAction::IssuePass,
            owner: None,
            help_request: Some((typed, &key)),
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
