//! Canary reset: a scheduled reset of a test account that checks the way to the directory.
//!
//! It uses the same intent row, request and evidence as a person's reset, with a random password that is not kept. Its
//! result is computed from its rows.

use axum::extract::FromRef as _;
use jiff::{SignedDuration, Timestamp};

use super::cause::ResetCause;
use super::record::{EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use super::service::ResetService;
use super::state::ResetState;
use super::store;
use super::submission::{ResetInitiator, SubmitError};
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{Password, PersonKey, ReferenceCode};
use crate::eligibility::{BlockReason, EligibilityChecker};
use crate::health;
use crate::password_policy::NewPassword;
use crate::people::{DirectoryLookup, PeopleService};
use crate::state::AppState;
use crate::store::{Db, StoreError, reschedule_periodic_task};

/// Name of the canary in the table of periodic tasks.
pub(crate) const TASK_NAME: &str = "canary";
/// Tenant fact whose time is the last resume of the canary. Only failures after it count.
const RESUMED_FACT: &str = "canary_resumed";

/// Maximum number of generated passwords. A password that the banned words reject proves nothing, so another one is
/// generated.
const MAX_PASSWORD_ATTEMPTS: usize = 3;
/// Time without a result after which a run no longer counts as pending.
const OVERDUE_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// Reason why no canary reset was started, with a name for logs and audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CanarySkipReason {
    /// No user has this user principal name.
    PersonNotFound,
    /// The account's password is not stored in the directory, so a reset would prove nothing.
    NotSynced,
    /// The account is privileged, or its privileges cannot be read.
    Privileged,
    /// The account is disabled, a guest, or protected.
    NotEligible,
    /// Resets are paused, or the operator is unavailable. Both are reported elsewhere.
    ResetsUnavailable,
    /// The previous canary reset is unfinished.
    AlreadyRunning,
    /// Graph did not answer.
    GraphUnavailable,
    /// No generated password met the password rules.
    NoValidPassword,
}

impl CanarySkipReason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PersonNotFound => "nobody",
            Self::NotSynced => "not-synced",
            Self::Privileged => "power",
            Self::NotEligible => "not-possible",
            Self::ResetsUnavailable => "paused",
            Self::AlreadyRunning => "running",
            Self::GraphUnavailable => "unread",
            Self::NoValidPassword => "rules",
        }
    }

    /// Returns whether an administrator must change the account or the configuration.
    pub(crate) fn is_misconfiguration(self) -> bool {
        matches!(
            self,
            Self::PersonNotFound | Self::NotSynced | Self::Privileged | Self::NotEligible | Self::NoValidPassword
        )
    }
}

/// Result of a canary reset, as evidence about the way to the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CanaryResult {
    /// The result is not known yet.
    Pending,
    /// The password was written, this long after it was sent.
    Passed(SignedDuration),
    /// The directory refused the password (age, history), this long after it was sent. The way to the directory works.
    DirectoryRefused(SignedDuration),
    /// The reset was not sent, or Microsoft refused it before the directory was asked.
    Inconclusive,
    /// The password did not reach the directory.
    Failed,
}

impl CanaryResult {
    /// Returns whether the run says something about the way to the directory.
    fn is_conclusive(self) -> bool {
        !matches!(self, Self::Pending | Self::Inconclusive)
    }
}

/// One run of the canary.
pub(crate) struct CanaryRun {
    pub(crate) reference: ReferenceCode,
    pub(crate) started_at: Timestamp,
    pub(crate) result: CanaryResult,
    pub(crate) state: ResetState,
    pub(crate) cause: Option<ResetCause>,
    pub(crate) checkpoints: Vec<EvidenceCheckpoint>,
}

/// Returns the result of a run, computed from its row and evidence.
fn assess_run(reset: &PasswordReset, evidence: &[EvidenceRecord], now: Timestamp) -> CanaryResult {
    let since = |at: Option<Timestamp>| {
        let sent = reset.dispatched_at.unwrap_or(reset.created_at);
        at.unwrap_or(reset.updated_at).duration_since(sent).max(SignedDuration::ZERO)
    };
    let took = || since(reset.settled_at);
    let landed = evidence
        .iter()
        .any(|known| matches!(known.checkpoint, EvidenceCheckpoint::Landed | EvidenceCheckpoint::Carried));
    match reset.state {
        ResetState::Written | ResetState::Finished => CanaryResult::Passed(took()),
        ResetState::Sending | ResetState::Writing if now.duration_since(reset.created_at) < OVERDUE_AFTER => {
            CanaryResult::Pending
        }
        // Microsoft accepted the request and the directory refused the password, so the entire way works.
        ResetState::Refused if reset.accepted_at.is_some() && reset.cause == Some(ResetCause::Policy) => {
            CanaryResult::DirectoryRefused(took())
        }
        ResetState::Refused
            if matches!(
                reset.cause,
                Some(
                    ResetCause::NotSent
                        | ResetCause::Throttled
                        | ResetCause::OperatorUnavailable
                        | ResetCause::OperatorRoleMissing
                        | ResetCause::Banned
                )
            ) =>
        {
            CanaryResult::Inconclusive
        }
        ResetState::Unknown if landed => CanaryResult::Passed(took()),
        // Evidence may still come.
        ResetState::Unknown if since(Some(now)) < OVERDUE_AFTER => CanaryResult::Pending,
        _ => CanaryResult::Failed,
    }
}

