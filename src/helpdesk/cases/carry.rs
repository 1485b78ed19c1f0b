//! Executes a decided case action at Microsoft or the domain controller and records the outcome.
//!
//! The execution row has the status `begun` until the outcome is known, `waiting` while the agent must sign in again or
//! the manager must take a pass, then `done` or `failed`.
//!
//! - Permission is checked before a verification is used up.
//! - A Temporary Access Pass is created only if the person and their manager can be notified.

use axum::extract::FromRef as _;
use jiff::{SignedDuration, Timestamp};

use super::decide::ExecutionResult;
use super::own::SIGN_IN_DETAIL;
use super::rules::CaseAction;
use super::store::{self, HelpdeskCase};
use super::{CaseError, CaseRefusal, open, passes, with_case};
use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::base::{PersonKey, TimestampExt as _};
use crate::directory::DirectoryProbe;
use crate::entra::{ActingIdentity, ClaimsChallenge, GraphError, OperatorError, TemporaryAccessPass, find_reset_role};
use crate::people::PeopleService;
use crate::state::AppState;
use crate::store::StoreError;

/// Checks that the reset operator is available and may act on this person.
///
/// Runs before a verification is used up. Only actions at Microsoft need the operator.
pub(super) async fn check_operator_permission(
    app: &AppState,
    action: CaseAction,
    person: PersonKey,
) -> Result<(), CaseError> {
    if !matches!(action, CaseAction::IssuePass | CaseAction::RevokeSessions) {
        return Ok(());
    }
    let operator = match app.entra.operator.ensure_ready().await {
        Ok(ready) => ready.operator,
        Err(OperatorError::Store(error)) => return Err(error.into()),
        Err(OperatorError::RefreshTimedOut) => return Err(StoreError::RowNotFound.into()),
        Err(error) => {
            tracing::warn!(error = ?error, "case action rejected: operator unavailable");
            return Err(CaseRefusal::OperatorUnavailable.into());
        }
    };
    let facts = open::fetch_profile(app, person.object).await?;
    let held = &operator.reset_role;
    if operator.object == person.object || PeopleService::from_ref(app).assess_protection(&facts, held).await?.is_some()
    {
        return Err(CaseRefusal::AccountProtected.into());
    }
    Ok(())
}

/// Checks that the agent's own account may act on this person.
///
/// Only a role that is active now counts, not one that the agent could activate.
pub(super) async fn check_agent_permission(
    app: &AppState,
    agent: PersonKey,
    person: PersonKey,
) -> Result<(), CaseError> {
    let held = app.entra.graph.fetch_role_assignments(agent.object).await?;
    let reset_role = find_reset_role(&held).ok_or(CaseRefusal::AgentRoleMissing)?;
    let facts = open::fetch_profile(app, person.object).await?;
    match PeopleService::from_ref(app).assess_protection(&facts, &reset_role).await? {
        Some(_) => Err(CaseRefusal::AccountProtected.into()),
        None => Ok(()),
    }
}

/// Context of one execution: actor, execution row, case, person and acting identity.
pub(super) struct ExecutionContext<'a> {
    pub(super) actor: AuditActor,
    pub(super) execution_id: &'a str,
    pub(super) case: &'a HelpdeskCase,
    pub(super) person: PersonKey,
    pub(super) identity: ActingIdentity<'a>,
}

impl ExecutionContext<'_> {
    /// Records the outcome of an execution that has begun. Returns false if an outcome is already recorded.
    async fn record_outcome(&self, app: &AppState, outcome: &str, detail: &str) -> Result<bool, StoreError> {
        record_status(app, self.actor.clone(), (self.execution_id, self.case), ("begun", outcome), detail).await
    }
}

/// Performs the action at Microsoft or the domain controller and records its outcome.
pub(super) async fn apply_at_microsoft(
    app: &AppState,
    work: &ExecutionContext<'_>,
) -> Result<ExecutionResult, CaseError> {
    let operators = &app.entra.operator;
    let result: Result<ExecutionResult, String> = match work.case.action {
        CaseAction::RevokeSessions => match operators.revoke_sessions(work.person.object, work.identity).await {
            Ok(()) => {
                app.sessions.end_sessions_of(work.person).await?;
                Ok(ExecutionResult::Done("revoked"))
            }
            Err(OperatorError::Challenged(challenge)) => return await_step_up(app, work, challenge).await,
            Err(error) => Err(failure_detail(&error)),
        },
        CaseAction::IssuePass => return create_pass(app, work).await,
        CaseAction::UnlockAccount => match &app.directory {
            Some(directory) => {
                unlock_account(app, directory, work.person).await?.map(|()| ExecutionResult::Done("unlocked"))
            }
            None => Err("no directory is set up".to_owned()),
        },
        CaseAction::AllowReset | CaseAction::LiftHold => Ok(ExecutionResult::Done("saved")),
    };
    let (outcome, detail) = match &result {
        Ok(_) => ("done", String::new()),
        Err(problem) => ("failed", problem.clone()),
    };
    work.record_outcome(app, outcome, &detail).await?;
    result.or(Ok(ExecutionResult::Done("failed")))
}

