//! Canary reset: a scheduled reset of a test account that checks the way to the directory.
//!
//! It uses the same intent row, request and evidence as a person's reset, with a random password that is not kept. Its
//! result is computed from its rows.

use axum::extract::FromRef as _;
use jiff::{SignedDuration, Timestamp};

use super::causes::ResetCause;
use super::reading::{EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use super::state::ResetState;
use super::store;
use super::submit::{ResetInitiator, ResetService, SubmitError};
use crate::audit::{AuditActor, AuditEvent};
use crate::base::{Password, PersonKey, ReferenceCode};
use crate::guard::{BlockReason, EligibilityChecker};
use crate::people::{DirectoryLookup, PeopleService};
use crate::policy::NewPassword;
use crate::state::AppState;
use crate::store::{Db, StoreError, retry_every};
use crate::troubles;

/// Name of the canary in the table of periodic tasks.
pub(crate) const NAME: &str = "canary";
/// Tenant fact whose time is the last resume of the canary. Only failures after it count.
const RESUMED: &str = "canary_resumed";

/// Maximum number of generated passwords. A password that the banned words reject proves nothing, so another one is
/// generated.
const TRIES: usize = 3;
/// Time without a result after which a run no longer counts as pending.
const OVERDUE: SignedDuration = SignedDuration::from_mins(10);

/// Reason why no canary reset was started, with a name for logs and audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CanarySkipReason {
    /// No user has this user principal name.
    Nobody,
    /// The account's password is not stored in the directory, so a reset would prove nothing.
    NotSynced,
    /// The account is privileged, or its privileges cannot be read.
    Power,
    /// The account is disabled, a guest, or protected.
    NotPossible,
    /// Resets are paused, or the operator is unavailable. Both are reported elsewhere.
    Paused,
    /// The previous canary reset is unfinished.
    Running,
    /// Graph did not answer.
    Unread,
    /// No generated password met the password rules.
    Rules,
}

impl CanarySkipReason {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::NotSynced => "not-synced",
            Self::Power => "power",
            Self::NotPossible => "not-possible",
            Self::Paused => "paused",
            Self::Running => "running",
            Self::Unread => "unread",
            Self::Rules => "rules",
        }
    }

    /// Returns whether an administrator must change the account or the configuration.
    pub(crate) fn is_setting(self) -> bool {
        matches!(self, Self::Nobody | Self::NotSynced | Self::Power | Self::NotPossible | Self::Rules)
    }
}

/// Result of a canary reset, as evidence about the way to the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CanaryResult {
    /// The result is not known yet.
    Pending,
    /// The password was written, this long after it was sent.
    Good(SignedDuration),
    /// The directory refused the password (age, history), this long after it was sent. The way to the directory works.
    Asked(SignedDuration),
    /// The reset was not sent, or Microsoft refused it before the directory was asked.
    Nothing,
    /// The password did not reach the directory.
    Bad,
}

/// One run of the canary.
pub(crate) struct CanaryRun {
    pub(crate) reference: ReferenceCode,
    pub(crate) at: Timestamp,
    pub(crate) says: CanaryResult,
    pub(crate) state: ResetState,
    pub(crate) cause: Option<ResetCause>,
    pub(crate) rungs: Vec<EvidenceCheckpoint>,
}

/// Returns the result of a run, computed from its row and evidence.
fn judge(reset: &PasswordReset, proofs: &[EvidenceRecord], now: Timestamp) -> CanaryResult {
    let since = |at: Option<Timestamp>| {
        let sent = reset.dispatched_at.unwrap_or(reset.created_at);
        at.unwrap_or(reset.updated_at).duration_since(sent).max(SignedDuration::ZERO)
    };
    let took = || since(reset.settled_at);
    let landed =
        proofs.iter().any(|proof| matches!(proof.rung, EvidenceCheckpoint::Landed | EvidenceCheckpoint::Carried));
    match reset.state {
        ResetState::Written | ResetState::Finished => CanaryResult::Good(took()),
        ResetState::Sending | ResetState::Writing if now.duration_since(reset.created_at) < OVERDUE => {
            CanaryResult::Pending
        }
        // Microsoft accepted the request and the directory refused the password, so the entire way works.
        ResetState::Refused if reset.accepted_at.is_some() && reset.cause == Some(ResetCause::Policy) => {
            CanaryResult::Asked(took())
        }
        ResetState::Refused
            if matches!(
                reset.cause,
                Some(
                    ResetCause::NotSent
                        | ResetCause::Throttled
                        | ResetCause::Operator
                        | ResetCause::Role
                        | ResetCause::Banned
                )
            ) =>
        {
            CanaryResult::Nothing
        }
        ResetState::Unknown if landed => CanaryResult::Good(took()),
        // Evidence may still come.
        ResetState::Unknown if since(Some(now)) < OVERDUE => CanaryResult::Pending,
        _ => CanaryResult::Bad,
    }
}