/// Starts a reset of the test account.
pub(crate) async fn start_run(
    app: &AppState,
    upn: &str,
) -> Result<Result<ReferenceCode, CanarySkipReason>, StoreError> {
    let people = PeopleService::from_ref(app);
    let Ok(found) = people.search(upn).await else { return Ok(Err(CanarySkipReason::GraphUnavailable)) };
    let Some(found) = found.into_iter().find(|person| person.upn.eq_ignore_ascii_case(upn)) else {
        return Ok(Err(CanarySkipReason::PersonNotFound));
    };
    let Ok(mut facts) = people.fetch_profile(found.id).await else {
        return Ok(Err(CanarySkipReason::GraphUnavailable));
    };
    if !facts.is_synced() {
        return Ok(Err(CanarySkipReason::NotSynced));
    }
    if people.assess_privilege(&facts).await.is_privileged() {
        return Ok(Err(CanarySkipReason::Privileged));
    }
    // Directory checks are skipped here: the run tests that the directory itself answers.
    match EligibilityChecker::from_ref(app).check(&facts, &DirectoryLookup::NotQueried).await? {
        None | Some(BlockReason::ApprovalRequired) => {}
        Some(BlockReason::Paused(_) | BlockReason::OperatorUnavailable(_)) => {
            return Ok(Err(CanarySkipReason::ResetsUnavailable));
        }
        Some(BlockReason::CannotCheck) => return Ok(Err(CanarySkipReason::GraphUnavailable)),
        Some(_) => return Ok(Err(CanarySkipReason::NotEligible)),
    }
    facts.previous_password_set = people.query_directory(&facts).await.password_last_set();
    let Some(password) = generate_password(app, &facts.name_parts).await else {
        return Ok(Err(CanarySkipReason::NoValidPassword));
    };
    let person = PersonKey { tenant: app.config.tenant_id(), object: facts.id };
    match ResetService::from_ref(app).submit(ResetInitiator::Canary, person, &facts, password).await {
        Ok(reference) => Ok(Ok(reference)),
        Err(SubmitError::AlreadyRunning(_)) => Ok(Err(CanarySkipReason::AlreadyRunning)),
        Err(SubmitError::Store(error)) => Err(error),
        Err(SubmitError::RateLimited(_) | SubmitError::GrantMissing | SubmitError::HourlyLimitReached) => {
            Ok(Err(CanarySkipReason::NotEligible))
        }
    }
}

/// Generates a password of 256 random bits, with a character of each class before them. It is not shown or kept.
async fn generate_password(app: &AppState, name_parts: &[String]) -> Option<NewPassword> {
    let asked = app.password_policy.requirements_for(name_parts.to_vec(), None);
    for _ in 0..MAX_PASSWORD_ATTEMPTS {
        let text = format!("Cn7!{}", app.random.token());
        let again = Password::new(text.clone());
        if let Ok(password) = NewPassword::parse(Password::new(text), &again, &app.password_policy, &asked).await {
            return Some(password);
        }
    }
    None
}

/// Loads the newest runs, newest first.
pub(crate) async fn load_runs(db: &Db, count: i64, now: Timestamp) -> Result<Vec<CanaryRun>, StoreError> {
    let mut all = Vec::new();
    for reset in store::load_canaries(db, count).await? {
        let evidence = store::load_evidence(db, reset.id).await?;
        all.push(CanaryRun {
            result: assess_run(&reset, &evidence, now),
            reference: reset.reference,
            started_at: reset.created_at,
            state: reset.state,
            cause: reset.cause,
            checkpoints: evidence.into_iter().map(|known| known.checkpoint).collect(),
        });
    }
    Ok(all)
}

/// Resumes the canary after a person checked it: earlier failures no longer count, and the next run is due at once.
pub(crate) async fn resume(app: &AppState, actor: AuditActor) -> Result<(), StoreError> {
    health::save_tenant_fact(&app.db, RESUMED_FACT, "1", app.now()).await?;
    reschedule_periodic_task(&app.db, TASK_NAME, SignedDuration::ZERO, SignedDuration::ZERO, Timestamp::UNIX_EPOCH)
        .await?;
    app.audit_log.append(AuditEvent::new("canary.tried_again", actor)).await
}

/// Returns whether the canary is suspended because of consecutive failures.
pub(crate) async fn is_suspended(app: &AppState, runs: &[CanaryRun]) -> Result<bool, StoreError> {
    let Some(settings) = &app.config.canary else { return Ok(false) };
    let since = health::load_tenant_fact(&app.db, RESUMED_FACT).await?.map_or(Timestamp::UNIX_EPOCH, |(_, at)| at);
    Ok(i64::try_from(count_consecutive_failures(runs, since)).unwrap_or(i64::MAX) >= settings.stop_after)
}

