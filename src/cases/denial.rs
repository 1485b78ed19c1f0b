//! The person's No: it wins in any state of the case, for a day after the question.
//!
//! - It locks the case, and cancels what was verified, decided, granted or waits for this person, in all their cases.
//! - Passes that may still be used are deleted at Microsoft (`pass_monitor`), until that is confirmed.
//! - For a time, what opens something for this person takes two people (`CaseRisk::denied`).
//! - A manager's No ends only their own vouching.

use jiff::SignedDuration;

use super::action_outcome::ReplyOutcome;
use super::case_events::{raise_helpdesk_alert, with_case};
use super::case_state::CaseEvent;
use super::error::CaseError;
use super::pass_monitor::withdraw_passes;
use super::store::{self, CaseChange, VerificationReply, VerificationRequest};
use crate::audit::{AuditActor, AuditEvent};
use crate::base::TimestampExt as _;
use crate::eligibility;
use crate::state::AppState;

/// Time after a question in which its No counts.
pub(crate) const DENIAL_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// Stored detail of an execution that waited when the person said No.
const DENIED_DETAIL: &str = "the person said no";

/// Records that the recipient of a request denied it.
pub(super) async fn record_denial(app: &AppState, request: &VerificationRequest) -> Result<ReplyOutcome, CaseError> {
    let now = app.now();
    if request.asked_at.later(DENIAL_LIFETIME) < now {
        return Ok(ReplyOutcome::Closed);
    }
    let mut transaction = app.audit_log.begin().await?;
    let held = store::mark_changed(transaction.tx(), request.case, now).await?;
    let was_open = store::mark_denied(transaction.tx(), &request.id, now).await?;
    let answered = AuditEvent::new("case.answered", AuditActor::Person(request.recipient))
        .with_detail("method", request.method.as_str())
        .with_detail("answer", VerificationReply::Refused.as_str());
    let Some(person) = held.person.filter(|person| *person == request.recipient) else {
        if !was_open {
            return Ok(ReplyOutcome::Closed);
        }
        transaction.record_event(with_case(answered, &held));
        transaction.commit().await?;
        return Ok(ReplyOutcome::Refused);
    };
    if !store::insert_denial(transaction.tx(), request, person, now).await? {
        return Ok(ReplyOutcome::Closed);
    }
    transaction.record_event(with_case(answered, &held));
    let grants = eligibility::cancel_reset_grants(transaction.tx(), person, now).await?;
    let waiting = store::withdraw_waiting_executions(transaction.tx(), person, DENIED_DETAIL, now).await?;
    let passes = store::request_withdrawal(transaction.tx(), person, now).await?;
    let locked = AuditEvent::new("case.locked", AuditActor::Portal)
        .with_detail("because", VerificationReply::Refused.as_str())
        .with_detail("grants", grants)
        .with_detail("waiting", waiting)
        .with_detail("passes", passes);
    if let Some(state) = held.state.after_event(CaseEvent::PersonDenied) {
        store::apply_change(transaction.tx(), held.id, &CaseChange::State(state)).await?;
    }
    transaction.record_event(with_case(locked, &held));
    transaction.commit().await?;
    raise_helpdesk_alert(app, "case_locked", &held);
    if passes > 0 {
        let app = app.clone();
        let tasks = app.background_tasks.clone();
        // At once; the monitor tries again what fails.
        tasks.spawn(async move {
            if let Err(error) = withdraw_passes(&app).await {
                tracing::warn!(error = ?error, "Temporary Access Pass withdrawal failed: retrying");
            }
        });
    }
    Ok(ReplyOutcome::Refused)
}
