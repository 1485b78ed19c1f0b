//! Verification of a caller: requests that the person or their manager signs in to answer, and an agent's attestations.
//!
//! - A reply counts once, and only while the request and its case are open.
//! - A denied request, or 3 incorrect replies, locks the case and raises a helpdesk alert.

use axum::extract::FromRef as _;
use jiff::SignedDuration;

use super::rules::{CallerVerification, VerificationMethod};
use super::store::{self, CaseChange, CaseState, HelpdeskCase, NewVerificationRequest, VerificationRequest};
use super::words::CallCheckWords;
use super::{CaseError, CaseRefusal, CaseResult, case_event, lock_open_case, open, raise_helpdesk_alert, with_case};
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{ObjectId, PersonKey, TimestampExt as _};
use crate::people::PeopleService;
use crate::signin::{StaffMember, StaffPermission};
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::WebError;

/// Time to answer a request while the caller is on the phone.
const CALL_REQUEST_LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// Time to answer for a manager, who has to be reached first.
const MANAGER_REQUEST_LIFETIME: SignedDuration = SignedDuration::from_mins(60);
/// Number of incorrect replies after which the case is locked.
const MAX_FAILED_REPLIES: i64 = 3;

/// Returns the person of the case after checking that this agent may verify them by this method.
async fn check_verifiable_person<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    by: VerificationMethod,
) -> Result<PersonKey, CaseError> {
    if by.points(&app.config.helpdesk.points) <= 0 {
        return Err(CaseRefusal::NotPossible.into());
    }
    let person = case.person.ok_or(CaseRefusal::PersonUnknown)?;
    if person == staff.login.key {
        return Err(CaseRefusal::AboutYourself.into());
    }
    if open::has_too_many_failures(app, person).await? {
        return Err(CaseRefusal::TooManyFailures.into());
    }
    Ok(person)
}

/// Sends a verification request to the person or their manager, who must sign in to answer.
pub(super) async fn request_verification<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    method: VerificationMethod,
) -> CaseResult {
    let person = check_verifiable_person(app, staff, case, method).await?;
    let (asked, lasts) = match method {
        VerificationMethod::Manager => (fetch_manager_key(app, staff, person).await?, MANAGER_REQUEST_LIFETIME),
        _ => (person, CALL_REQUEST_LIFETIME),
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
        agent: (staff.login.key.object, &staff.login.name),
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
    Ok("asked")
}

/// Fetches the person's manager. Refuses if there is none, or if it is the agent or the person.
async fn fetch_manager_key<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    person: PersonKey,
) -> Result<PersonKey, CaseError> {
    let found = PeopleService::from_ref(app).fetch_manager(person.object).await?.ok_or(CaseRefusal::NoManager)?;
    if found.id == staff.login.key.object {
        return Err(CaseRefusal::ManagerIsAgent.into());
    }
    if found.id == person.object {
        return Err(CaseRefusal::NoManager.into());
    }
    Ok(PersonKey { tenant: person.tenant, object: found.id })
}

/// Records an agent's attestation: they called a registered number, or they saw the person.
pub(super) async fn record_attestation<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    method: VerificationMethod,
) -> CaseResult {
    let person = check_verifiable_person(app, staff, case, method).await?;
    if method == VerificationMethod::CallBack && !has_callback_number(app, person).await? {
        return Err(CaseRefusal::NumberTooNew.into());
    }
    let mut transaction = app.audit_log.begin().await?;
    let held = lock_open_case(&mut transaction, case, app).await?;
    let one = new_verification(app, method, staff.login.key.object, &staff.login.name);
    if store::has_attested(transaction.tx(), (held.id, held.action), &one).await? {
        return Err(CaseRefusal::AlreadyRecorded.into());
    }
    store::insert_verification(transaction.tx(), (held.id, held.action), &one, None).await?;
    transaction.record_event(
        case_event("case.attested", staff, &held)
            .with_detail("method", method.as_str())
            .with_detail("points", one.points),
    );
    transaction.commit().await?;
    Ok("attested")
}

/// Returns whether one of the person's phone numbers is eligible for a callback.
async fn has_callback_number(app: &AppState, person: PersonKey) -> Result<bool, CaseError> {
    let people = PeopleService::from_ref(app);
    let facts = open::fetch_profile(app, person.object).await?;
    let numbers = people.load_phone_numbers(&facts).await?;
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
        at: now,
        until: now.later(lasts),
    }
}

/// Reply as submitted by the recipient of a request.
pub(super) enum SubmittedReply {
    /// A confirmation, with the words that the person picked in a call check.
    Yes(Vec<String>),
    No,
}

/// Outcome of a submitted reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReplyOutcome {
    Confirmed,
    Wrong,
    Refused,
    /// The request was already answered or has expired.
    Closed,
}

/// Records a reply. It counts once, and only while the request and its case are open.
pub(super) async fn record_reply(
    app: &AppState,
    check: &VerificationRequest,
    says: &SubmittedReply,
) -> Result<ReplyOutcome, WebError> {
    let reply = match says {
        SubmittedReply::No => store::VerificationReply::Refused,
        SubmittedReply::Yes(picked) if check.method == VerificationMethod::CallCheck => {
            let words = CallCheckWords::open(&app.sealer, check).map_err(StoreError::from);
            // Without its sealing key the request cannot be answered, so it counts as closed.
            let Ok(words) = words else { return Ok(ReplyOutcome::Closed) };
            if words.match_spoken(picked) {
                store::VerificationReply::Confirmed
            } else {
                store::VerificationReply::Wrong
            }
        }
        SubmittedReply::Yes(_) => store::VerificationReply::Confirmed,
    };
    let mut transaction = app.audit_log.begin().await?;
    let Some(held) = store::lock_if_open(transaction.tx(), check.case, app.now()).await? else {
        return Ok(ReplyOutcome::Closed);
    };
    // The agent may have changed the case's action in the meantime; the reply was for the old action.
    if held.action != check.action || !store::mark_answered(transaction.tx(), &check.id, reply, app.now()).await? {
        return Ok(ReplyOutcome::Closed);
    }
    let answered = AuditEvent::new("case.answered", AuditActor::Person(check.recipient))
        .with_detail("method", check.method.as_str());
    transaction.record_event(with_case(answered.with_detail("answer", reply.as_str()), &held));
    let locked = match reply {
        store::VerificationReply::Confirmed => {
            let one = new_verification(app, check.method, check.agent, &check.agent_name);
            store::insert_verification(
                transaction.tx(),
                (held.id, held.action),
                &one,
                Some((&check.id, check.recipient.object)),
            )
            .await?;
            false
        }
        store::VerificationReply::Wrong => {
            store::apply_change(transaction.tx(), held.id, &CaseChange::FailedReply).await?;
            held.failures + 1 >= MAX_FAILED_REPLIES
        }
        store::VerificationReply::Refused => true,
    };
    if locked {
        store::apply_change(transaction.tx(), held.id, &CaseChange::State(CaseState::Locked)).await?;
        transaction.record_event(with_case(
            AuditEvent::new("case.locked", AuditActor::Portal).with_detail("because", reply.as_str()),
            &held,
        ));
    }
    transaction.commit().await?;
    if locked {
        raise_helpdesk_alert(app, "case_locked", &held);
    }
    Ok(match reply {
        store::VerificationReply::Confirmed => ReplyOutcome::Confirmed,
        store::VerificationReply::Wrong => ReplyOutcome::Wrong,
        store::VerificationReply::Refused => ReplyOutcome::Refused,
    })
}
