//! Performs a started execution at Microsoft or the domain controller, and records its outcome.
//!
//! - A Temporary Access Pass is created only if the person and their manager can be notified.

use jiff::Timestamp;

use super::action_outcome::CaseActionOutcome;
use super::case_events::with_case;
use super::error::CaseError;
use super::execution_state::ExecutionEvent;
use super::pass_monitor::{fetch_audience, watch_new_pass, withdraw_passes};
use super::person_snapshot::PersonSnapshot;
use super::policy::CaseAction;
use super::store::{self, HelpdeskCase};
use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::directory::DirectoryProbe;
use crate::entra::{ActingIdentity, ClaimsChallenge, GraphError, OperatorError, TemporaryAccessPass};
use crate::state::AppState;
use crate::store::StoreError;

/// Stored detail of an execution that waits until its agent has signed in again.
pub(crate) const SIGN_IN_DETAIL: &str = "sign-in";

/// Result of executing a case action.
pub(crate) enum ExecutionResult {
    Done(CaseActionOutcome),
    /// A Temporary Access Pass for the agent, approved by a second person. It is shown once and never stored.
    Pass(TemporaryAccessPass),
    /// Microsoft requires the agent to sign in again. The execution waits for that sign-in.
    StepUpRequired {
        execution_id: String,
        challenge: ClaimsChallenge,
    },
}

/// Context of one execution: actor, execution row, case, person and acting identity.
pub(super) struct ExecutionContext<'a> {
    pub(super) actor: AuditActor,
    pub(super) execution_id: &'a str,
    /// The case, with the action of this execution.
    pub(super) case: &'a HelpdeskCase,
    pub(super) person: &'a PersonSnapshot,
    pub(super) identity: ActingIdentity<'a>,
    /// A No of the person after this time counts for what is being created.
    pub(super) started_at: Timestamp,
}

impl ExecutionContext<'_> {
    /// Changes the status of the execution in its own transaction and records the audit event.
    ///
    /// Returns false if the execution no longer had the status that the event starts from.
    pub(super) async fn record_event(
        &self,
        app: &AppState,
        event: ExecutionEvent,
        detail: &str,
    ) -> Result<bool, StoreError> {
        let mut transaction = app.audit_log.begin().await?;
        let updated = self.record_event_in(app, &mut transaction, event, detail).await?;
        transaction.commit().await?;
        Ok(updated)
    }

    async fn record_event_in(
        &self,
        app: &AppState,
        transaction: &mut AuditedTransaction,
        event: ExecutionEvent,
        detail: &str,
    ) -> Result<bool, StoreError> {
        // Updates `updated_at`, so that open pages refresh. A case that was closed in the meantime is left unchanged.
        store::lock_if_open(transaction.tx(), self.case.id, app.now()).await?;
        let transition = event.transition();
        let updated =
            store::set_execution_status(transaction.tx(), self.execution_id, transition, detail, app.now()).await?;
        if updated {
            let ended = AuditEvent::new("case.ended", self.actor.clone())
                .with_detail("execution", self.execution_id)
                .with_detail("outcome", transition.target_status().as_str());
            transaction.record_event(with_case(ended, self.case));
        }
        Ok(updated)
    }
}

/// Performs the action at Microsoft or the domain controller and records its outcome.
pub(super) async fn apply_at_microsoft(
    app: &AppState,
    work: &ExecutionContext<'_>,
) -> Result<ExecutionResult, CaseError> {
    let object = work.person.key.object;
    let result: Result<CaseActionOutcome, String> = match work.case.action {
        CaseAction::RevokeSessions => match app.entra.operator.revoke_sessions(object, work.identity).await {
            Ok(()) => {
                app.sessions.end_sessions_of(work.person.key).await?;
                Ok(CaseActionOutcome::SessionsRevoked)
            }
            Err(OperatorError::Challenged(challenge)) => return await_step_up(app, work, challenge).await,
            Err(error) => Err(failure_detail(&error)),
        },
        CaseAction::IssuePass => return create_pass(app, work).await,
        CaseAction::UnlockAccount => match &app.directory {
            Some(directory) => {
                unlock_account(directory, work.person).await?.map(|()| CaseActionOutcome::AccountUnlocked)
            }
            None => Err("no directory is set up".to_owned()),
        },
        CaseAction::AllowReset | CaseAction::LiftHold => Ok(CaseActionOutcome::Saved),
    };
    let outcome = match result {
        Ok(outcome) => {
            work.record_event(app, ExecutionEvent::Succeeded, "").await?;
            outcome
        }
        Err(problem) => {
            work.record_event(app, ExecutionEvent::Rejected, &problem).await?;
            CaseActionOutcome::ExecutionFailed
        }
    };
    Ok(ExecutionResult::Done(outcome))
}

