//! Decides whether a case action may be executed, records the decision and its approval, and starts the execution.
//!
//! A decision binds the verifications that justify it. An approval by a second person refers to one decision, and an
//! execution uses up exactly one decision.
//!
//! - Every permission follows from stored rows; the database constraints check the same rules again.
//! - An approver never approves their own decision.
//! - An override needs a reason and an approval, and raises a helpdesk alert.

use axum::extract::FromRef as _;
use jiff::{SignedDuration, Timestamp};

use super::carry::{ExecutionContext, agent_can, at_microsoft, operator_can};
use super::rules::{CallerVerification, CaseAction, CaseRisk, MissingVerification, VerificationRequirements, enough};
use super::store::{self, CaseDecision, HelpdeskCase, NewExecution, PassViewer, RecordedDecision};
use super::{CaseError, CaseRefusal, CaseResult, alarm, event, hold, open, own};
use crate::audit::{AuditActor, AuditedTransaction};
use crate::base::PersonKey;
use crate::directory::DirectoryProbe;
use crate::entra::{ActingIdentity, ClaimsChallenge, TemporaryAccessPass};
use crate::guard;
use crate::people::PeopleService;
use crate::signin::{PolicyAssessor, StaffMember, StaffPermission};
use crate::state::AppState;
use crate::store::StoreError;

/// Time after which an unused reset grant expires.
const GRANT: SignedDuration = SignedDuration::from_hours(24);
/// Period in which two agents cannot approve each other's decisions about the same person.
const TURNS: SignedDuration = SignedDuration::from_hours(24);
/// Allowed length of an override reason, in characters. The minimum asks for a meaningful text.
const REASON_LETTERS: std::ops::RangeInclusive<usize> = 10..=500;

/// Verification status of a case: its risk, the requirements, the valid verifications, and what is missing.
pub(super) struct CaseStatus {
    pub(super) risk: CaseRisk,
    pub(super) needs: VerificationRequirements,
    pub(super) good: Vec<CallerVerification>,
    pub(super) missing: Option<MissingVerification>,
    /// Newest usable decision about the case's action.
    pub(super) concluded: Option<RecordedDecision>,
}

/// Loads the current verification status of a case.
pub(super) async fn standing(app: &AppState, case: &HelpdeskCase) -> Result<CaseStatus, CaseError> {
    let risk = open::risk(app, case).await?;
    let needs = open::needs(app, case.action, risk);
    let now = app.now();
    let all = store::verifications(&app.db, case.id).await?;
    let good: Vec<CallerVerification> =
        all.into_iter().filter(|(action, one)| *action == case.action && now < one.until).map(|(_, one)| one).collect();
    let verdicts = store::verdicts(&app.db, case.id).await?;
    let concluded = verdicts.into_iter().find(|c| c.verdict.action == case.action && c.good(now));
    let missing = enough(needs, &good).err();
    Ok(CaseStatus { risk, needs, good, missing, concluded })
}

/// Records a decision that the verifications are sufficient.
///
/// With `second`, an approval by a second person is required whatever the risk is.
async fn conclude<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    ledger: &mut AuditedTransaction,
    (case, standing): (&HelpdeskCase, &CaseStatus),
    second: bool,
) -> Result<RecordedDecision, CaseError> {
    let mut needs = standing.needs;
    needs.two_people |= second;
    needs.beyond_session |= second;
    let chosen = enough(needs, &standing.good).map_err(|_| CaseRefusal::NotEnough)?;
    let now = app.now();
    let until = chosen.iter().map(|one| one.until).min().unwrap_or(now);
    let verdict = verdict(app, staff, case.action, needs, (now, until));
    store::conclude(ledger.tx(), case.id, &verdict, &chosen).await?;
    let methods: Vec<&str> = chosen.iter().map(|one| one.method.name()).collect();
    ledger.record(event("case.verified", staff, case).with("methods", methods).with("threshold", needs.points));
    Ok(RecordedDecision { verdict, approved: None, used: false })
}

fn verdict<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    action: CaseAction,
    needs: VerificationRequirements,
    (at, until): (Timestamp, Timestamp),
) -> CaseDecision {
    CaseDecision {
        id: app.random.uuid_at(at).to_string(),
        action,
        by_override: false,
        needs,
        reason: String::new(),
        agent: staff.login.key.object,
        agent_name: staff.login.name.clone(),
        at,
        until,
    }
}

/// Requests the approval of a second person for sufficient verifications.
pub(super) async fn ask_approval<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
) -> CaseResult {
    let standing = may_act(app, staff, case).await?;
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    conclude(app, staff, &mut ledger, (&held, &standing), true).await?;
    ledger.commit().await?;
    Ok("approval-asked")
}

