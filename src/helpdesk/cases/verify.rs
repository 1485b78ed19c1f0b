//! Verification of a caller: requests that the person or their manager signs in to answer, and an agent's attestations.
//!
//! - A reply counts once, and only while the request and its case are open.
//! - A denied request, or 3 incorrect replies, locks the case and raises a helpdesk alert.

use axum::extract::FromRef as _;
use jiff::SignedDuration;

use super::rules::{CallerVerification, VerificationMethod};
use super::store::{self, CaseChange, CaseState, HelpdeskCase, NewVerificationRequest, VerificationRequest};
use super::words::CallCheckWords;
use super::{CaseError, CaseRefusal, CaseResult, about, alarm, event, hold, open};
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{ObjectId, PersonKey};
use crate::people::PeopleService;
use crate::signin::{StaffMember, StaffPermission};
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::WebError;

/// Time to answer a request while the caller is on the phone.
const CALL: SignedDuration = SignedDuration::from_mins(10);
/// Time to answer for a manager, who has to be reached first.
const MANAGER: SignedDuration = SignedDuration::from_mins(60);
/// Number of incorrect replies after which the case is locked.
const FAILURES: i64 = 3;

/// Returns the person of the case after checking that this agent may verify them by this method.
async fn person<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    by: VerificationMethod,
) -> Result<PersonKey, CaseError> {
    if by.points(&app.config.helpdesk.points) <= 0 {
        return Err(CaseRefusal::NotPossible.into());
    }
    let person = case.person.ok_or(CaseRefusal::Nobody)?;
    if person == staff.login.key {
        return Err(CaseRefusal::Yourself.into());
    }
    if open::too_often(app, person).await? {
        return Err(CaseRefusal::TooOften.into());
    }
    Ok(person)
}

/// Sends a verification request to the person or their manager, who must sign in to answer.
pub(super) async fn ask<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    method: VerificationMethod,
) -> CaseResult {
    let person = person(app, staff, case, method).await?;
    let (asked, lasts) = match method {
        VerificationMethod::Manager => (manager(app, staff, person).await?, MANAGER),
        _ => (person, CALL),
    };
    let now = app.now();
    let id = app.random.uuid_at(now).to_string();
    let sealed = match method {
        VerificationMethod::CallCheck => {
            CallCheckWords::new(&app.random).seal(&app.sealer, &id).map_err(StoreError::from)?
        }
        _ => String::new(),
    };
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    if store::is_waiting(ledger.tx(), held.id, method, now).await? {
        return Err(CaseRefusal::Waiting.into());
    }
    let asking = NewVerificationRequest {
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
async fn manager<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    person: PersonKey,
) -> Result<PersonKey, CaseError> {
    let found = PeopleService::from_ref(app).manager(person.object).await?.ok_or(CaseRefusal::NoManager)?;
    if found.id == staff.login.key.object {
        return Err(CaseRefusal::ManagerIsYou.into());
    }
    if found.id == person.object {
        return Err(CaseRefusal::NoManager.into());
    }
    Ok(PersonKey { tenant: person.tenant, object: found.id })
}

/// Records an agent's attestation: they called a registered number, or they saw the person.
pub(super) async fn attest<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    method: VerificationMethod,
) -> CaseResult {
    let person = person(app, staff, case, method).await?;
    if method == VerificationMethod::CallBack && !number_settled(app, person).await? {
        return Err(CaseRefusal::NumberNew.into());
    }
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    let one = verification(app, method, staff.login.key.object, &staff.login.name);
    if store::said(ledger.tx(), (held.id, held.action), &one).await? {
        return Err(CaseRefusal::SaidAlready.into());
    }
    store::verify(ledger.tx(), (held.id, held.action), &one, None).await?;
    ledger.record(event("case.attested", staff, &held).with("method", method.name()).with("points", one.points));
    ledger.commit().await?;
    Ok("attested")
}

/// Returns whether one of the person's phone numbers is eligible for a callback.
async fn number_settled(app: &AppState, person: PersonKey) -> Result<bool, CaseError> {
    let people = PeopleService::from_ref(app);
    let facts = open::facts(app, person.object).await?;
    let numbers = people.numbers(&facts).await?;
    Ok(numbers.iter().any(|number| number.settled))
}

fn verification(app: &AppState, method: VerificationMethod, agent: ObjectId, agent_name: &str) -> CallerVerification {
    let now = app.now();
    let lasts = SignedDuration::from_secs(app.config.helpdesk.verification_seconds);
    CallerVerification {
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
    Over,
}

/// Records a reply. It counts once, and only while the request and its case are open.
pub(super) async fn answer(
    app: &AppState,
    check: &VerificationRequest,
    says: &SubmittedReply,
) -> Result<ReplyOutcome, WebError> {
    let reply = match says {
        SubmittedReply::No => store::VerificationReply::Refused,
        SubmittedReply::Yes(picked) if check.method == VerificationMethod::CallCheck => {
            let words = CallCheckWords::open(&app.sealer, check).map_err(StoreError::from);
            // Without its sealing key the request cannot be answered, so it counts as closed.
            let Ok(words) = words else { return Ok(ReplyOutcome::Over) };
            if words.are(picked) { store::VerificationReply::Confirmed } else { store::VerificationReply::Wrong }
        }
        SubmittedReply::Yes(_) => store::VerificationReply::Confirmed,
    };
    let mut ledger = app.auditor.begin().await?;
    let Some(held) = store::hold(ledger.tx(), check.case, app.now()).await? else { return Ok(ReplyOutcome::Over) };
    // The agent may have changed the case's action in the meantime; the reply was for the old action.
    if held.action != check.action || !store::answer(ledger.tx(), &check.id, reply, app.now()).await? {
        return Ok(ReplyOutcome::Over);
    }
    let answered =
        AuditEvent::new("case.answered", AuditActor::Person(check.asked)).with("method", check.method.name());
    ledger.record(about(answered.with("answer", reply.name()), &held));
    let locked = match reply {
        store::VerificationReply::Confirmed => {
            let one = verification(app, check.method, check.agent, &check.agent_name);
            store::verify(ledger.tx(), (held.id, held.action), &one, Some((&check.id, check.asked.object))).await?;
            false
        }
        store::VerificationReply::Wrong => {
            store::change(ledger.tx(), held.id, &CaseChange::Failed).await?;
            held.failures + 1 >= FAILURES
        }
        store::VerificationReply::Refused => true,
    };
    if locked {
        store::change(ledger.tx(), held.id, &CaseChange::State(CaseState::Locked)).await?;
        ledger.record(about(AuditEvent::new("case.locked", AuditActor::Portal).with("because", reply.name()), &held));
    }
    ledger.commit().await?;
    if locked {
        alarm(app, "case_locked", &held);
    }
    Ok(match reply {
        store::VerificationReply::Confirmed => ReplyOutcome::Confirmed,
        store::VerificationReply::Wrong => ReplyOutcome::Wrong,
        store::VerificationReply::Refused => ReplyOutcome::Refused,
    })
}
