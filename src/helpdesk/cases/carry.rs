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
use super::own::SIGN_IN;
use super::rules::CaseAction;
use super::store::{self, HelpdeskCase};
use super::{CaseError, CaseRefusal, about, open, passes};
use crate::audit::{AuditActor, AuditEvent, AuditedTransaction};
use crate::base::PersonKey;
use crate::directory::DirectoryProbe;
use crate::entra::{ActingIdentity, ClaimsChallenge, GraphError, OperatorError, TemporaryAccessPass, resetting_role};
use crate::people::PeopleService;
use crate::state::AppState;
use crate::store::StoreError;

/// Checks that the reset operator is available and may act on this person.
///
/// Runs before a verification is used up. Only actions at Microsoft need the operator.
pub(super) async fn operator_can(app: &AppState, action: CaseAction, person: PersonKey) -> Result<(), CaseError> {
    if !matches!(action, CaseAction::Pass | CaseAction::Revoke) {
        return Ok(());
    }
    let operator = match app.entra.operators.ready().await {
        Ok(ready) => ready.operator,
        Err(OperatorError::Store(error)) => return Err(error.into()),
        Err(error) => {
            tracing::warn!(error = ?error, "case action rejected: operator unavailable");
            return Err(CaseRefusal::Operator.into());
        }
    };
    let facts = open::facts(app, person.object).await?;
    let held = (operator.role.as_str(), operator.scope.as_str());
    if operator.object == person.object || PeopleService::from_ref(app).protection(&facts, held).await?.is_some() {
        return Err(CaseRefusal::Protected.into());
    }
    Ok(())
}

/// Checks that the agent's own account may act on this person.
///
/// Only a role that is active now counts, not one that the agent could activate.
pub(super) async fn agent_can(app: &AppState, agent: PersonKey, person: PersonKey) -> Result<(), CaseError> {
    let held = app.entra.graph.roles(agent.object).await?;
    let (role, scope) = resetting_role(&held).ok_or(CaseRefusal::OwnRole)?;
    let facts = open::facts(app, person.object).await?;
    match PeopleService::from_ref(app).protection(&facts, (role, &scope)).await? {
        Some(_) => Err(CaseRefusal::Protected.into()),
        None => Ok(()),
    }
}

/// Context of one execution: actor, execution row, case, person and acting identity.
pub(super) struct ExecutionContext<'a> {
    pub(super) actor: AuditActor,
    pub(super) id: &'a str,
    pub(super) case: &'a HelpdeskCase,
    pub(super) person: PersonKey,
    pub(super) hand: ActingIdentity<'a>,
}

impl ExecutionContext<'_> {
    /// Records the outcome of an execution that has begun. Returns false if an outcome is already recorded.
    async fn ends(&self, app: &AppState, outcome: &str, detail: &str) -> Result<bool, StoreError> {
        end(app, self.actor.clone(), (self.id, self.case), ("begun", outcome), detail).await
    }
}

/// Performs the action at Microsoft or the domain controller and records its outcome.
pub(super) async fn at_microsoft(app: &AppState, work: &ExecutionContext<'_>) -> Result<ExecutionResult, CaseError> {
    let operators = &app.entra.operators;
    let result: Result<ExecutionResult, String> = match work.case.action {
        CaseAction::Revoke => match operators.revoke_sessions(work.person.object, work.hand).await {
            Ok(()) => {
                app.sessions.end_all_of(work.person).await?;
                Ok(ExecutionResult::Done("revoked"))
            }
            Err(OperatorError::Challenged(challenge)) => return challenged(app, work, challenge).await,
            Err(error) => Err(because(&error)),
        },
        CaseAction::Pass => return give_pass(app, work).await,
        CaseAction::Unlock => match &app.directory {
            Some(directory) => unlock(app, directory, work.person).await?.map(|()| ExecutionResult::Done("unlocked")),
            None => Err("no directory is set up".to_owned()),
        },
        CaseAction::Grant | CaseAction::Thaw => Ok(ExecutionResult::Done("saved")),
    };
    let (outcome, detail) = match &result {
        Ok(_) => ("done", String::new()),
        Err(problem) => ("failed", problem.clone()),
    };
    work.ends(app, outcome, &detail).await?;
    result.or(Ok(ExecutionResult::Done("failed")))
}

/// Creates a Temporary Access Pass.
///
/// The notifications to the person and their manager are enqueued in the transaction that records the pass. If the
/// recipients cannot be determined, no pass is created.
async fn give_pass(app: &AppState, work: &ExecutionContext<'_>) -> Result<ExecutionResult, CaseError> {
    let audience = match passes::audience(app, work.person).await {
        Ok(audience) => audience,
        Err(stop) => {
            work.ends(app, "failed", "Graph did not say whom to tell, so no pass was made").await?;
            return Err(stop);
        }
    };
    match app.entra.operators.create_pass(work.person.object, work.hand).await {
        Ok(pass) => {
            let mut ledger = app.auditor.begin().await?;
            let row = (work.id, work.case);
            ended(app, &mut ledger, work.actor.clone(), row, ("begun", "done"), &pass.id).await?;
            passes::made(app, &mut ledger, row, &pass, &audience).await?;
            ledger.commit().await?;
            Ok(ExecutionResult::Pass(pass))
        }
        Err(OperatorError::Challenged(challenge)) => challenged(app, work, challenge).await,
        Err(error) => {
            work.ends(app, "failed", &because(&error)).await?;
            Ok(ExecutionResult::Done("failed"))
        }
    }
}