/// Requests an override: the action without sufficient verification, for a stated reason.
///
/// Only a second person can approve it, and it raises a helpdesk alert.
pub(super) async fn ask_override<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    reason: &str,
) -> CaseResult {
    let reason = reason.trim();
    if !REASON_LETTERS.contains(&reason.chars().count()) {
        return Err(CaseRefusal::NoReason.into());
    }
    let standing = may_act(app, staff, case).await?;
    let now = app.now();
    let until = after(now, app.config.helpdesk.approval_seconds);
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    let needs = VerificationRequirements { two_people: true, ..standing.needs };
    let plain = verdict(app, staff, held.action, needs, (now, until));
    let verdict = CaseDecision { by_override: true, reason: reason.to_owned(), ..plain };
    store::conclude(ledger.tx(), held.id, &verdict, &[]).await?;
    ledger.record(event("case.override_asked", staff, &held).personal("reason", reason));
    ledger.commit().await?;
    alarm(app, "override", &held);
    Ok("approval-asked")
}

fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now)
}

/// Checks that the case's person is identified and is not the staff member, and loads the status of the case.
async fn may_act<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
) -> Result<CaseStatus, CaseError> {
    let person = case.person.ok_or(CaseRefusal::Nobody)?;
    if person == staff.login.key {
        return Err(CaseRefusal::Yourself.into());
    }
    standing(app, case).await
}

/// Approves the pending decision as the second person.
pub(super) async fn approve<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
) -> CaseResult {
    let standing = may_act(app, staff, case).await?;
    let person = case.person.ok_or(CaseRefusal::Nobody)?;
    let concluded = standing.concluded.filter(|c| c.approved.is_none() && c.verdict.needs.two_people);
    let verdict = concluded.ok_or(CaseRefusal::Expired)?.verdict;
    let approver = staff.login.key.object;
    if verdict.agent == approver {
        return Err(CaseRefusal::OwnApproval.into());
    }
    let now = app.now();
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    let since = now.saturating_sub(TURNS).unwrap_or(Timestamp::UNIX_EPOCH);
    if store::turn_taken(ledger.tx(), (approver, verdict.agent), person, since).await? {
        return Err(CaseRefusal::Turns.into());
    }
    let until = after(now, app.config.helpdesk.approval_seconds).min(verdict.until);
    let id = app.random.uuid_at(now).to_string();
    let by = (approver, staff.login.name.as_str());
    match store::approve(ledger.tx(), (&id, &verdict), person, by, (now, until)).await {
        Err(StoreError::Exists) => return Err(CaseRefusal::Expired.into()),
        done => done?,
    }
    let approval = event("case.approved", staff, &held).with("for", verdict.agent.to_string());
    ledger.record(approval.with("override", verdict.by_override));
    ledger.commit().await?;
    Ok("approved")
}

/// Result of executing a case action.
pub(super) enum ExecutionResult {
    Done(&'static str),
    /// A Temporary Access Pass for the agent, approved by a second person. It is shown once and never stored.
    Pass(TemporaryAccessPass),
    /// Microsoft requires the agent to sign in again. The execution waits for that sign-in.
    Challenged {
        row: String,
        challenge: ClaimsChallenge,
    },
}

/// Result of the checks before an execution.
pub(super) struct PreparedExecution {
    standing: CaseStatus,
    person: PersonKey,
    shown_to: PassViewer,
    approved: Option<RecordedDecision>,
}

impl PreparedExecution {
    /// Checks that the action is verified, and approved if it needs an approval.
    pub(super) fn enough(&self) -> Result<(), CaseError> {
        match &self.approved {
            None if self.two_people() => Err(CaseRefusal::NeedsApproval.into()),
            None if self.standing.missing.is_some() => Err(CaseRefusal::NotEnough.into()),
            _ => Ok(()),
        }
    }

    fn two_people(&self) -> bool {
        self.standing.needs.two_people || self.shown_to == PassViewer::Agent
    }
}

/// Checks whether the case's action may be executed, under which identity, and who would see a pass.
pub(super) async fn prepare<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    to_agent: bool,
) -> Result<PreparedExecution, CaseError> {
    let standing = may_act(app, staff, case).await?;
    let person = case.person.ok_or(CaseRefusal::Nobody)?;
    if case.action == CaseAction::Unlock && !app.directory.as_ref().is_some_and(DirectoryProbe::unlocks) {
        return Err(CaseRefusal::NotPossible.into());
    }
    if own::wanted(app, case.action, to_agent) {
        agent_can(app, staff.login.key, person).await?;
    } else {
        operator_can(app, case.action, person).await?;
    }
    let shown_to = shown_to(app, case, person, to_agent).await?;
    let mine = standing.concluded.clone().filter(|c| c.verdict.agent == staff.login.key.object);
    let approved = mine.filter(|c| c.approved.is_some() && covers(c, standing.needs));
    Ok(PreparedExecution { standing, person, shown_to, approved })
}