/// Starts a reset of the test account.
pub(crate) async fn begin(app: &AppState, upn: &str) -> Result<Result<ReferenceCode, CanarySkipReason>, StoreError> {
    let people = PeopleService::from_ref(app);
    let Ok(found) = people.find(upn).await else { return Ok(Err(CanarySkipReason::Unread)) };
    let Some(found) = found.into_iter().find(|person| person.upn.eq_ignore_ascii_case(upn)) else {
        return Ok(Err(CanarySkipReason::Nobody));
    };
    let Ok(mut facts) = people.facts(found.id).await else { return Ok(Err(CanarySkipReason::Unread)) };
    if !facts.synced() {
        return Ok(Err(CanarySkipReason::NotSynced));
    }
    if people.privilege(&facts).await.privileged() {
        return Ok(Err(CanarySkipReason::Power));
    }
    // Directory checks are skipped here: the run tests that the directory itself answers.
    match EligibilityChecker::from_ref(app).look(&facts, &DirectoryLookup::NotAsked).await? {
        None | Some(BlockReason::Approval) => {}
        Some(BlockReason::Paused(_) | BlockReason::Operator(_)) => return Ok(Err(CanarySkipReason::Paused)),
        Some(BlockReason::CannotCheck) => return Ok(Err(CanarySkipReason::Unread)),
        Some(_) => return Ok(Err(CanarySkipReason::NotPossible)),
    }
    facts.set_before = people.in_directory(&facts).await.password_set();
    let Some(password) = password(app, &facts.name_parts).await else { return Ok(Err(CanarySkipReason::Rules)) };
    let person = PersonKey { tenant: app.config.tenant(), object: facts.id };
    match ResetService::from_ref(app).submit(ResetInitiator::Canary, person, &facts, password).await {
        Ok(reference) => Ok(Ok(reference)),
        Err(SubmitError::Running(_)) => Ok(Err(CanarySkipReason::Running)),
        Err(SubmitError::Store(error)) => Err(error),
        Err(SubmitError::Limited(_) | SubmitError::NotGranted) => Ok(Err(CanarySkipReason::NotPossible)),
    }
}

/// Generates a password of 256 random bits, with a character of each class before them. It is not shown or kept.
async fn password(app: &AppState, name_parts: &[String]) -> Option<NewPassword> {
    let asked = app.policy.asked(name_parts.to_vec(), None);
    for _ in 0..TRIES {
        let text = format!("Cn7!{}", app.random.token());
        let again = Password::new(text.clone());
        if let Ok(password) = NewPassword::parse(Password::new(text), &again, &app.policy, &asked).await {
            return Some(password);
        }
    }
    None
}

/// Loads the newest runs, newest first.
pub(crate) async fn runs(db: &Db, count: i64, now: Timestamp) -> Result<Vec<CanaryRun>, StoreError> {
    let mut all = Vec::new();
    for reset in store::canaries(db, count).await? {
        let proofs = store::proofs(db, reset.id).await?;
        all.push(CanaryRun {
            says: judge(&reset, &proofs, now),
            reference: reset.reference,
            at: reset.created_at,
            state: reset.state,
            cause: reset.cause,
            rungs: proofs.into_iter().map(|proof| proof.rung).collect(),
        });
    }
    Ok(all)
}

/// Resumes the canary after a person checked it: earlier failures no longer count, and the next run is due at once.
pub(crate) async fn try_again(app: &AppState, actor: AuditActor) -> Result<(), StoreError> {
    troubles::signal(&app.db, RESUMED, "1", app.now()).await?;
    retry_every(&app.db, NAME, SignedDuration::ZERO, SignedDuration::ZERO, Timestamp::UNIX_EPOCH).await?;
    app.auditor.note(AuditEvent::new("canary.tried_again", actor)).await
}

/// Returns whether the canary is suspended because of consecutive failures.
pub(crate) async fn stopped(app: &AppState, runs: &[CanaryRun]) -> Result<bool, StoreError> {
    let Some(settings) = &app.config.canary else { return Ok(false) };
    let since = troubles::read_signal(&app.db, RESUMED).await?.map_or(Timestamp::UNIX_EPOCH, |(_, at)| at);
    Ok(i64::try_from(failures(runs, since)).unwrap_or(i64::MAX) >= settings.stop_after)
}