/// Marks the execution as waiting for a step-up sign-in of its agent.
///
/// Nothing was done at Microsoft. The verifications and the approval stay bound to this execution.
async fn challenged(
    app: &AppState,
    work: &ExecutionContext<'_>,
    challenge: ClaimsChallenge,
) -> Result<ExecutionResult, CaseError> {
    work.ends(app, "waiting", SIGN_IN).await?;
    Ok(ExecutionResult::Challenged { row: work.id.to_owned(), challenge })
}

/// Returns the error text, with the message of Microsoft's response if there is one.
fn because(error: &OperatorError) -> String {
    match error {
        OperatorError::Graph(GraphError::Answered(refusal)) if !refusal.message.is_empty() => {
            format!("{error}: {}", refusal.message)
        }
        _ => error.to_string(),
    }
}

async fn unlock(
    app: &AppState,
    directory: &DirectoryProbe,
    person: PersonKey,
) -> Result<Result<(), String>, CaseError> {
    let facts = open::facts(app, person.object).await?;
    let Some(name) = facts.account else { return Ok(Err("the account is not in the directory".to_owned())) };
    Ok(match directory.unlock(&name).await {
        Ok(true) => Ok(()),
        Ok(false) => Err("the directory has no such account below base_dn".to_owned()),
        Err(error) => Err(error.to_string()),
    })
}

/// Changes the status of an execution in its own transaction and records the audit event.
///
/// Returns false if the execution no longer had the expected status.
pub(super) async fn end(
    app: &AppState,
    actor: AuditActor,
    (id, case): (&str, &HelpdeskCase),
    outcome: (&str, &str),
    detail: &str,
) -> Result<bool, StoreError> {
    let mut ledger = app.auditor.begin().await?;
    let updated = ended(app, &mut ledger, actor, (id, case), outcome, detail).await?;
    ledger.commit().await?;
    Ok(updated)
}

async fn ended(
    app: &AppState,
    ledger: &mut AuditedTransaction,
    actor: AuditActor,
    (id, case): (&str, &HelpdeskCase),
    outcome: (&str, &str),
    detail: &str,
) -> Result<bool, StoreError> {
    // Updates `updated_at`, so that open pages refresh. A case that was closed in the meantime is left unchanged.
    store::hold(ledger.tx(), case.id, app.now()).await?;
    let updated = store::end(ledger.tx(), id, outcome, detail, app.now()).await?;
    if updated {
        ledger.record(about(AuditEvent::new("case.ended", actor).with("outcome", outcome.1), case));
    }
    Ok(updated)
}

/// Creates the pass that waits for this manager. It is returned once and never stored.
///
/// Returns `None` if the pass is not meant for this manager, or was already taken.
pub(super) async fn take_pass(
    app: &AppState,
    manager: PersonKey,
    action: &str,
) -> Result<Option<TemporaryAccessPass>, CaseError> {
    let waiting = store::waiting_passes(&app.db, manager.object, since(app)).await?;
    let Some(waiting) = waiting.into_iter().find(|w| w.action == action) else { return Ok(None) };
    operator_can(app, CaseAction::Pass, waiting.person).await?;
    // The execution is for a pass. The case's action may have changed since, and nothing was verified for the new one.
    let case = HelpdeskCase { action: CaseAction::Pass, ..super::find(app, &waiting.reference.to_string()).await? };
    let actor = AuditActor::Person(manager);
    // The status changes first, so that only one of two simultaneous requests creates a pass.
    if !end(app, actor.clone(), (action, &case), ("waiting", "begun"), "").await? {
        return Ok(None);
    }
    let work =
        ExecutionContext { actor, id: action, case: &case, person: waiting.person, hand: ActingIdentity::Operator };
    match at_microsoft(app, &work).await? {
        ExecutionResult::Pass(pass) => Ok(Some(pass)),
        ExecutionResult::Done(_) | ExecutionResult::Challenged { .. } => Err(CaseRefusal::NotPossible.into()),
    }
}

/// Returns the time before which a waiting pass has expired: it waits no longer than a verification is valid.
pub(super) fn since(app: &AppState) -> Timestamp {
    let lasts = SignedDuration::from_secs(app.config.helpdesk.verification_seconds);
    app.now().saturating_sub(lasts).unwrap_or(Timestamp::UNIX_EPOCH)
}