/// Problem with password writeback that the form shows.
pub(crate) enum WritebackHealth {
    /// The canary has failed since this time.
    Down(Timestamp),
    /// The last canary reset took this long.
    Slow(SignedDuration),
}

/// Returns whether password writeback is known to be down or slow.
pub(super) async fn load_writeback_health(app: &AppState) -> Result<Option<WritebackHealth>, StoreError> {
    let Some(settings) = &app.config.canary else { return Ok(None) };
    let runs = load_runs(&app.db, 5, app.now()).await?;
    let conclusive: Vec<&CanaryRun> = runs.iter().filter(|run| run.result.is_conclusive()).collect();
    Ok(match conclusive.first().map(|run| run.result) {
        Some(CanaryResult::Failed) => {
            let first = conclusive.iter().take_while(|run| run.result == CanaryResult::Failed).last();
            first.map(|run| WritebackHealth::Down(run.started_at))
        }
        Some(CanaryResult::Passed(took) | CanaryResult::DirectoryRefused(took))
            if took.as_secs() >= settings.slow_seconds =>
        {
            Some(WritebackHealth::Slow(took))
        }
        _ => None,
    })
}

/// Counts the newest consecutive failures since a time. Pending and inconclusive runs are skipped.
fn count_consecutive_failures(runs: &[CanaryRun], since: Timestamp) -> usize {
    let conclusive = runs.iter().filter(|run| run.started_at > since && run.result.is_conclusive());
    conclusive.take_while(|run| run.result == CanaryResult::Failed).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reset::record::sample_reset;

    fn fixed_now() -> Timestamp {
        "2026-11-23T10:01:00Z".parse().unwrap()
    }

    fn assess_state(state: ResetState, cause: Option<ResetCause>) -> CanaryResult {
        assess_run(&PasswordReset { state, cause, ..sample_reset() }, &[], fixed_now())
    }

    #[test]
    fn run_result_follows_from_state_and_cause() {
        let five = SignedDuration::from_secs(5);
        assert_eq!(assess_state(ResetState::Written, None), CanaryResult::Passed(five));
        assert_eq!(
            assess_state(ResetState::Refused, Some(ResetCause::Policy)),
            CanaryResult::DirectoryRefused(five),
            "a minimum age is no failure"
        );
        let before_graph = PasswordReset {
            state: ResetState::Refused,
            cause: Some(ResetCause::Policy),
            accepted_at: None,
            ..sample_reset()
        };
        assert_eq!(assess_run(&before_graph, &[], fixed_now()), CanaryResult::Failed, "the directory was not asked");
        for cause in [
            ResetCause::NotSent,
            ResetCause::Throttled,
            ResetCause::OperatorUnavailable,
            ResetCause::OperatorRoleMissing,
            ResetCause::Banned,
        ] {
            assert_eq!(assess_state(ResetState::Refused, Some(cause)), CanaryResult::Inconclusive, "{cause:?}");
        }
        assert_eq!(assess_state(ResetState::Writing, None), CanaryResult::Pending);
        for state in [ResetState::Failed, ResetState::Split, ResetState::CloudOnly] {
            assert_eq!(assess_state(state, None), CanaryResult::Failed, "{state:?}");
        }
        assert_eq!(
            assess_state(ResetState::Unknown, Some(ResetCause::NoAnswer)),
            CanaryResult::Pending,
            "evidence may still come"
        );
        let late = fixed_now() + OVERDUE_AFTER;
        let unknown = PasswordReset { state: ResetState::Unknown, ..sample_reset() };
        assert_eq!(assess_run(&unknown, &[], late), CanaryResult::Failed);
        assert_eq!(
            assess_run(&PasswordReset { state: ResetState::Writing, ..sample_reset() }, &[], late),
            CanaryResult::Failed
        );
    }

    #[test]
    fn consecutive_failures_skip_inconclusive_runs() {
        let run = |says, minutes: i64| CanaryRun {
            reference: "7KQ4M2ZD".parse().unwrap(),
            started_at: fixed_now() - SignedDuration::from_mins(minutes),
            result: says,
            state: ResetState::Failed,
            cause: None,
            checkpoints: vec![],
        };
        let good = CanaryResult::Passed(SignedDuration::ZERO);
        let runs = [
            run(CanaryResult::Pending, 1),
            run(CanaryResult::Failed, 2),
            run(CanaryResult::Inconclusive, 3),
            run(CanaryResult::Failed, 4),
            run(good, 5),
            run(CanaryResult::Failed, 6),
        ];
        assert_eq!(count_consecutive_failures(&runs, Timestamp::UNIX_EPOCH), 2);
        assert_eq!(
            count_consecutive_failures(&runs, fixed_now() - SignedDuration::from_mins(3)),
            1,
            "since the canary was resumed"
        );
        assert_eq!(count_consecutive_failures(&[], Timestamp::UNIX_EPOCH), 0);
    }
}