/// Executes the case's action.
pub(super) async fn act<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
    to_agent: bool,
    hand: ActingIdentity<'_>,
) -> Result<ExecutionResult, CaseError> {
    let prepared = prepare(app, staff, case, to_agent).await?;
    let two = prepared.two_people();
    let PreparedExecution { standing, person, shown_to, approved } = prepared;
    let now = app.now();
    let mut ledger = app.auditor.begin().await?;
    let held = hold(&mut ledger, case, app).await?;
    let on = match approved {
        Some(approved) => approved,
        None if two => return Err(CaseRefusal::NeedsApproval.into()),
        None => conclude(app, staff, &mut ledger, (&held, &standing), false).await?,
    };
    let id = app.random.uuid_at(now).to_string();
    let outcome = match shown_to {
        PassViewer::Manager(_) => "waiting",
        _ => "begun",
    };
    let acting =
        NewExecution { id: &id, case: held.id, on: &on, agent_name: &staff.login.name, shown_to, now, outcome };
    match store::act(ledger.tx(), &acting).await {
        Err(StoreError::Exists) => return Err(CaseRefusal::Expired.into()),
        done => done?,
    }
    let begun = event("case.acted", staff, &held).with("override", on.verdict.by_override);
    ledger.record(begun.with("approved", on.approved.is_some()));
    if let Some(done) = in_tables(app, &mut ledger, (&id, &held), person, staff.actor()).await? {
        ledger.commit().await?;
        return Ok(ExecutionResult::Done(done));
    }
    ledger.commit().await?;
    if outcome == "waiting" {
        return Ok(ExecutionResult::Done("pass-waits"));
    }
    at_microsoft(app, &ExecutionContext { actor: staff.actor(), id: &id, case: &held, person, hand }).await
}

/// Returns whether an approved decision still meets the requirements, because the risk may have increased since.
fn covers(concluded: &RecordedDecision, needs: VerificationRequirements) -> bool {
    concluded.verdict.by_override || concluded.verdict.needs.points >= needs.points
}

/// Determines who sees a pass: the manager, unless the agent requested to see it.
async fn shown_to(
    app: &AppState,
    case: &HelpdeskCase,
    person: PersonKey,
    to_agent: bool,
) -> Result<PassViewer, CaseError> {
    if case.action != CaseAction::Pass {
        return Ok(PassViewer::Nobody);
    }
    if !PolicyAssessor::from_ref(app).takes_passes().await? {
        return Err(CaseRefusal::PassNotTaken.into());
    }
    if to_agent {
        return Ok(PassViewer::Agent);
    }
    let manager = PeopleService::from_ref(app).manager(person.object).await?;
    Ok(PassViewer::Manager(manager.ok_or(CaseRefusal::NoManager)?.id))
}

/// Performs an action that only changes portal tables, in the transaction of its execution row.
///
/// Returns `None` for an action at Microsoft or in the directory.
async fn in_tables(
    app: &AppState,
    ledger: &mut AuditedTransaction,
    (id, case): (&str, &HelpdeskCase),
    person: PersonKey,
    actor: AuditActor,
) -> Result<Option<&'static str>, CaseError> {
    let now = app.now();
    let done = match case.action {
        CaseAction::Grant => {
            guard::grant(ledger.tx(), id, person, now.saturating_add(GRANT).unwrap_or(now)).await?;
            "granted"
        }
        CaseAction::Thaw => {
            guard::thaw(ledger, person, actor, now).await?;
            "thawed"
        }
        CaseAction::Pass | CaseAction::Revoke | CaseAction::Unlock => return Ok(None),
    };
    store::end(ledger.tx(), id, ("begun", "done"), "", now).await?;
    Ok(Some(done))
}

/// Places a hold on the resets of the case's person.
///
/// It needs no verification, because it only protects that person.
pub(super) async fn freeze<P: StaffPermission>(
    app: &AppState,
    staff: &StaffMember<P>,
    case: &HelpdeskCase,
) -> CaseResult {
    let person = case.person.ok_or(CaseRefusal::Nobody)?;
    let mut ledger = app.auditor.begin().await?;
    let frozen = guard::freeze_by_desk(&mut ledger, person, staff.actor(), app.now()).await?;
    ledger.commit().await?;
    if frozen {
        app.metrics.froze();
    }
    Ok("frozen")
}
