//! Verification of a caller: requests that the person or their manager signs in to answer, and an agent's attestations.
//!
//! - A reply counts once, and only while the request and its case are open.
//! - The person's No (`denial`), or 3 incorrect replies, locks the case and raises a helpdesk alert.

use jiff::SignedDuration;

use super::action_outcome::{CaseActionOutcome, ReplyOutcome};
use super::call_check::CallCheckWords;
use super::case_access::lock_open_case;
use super::case_events::{case_event, raise_helpdesk_alert, with_case};
use super::case_state::CaseEvent;
use super::denial::record_denial;
use super::error::{CaseError, CaseRefusal, CaseResult};
use super::participants::StaffActor;
use super::person_snapshot::PersonSnapshot;
use super::policy::{CallerVerification, VerificationMethod};
use super::status::check_subject;
use super::store::{self, CaseChange, HelpdeskCase, NewVerificationRequest, VerificationReply, VerificationRequest};
use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::base::{ObjectId, PersonKey, TimestampExt as _};
use crate::people::PeopleService;
use crate::state::AppState;
use crate::store::StoreError;

/// Maximum number of incorrect or denied replies about one person within 24 hours. Further verification is refused.
const MAX_FAILURES_PER_DAY: i64 = 5;
/// Time to answer a request while the caller is on the phone.
const CALL_REQUEST_LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// Time to answer for a manager, who has to be reached first.
const MANAGER_REQUEST_LIFETIME: SignedDuration = SignedDuration::from_mins(60);

/// Returns whether too many verification requests about this person failed within the last 24 hours.
pub(super) async fn has_too_many_failures(app: &AppState, person: PersonKey) -> Result<bool, StoreError> {
    let since = app.now().earlier(SignedDuration::from_hours(24));
    Ok(store::count_failures_since(&app.db, person, since).await? >= MAX_FAILURES_PER_DAY)
}

/// Returns the person of the case after checking that this agent may verify them by this method.
async fn check_verifiable_person(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    by: VerificationMethod,
) -> Result<PersonSnapshot, CaseError> {
    if by.points(&app.config.helpdesk.points) <= 0 {
        return Err(CaseRefusal::NotPossible.into());
    }
    let person = check_subject(staff, case)?;
    if has_too_many_failures(app, person).await? {
        return Err(CaseRefusal::TooManyFailures.into());
    }
    Ok(PersonSnapshot::new(app, person))
}

/// Sends a verification request to the person or their manager, who must sign in to answer.
pub(crate) async fn request_verification(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    method: VerificationMethod,
) -> CaseResult {
    let person = check_verifiable_person(app, staff, case, method).await?;
    let (asked, lasts) = match method {
        VerificationMethod::Manager => (fetch_manager_key(staff, &person).await?, MANAGER_REQUEST_LIFETIME),
        _ => (person.key, CALL_REQUEST_LIFETIME),
    };
    let now = app.now();
    let id = app.random.uuid_at(now).to_string();
    let sealed = match method {
        VerificationMethod::CallCheck => {
            CallCheckWords::new(&app.random).seal(&app.sealer, &id).map_err(StoreError::from)?
        }
        _ => String::new(),
    };
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    if store::has_open_request(transaction.tx(), held.id, method, now).await? {
        return Err(CaseRefusal::AlreadyRequested.into());
    }
    let asking = NewVerificationRequest {
        id: &id,
        case: held.id,
        action: held.action,
        method,
        agent: staff,
        recipient: asked,
        sealed_words: &sealed,
        now,
        until: now.later(lasts),
    };
    store::insert_request(transaction.tx(), &asking).await?;
    transaction.record_event(
        case_event("case.asked", staff, &held)
            .with_detail("method", method.as_str())
            .with_detail("asked", asked.to_string()),
    );
    transaction.commit().await?;
    Ok(CaseActionOutcome::VerificationRequested)
}

/// Returns the person's manager. Refuses if there is none, or if it is the agent or the person.
async fn fetch_manager_key(staff: &StaffActor, person: &PersonSnapshot) -> Result<PersonKey, CaseError> {
    let manager = person.manager().await?.ok_or(CaseRefusal::NoManager)?;
    if manager.id == staff.key.object {
        return Err(CaseRefusal::ManagerIsAgent.into());
    }
    if manager.id == person.key.object {
        return Err(CaseRefusal::NoManager.into());
    }
    Ok(PersonKey { tenant: person.key.tenant, object: manager.id })
}

/// Records an agent's attestation: they called a registered number, or they saw the person.
pub(crate) async fn record_attestation(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    method: VerificationMethod,
) -> CaseResult {
    let person = check_verifiable_person(app, staff, case, method).await?;
    if method == VerificationMethod::CallBack && !has_callback_number(app, &person).await? {
        return Err(CaseRefusal::NumberTooNew.into());
    }
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let one = new_verification(app, method, staff.key.object, &staff.name);
    if store::has_attested(transaction.tx(), &held, &one).await? {
        return Err(CaseRefusal::AlreadyRecorded.into());
    }
    store::insert_verification(transaction.tx(), &held, &one, None).await?;
    transaction.record_event(
        case_event("case.attested", staff, &held)
            .with_detail("method", method.as_str())
            .with_detail("points", one.points),
    );
    transaction.commit().await?;
    Ok(CaseActionOutcome::Attested)
}