/// Creates a Temporary Access Pass.
///
/// The notifications to the person and their manager are enqueued in the transaction that records the pass. If the
/// recipients cannot be determined, no pass is created.
async fn create_pass(app: &AppState, work: &ExecutionContext<'_>) -> Result<ExecutionResult, CaseError> {
    let audience = match passes::fetch_audience(app, work.person).await {
        Ok(audience) => audience,
        Err(stop) => {
            work.record_outcome(app, "failed", "Graph did not say whom to tell, so no pass was made").await?;
            return Err(stop);
        }
    };
    match app.entra.operator.create_pass(work.person.object, work.identity).await {
        Ok(pass) => {
            let mut transaction = app.audit_log.begin().await?;
            let row = (work.execution_id, work.case);
            record_status_in(app, &mut transaction, work.actor.clone(), row, ("begun", "done"), &pass.id).await?;
            passes::watch_new_pass(app, &mut transaction, row, &pass, &audience).await?;
            transaction.commit().await?;
            Ok(ExecutionResult::Pass(pass))
        }
        Err(OperatorError::Challenged(challenge)) => await_step_up(app, work, challenge).await,
        Err(error) => {
            work.record_outcome(app, "failed", &failure_detail(&error)).await?;
            Ok(ExecutionResult::Done("failed"))
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
    work.record_outcome(app, "waiting", SIGN_IN_DETAIL).await?;
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

async fn unlock_account(
    app: &AppState,
    directory: &DirectoryProbe,
    person: PersonKey,
) -> Result<Result<(), String>, CaseError> {
    let facts = open::fetch_profile(app, person.object).await?;
    let Some(name) = facts.account_name else { return Ok(Err("the account is not in the directory".to_owned())) };
    Ok(match directory.unlock_account(&name).await {
        Ok(true) => Ok(()),
        Ok(false) => Err("the directory has no such account below base_dn".to_owned()),
        Err(error) => Err(error.to_string()),
    })
}

/// Changes the status of an execution in its own transaction and records the audit event.
///
/// Returns false if the execution no longer had the expected status.
pub(super) async fn record_status(
    app: &AppState,
    actor: AuditActor,
    (id, case): (&str, &HelpdeskCase),
    outcome: (&str, &str),
    detail: &str,
) -> Result<bool, StoreError> {
    let mut transaction = app.audit_log.begin().await?;
    let updated = record_status_in(app, &mut transaction, actor, (id, case), outcome, detail).await?;
    transaction.commit().await?;
    Ok(updated)
}

async fn record_status_in(
    app: &AppState,
    transaction: &mut AuditedTransaction,
    actor: AuditActor,
    (id, case): (&str, &HelpdeskCase),
    outcome: (&str, &str),
    detail: &str,
) -> Result<bool, StoreError> {
    // Updates `updated_at`, so that open pages refresh. A case that was closed in the meantime is left unchanged.
    store::lock_if_open(transaction.tx(), case.id, app.now()).await?;
    let updated = store::set_execution_status(transaction.tx(), id, outcome, detail, app.now()).await?;
    if updated {
        transaction
            .record_event(with_case(AuditEvent::new("case.ended", actor).with_detail("outcome", outcome.1), case));
    }
    Ok(updated)
}

/// Creates the pass that waits for this manager. It is returned once and never stored.
///
/// Returns `None` if the pass is not meant for this manager, or was already taken.
pub(super) async fn claim_pass(
    app: &AppState,
    manager: PersonKey,
    action: &str,
) -> Result<Option<TemporaryAccessPass>, CaseError> {
    let waiting = store::load_waiting_passes(&app.db, manager.object, waiting_pass_cutoff(app)).await?;
    let Some(waiting) = waiting.into_iter().find(|w| w.execution_id == action) else { return Ok(None) };
    check_operator_permission(app, CaseAction::IssuePass, waiting.person).await?;
    // The execution is for a pass. The case's action may have changed since, and nothing was verified for the new one.
    let case =
        HelpdeskCase { action: CaseAction::IssuePass, ..super::load_case(app, &waiting.reference.to_string()).await? };
    let actor = AuditActor::Person(manager);
    // The status changes first, so that only one of two simultaneous requests creates a pass.
    if !record_status(app, actor.clone(), (action, &case), ("waiting", "begun"), "").await? {
        return Ok(None);
    }
    let work = ExecutionContext {
        actor,
        execution_id: action,
        case: &case,
        person: waiting.person,
        identity: ActingIdentity::Operator,
    };
    match apply_at_microsoft(app, &work).await? {
        ExecutionResult::Pass(pass) => Ok(Some(pass)),
        ExecutionResult::Done(_) | ExecutionResult::StepUpRequired { .. } => Err(CaseRefusal::NotPossible.into()),
    }
}

/// Returns the time before which a waiting pass has expired: it waits no longer than a verification is valid.
pub(super) fn waiting_pass_cutoff(app: &AppState) -> Timestamp {
    let lasts = SignedDuration::from_secs(app.config.helpdesk.verification_seconds);
    app.now().earlier(lasts)
}