/// Problem with password writeback that the form shows.
pub(crate) enum WritebackHealth {
    /// The canary has failed since this time.
    Down(Timestamp),
    /// The last canary reset took this long.
    Slow(SignedDuration),
}

/// Returns whether password writeback is known to be down or slow.
pub(super) async fn writeback(app: &AppState) -> Result<Option<WritebackHealth>, StoreError> {
    let Some(settings) = &app.config.canary else { return Ok(None) };
    let runs = runs(&app.db, 5, app.now()).await?;
    let telling: Vec<&CanaryRun> =
        runs.iter().filter(|run| !matches!(run.says, CanaryResult::Pending | CanaryResult::Nothing)).collect();
    Ok(match telling.first().map(|run| run.says) {
        Some(CanaryResult::Bad) => {
            let first = telling.iter().take_while(|run| run.says == CanaryResult::Bad).last();
            first.map(|run| WritebackHealth::Down(run.at))
        }
        Some(CanaryResult::Good(took) | CanaryResult::Asked(took)) if took.as_secs() >= settings.slow_seconds => {
            Some(WritebackHealth::Slow(took))
        }
        _ => None,
    })
}

/// Counts the newest consecutive failures since a time. Pending and inconclusive runs are skipped.
fn failures(runs: &[CanaryRun], since: Timestamp) -> usize {
    let telling =
        runs.iter().filter(|run| run.at > since && !matches!(run.says, CanaryResult::Pending | CanaryResult::Nothing));
    telling.take_while(|run| run.says == CanaryResult::Bad).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reset::evidence::reset_for_test as reset;

    fn now() -> Timestamp {
        "2026-11-23T10:01:00Z".parse().unwrap()
    }

    fn says(state: ResetState, cause: Option<ResetCause>) -> CanaryResult {
        judge(&PasswordReset { state, cause, ..reset() }, &[], now())
    }

    #[test]
    fn what_a_run_says_follows_from_its_row() {
        let five = SignedDuration::from_secs(5);
        assert_eq!(says(ResetState::Written, None), CanaryResult::Good(five));
        assert_eq!(
            says(ResetState::Refused, Some(ResetCause::Policy)),
            CanaryResult::Asked(five),
            "a minimum age is no failure"
        );
        let before_graph =
            PasswordReset { state: ResetState::Refused, cause: Some(ResetCause::Policy), accepted_at: None, ..reset() };
        assert_eq!(judge(&before_graph, &[], now()), CanaryResult::Bad, "the directory was not asked");
        for cause in
            [ResetCause::NotSent, ResetCause::Throttled, ResetCause::Operator, ResetCause::Role, ResetCause::Banned]
        {
            assert_eq!(says(ResetState::Refused, Some(cause)), CanaryResult::Nothing, "{cause:?}");
        }
        assert_eq!(says(ResetState::Writing, None), CanaryResult::Pending);
        for state in [ResetState::Failed, ResetState::Split, ResetState::CloudOnly] {
            assert_eq!(says(state, None), CanaryResult::Bad, "{state:?}");
        }
        assert_eq!(
            says(ResetState::Unknown, Some(ResetCause::NoAnswer)),
            CanaryResult::Pending,
            "evidence may still come"
        );
        let late = now() + OVERDUE;
        let unknown = PasswordReset { state: ResetState::Unknown, ..reset() };
        assert_eq!(judge(&unknown, &[], late), CanaryResult::Bad);
        assert_eq!(judge(&PasswordReset { state: ResetState::Writing, ..reset() }, &[], late), CanaryResult::Bad);
    }

    #[test]
    fn failures_are_counted_from_the_newest_and_what_says_nothing_is_passed_over() {
        let run = |says, minutes: i64| CanaryRun {
            reference: "7KQ4M2ZD".parse().unwrap(),
            at: now() - SignedDuration::from_mins(minutes),
            says,
            state: ResetState::Failed,
            cause: None,
            rungs: vec![],
        };
        let good = CanaryResult::Good(SignedDuration::ZERO);
        let runs = [
            run(CanaryResult::Pending, 1),
            run(CanaryResult::Bad, 2),
            run(CanaryResult::Nothing, 3),
            run(CanaryResult::Bad, 4),
            run(good, 5),
            run(CanaryResult::Bad, 6),
        ];
        assert_eq!(failures(&runs, Timestamp::UNIX_EPOCH), 2);
        assert_eq!(failures(&runs, now() - SignedDuration::from_mins(3)), 1, "since the canary was resumed");
        assert_eq!(failures(&[], Timestamp::UNIX_EPOCH), 0);
    }
}