/// Returns whether one of the person's phone numbers is eligible for a callback.
async fn has_callback_number(app: &AppState, person: &PersonSnapshot) -> Result<bool, CaseError> {
    let numbers = PeopleService::new(app).load_phone_numbers(person.profile().await?).await?;
    Ok(numbers.iter().any(|number| number.callback_eligible))
}

fn new_verification(
    app: &AppState,
    method: VerificationMethod,
    agent: ObjectId,
    agent_name: &str,
) -> CallerVerification {
    let now = app.now();
    let lasts = SignedDuration::from_secs(app.config.helpdesk.verification_seconds);
    CallerVerification {
        id: app.random.uuid_at(now).to_string(),
        method,
        points: method.points(&app.config.helpdesk.points).max(1),
        agent,
        agent_name: agent_name.to_owned(),
        vouched_by: None,
        at: now,
        until: now.later(lasts),
    }
}

/// Reply as submitted by the recipient of a request.
pub(crate) enum SubmittedReply {
    /// A confirmation, with the words that the person picked in a call check.
    Yes(Vec<String>),
    No,
}

/// Records a reply. It counts once, and only while the request and its case are open.
pub(crate) async fn record_reply(
    app: &AppState,
    request: &VerificationRequest,
    submitted: &SubmittedReply,
) -> Result<ReplyOutcome, CaseError> {
    let reply = match submitted {
        SubmittedReply::No => return record_denial(app, request).await,
        SubmittedReply::Yes(picked) => evaluate_reply(app, request, picked),
    };
    let Some(reply) = reply else { return Ok(ReplyOutcome::Closed) };
    let mut transaction = app.audit_log.begin().await?;
    let Some(held) = store::lock_if_open(transaction.tx(), request.case, app.now()).await? else {
        return Ok(ReplyOutcome::Closed);
    };
    // The agent may have changed the case's action in the meantime; the reply was for the old action.
    if held.action != request.action || !store::mark_answered(transaction.tx(), &request.id, reply, app.now()).await? {
        return Ok(ReplyOutcome::Closed);
    }
    let answered = AuditEvent::new("case.answered", AuditActor::Person(request.recipient))
        .with_detail("method", request.method.as_str());
    transaction.record_event(with_case(answered.with_detail("answer", reply.as_str()), &held));
    let locked_state = held.state.after_event(apply_reply(app, &mut transaction, &held, request, reply).await?);
    if let Some(state) = locked_state {
        store::apply_change(transaction.tx(), held.id, &CaseChange::State(state)).await?;
        transaction.record_event(with_case(
            AuditEvent::new("case.locked", AuditActor::Portal).with_detail("because", reply.as_str()),
            &held,
        ));
    }
    transaction.commit().await?;
    if locked_state.is_some() {
        raise_helpdesk_alert(app, "case_locked", &held);
    }
    Ok(match reply {
        VerificationReply::Confirmed => ReplyOutcome::Confirmed,
        VerificationReply::Wrong => ReplyOutcome::Wrong,
        VerificationReply::Refused => ReplyOutcome::Refused,
    })
}

/// Compares the submitted reply with the request.
///
/// Returns `None` without the sealing key of a call check: the request cannot be answered, so it counts as closed.
fn evaluate_reply(app: &AppState, request: &VerificationRequest, picked: &[String]) -> Option<VerificationReply> {
    let is_right = request.method != VerificationMethod::CallCheck
        || CallCheckWords::open(&app.sealer, request).ok()?.match_spoken(picked);
    Some(if is_right { VerificationReply::Confirmed } else { VerificationReply::Wrong })
}

/// Stores what a reply means for the locked case, and returns the event for the case's state.
async fn apply_reply(
    app: &AppState,
    transaction: &mut AuditedTransaction,
    held: &HelpdeskCase,
    request: &VerificationRequest,
    reply: VerificationReply,
) -> Result<CaseEvent, StoreError> {
    match reply {
        VerificationReply::Confirmed => {
            let mut one = new_verification(app, request.method, request.agent, &request.agent_name);
            one.vouched_by = (request.method == VerificationMethod::Manager).then_some(request.recipient.object);
            store::insert_verification(transaction.tx(), held, &one, Some(request)).await?;
            Ok(CaseEvent::ReplyConfirmed)
        }
        VerificationReply::Wrong => {
            store::apply_change(transaction.tx(), held.id, &CaseChange::FailedReply).await?;
            Ok(CaseEvent::ReplyWrong { failures: held.failures + 1 })
        }
        // A denial has its own way (`denial`).
        VerificationReply::Refused => Ok(CaseEvent::PersonDenied),
    }
}