/// Creates a Temporary Access Pass.
///
/// The notifications to the person and their manager are enqueued in the transaction that records the pass. If the
/// recipients cannot be determined, no pass is created.
async fn create_pass(app: &AppState, work: &ExecutionContext<'_>) -> Result<ExecutionResult, CaseError> {
    let audience = match fetch_audience(app, work.person).await {
        Ok(audience) => audience,
        Err(error) => {
            let detail = "Graph did not say whom to tell, so no pass was made";
            work.record_event(app, ExecutionEvent::Rejected, detail).await?;
            return Err(error);
        }
    };
    match app.entra.operator.create_pass(work.person.key.object, work.identity).await {
        Ok(pass) => {
            let mut transaction = app.audit_log.begin().await?;
            work.record_event_in(app, &mut transaction, ExecutionEvent::Succeeded, &pass.id).await?;
            watch_new_pass(app, &mut transaction, (work.execution_id, work.case), &pass, &audience).await?;
            let is_denied = store::has_denied_since(transaction.tx(), work.person.key, work.started_at).await?;
            if is_denied {
                store::request_withdrawal_of(transaction.tx(), work.execution_id, app.now()).await?;
            }
            transaction.commit().await?;
            if is_denied {
                withdraw_passes(app).await?;
                return Ok(ExecutionResult::Done(CaseActionOutcome::ExecutionFailed));
            }
            Ok(ExecutionResult::Pass(pass))
        }
        Err(OperatorError::Challenged(challenge)) => await_step_up(app, work, challenge).await,
        Err(error) => {
            work.record_event(app, ExecutionEvent::Rejected, &failure_detail(&error)).await?;
            Ok(ExecutionResult::Done(CaseActionOutcome::ExecutionFailed))
        }
    }
}

/// Marks the execution as waiting for a step-up sign-in of its agent.
///
/// Nothing was done at Microsoft. The verifications and the approval stay bound to this execution.
async fn await_step_up(
    app: &AppState,
    work: &ExecutionContext<'_>,
    challenge: ClaimsChallenge,
) -> Result<ExecutionResult, CaseError> {
    work.record_event(app, ExecutionEvent::StepUpRequired, SIGN_IN_DETAIL).await?;
    Ok(ExecutionResult::StepUpRequired { execution_id: work.execution_id.to_owned(), challenge })
}

/// Returns the error text, with the message of Microsoft's response if there is one.
fn failure_detail(error: &OperatorError) -> String {
    match error {
        OperatorError::Graph(GraphError::ErrorResponse(refusal)) if !refusal.message.is_empty() => {
            format!("{error}: {}", refusal.message)
        }
        _ => error.to_string(),
    }
}

/// Unlocks the account at the domain controller. The inner error is the text for the staff.
async fn unlock_account(directory: &DirectoryProbe, person: &PersonSnapshot) -> Result<Result<(), String>, CaseError> {
    let Some(name) = &person.profile().await?.account_name else {
        return Ok(Err("the account is not in the directory".to_owned()));
    };
    Ok(match directory.unlock_account(name).await {
        Ok(true) => Ok(()),
        Ok(false) => Err("the directory has no such account below base_dn".to_owned()),
        Err(error) => Err(error.to_string()),
    })
}
