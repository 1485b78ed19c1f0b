//! Limits how many people may reset in an hour. The limit is above any normal working day, so reaching it indicates an
//! attack: all resets are paused.
//!
//! A person counts from the dispatch of their reset, once however often they reset, and no longer when Microsoft
//! refused the reset or it was not sent. [`HourlyLimitGate::admit_person`] decides in the transaction that marks the
//! dispatch. It first increments the counter `dispatch`, whose row lock lets one dispatch of all replicas decide at a
//! time.
//!
//! Invariants:
//! - Never more people than the limit have a reset that is being sent, or was sent and not refused, within an hour.
//! - Nothing is sent between a pause by the limit and the resume. People count anew from the resume.

use jiff::{SignedDuration, Timestamp};

use super::pause::{self, PauseChangeOutcome, PauseReason};
use crate::audit::{AuditLog, AuditedTransaction};
use crate::base::{Clock, KnownPeopleCount, PeopleCountCache, PersonKey, TimestampExt as _};
use crate::state::AppState;
use crate::store::{Db, StoreError, Tx, load_counter, select_one_tx};

/// Period in which a person counts.
const PERIOD: SignedDuration = SignedDuration::from_hours(1);
/// Time for which a count is used. During an upgrade the release before dispatches without the counter.
const COUNT_LIFETIME: SignedDuration = SignedDuration::from_mins(1);
/// Difference between the clocks of two replicas that is tolerated. A resume further ahead was stored before the clock
/// was set back, and does not count.
const MAX_CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_mins(5);
/// Limit if the users of the tenant cannot be counted, and the minimum of the default limit.
const MIN_DEFAULT_LIMIT: i64 = 20;

/// Maximum number of people who may reset in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HourlyLimit(pub(crate) i64);

/// Decision about one more person within the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HourlyAdmission {
    Admitted,
    /// The limit is reached, and resets are paused.
    LimitReached,
}

/// Returns the limit: `reset.hourly_ceiling`, or 2 % of the tenant's users and at least 20.
pub(crate) async fn load_hourly_limit(app: &AppState) -> HourlyLimit {
    HourlyLimit(match app.config.reset.hourly_ceiling {
        Some(limit) => limit,
        None => count_users(app).await.map_or(MIN_DEFAULT_LIMIT, |users| (users / 50).max(MIN_DEFAULT_LIMIT)),
    })
}

/// Returns the number of users, which is fetched once an hour. An older number is used if Graph does not answer.
async fn count_users(app: &AppState) -> Option<i64> {
    let mut counted = app.user_count.lock().await;
    let now = app.now();
    if counted.is_none_or(|(_, at)| now.duration_since(at) >= PERIOD) {
        match app.entra.graph.count_users().await {
            Ok(users) => *counted = Some((users, now)),
            Err(error) => tracing::warn!(error = ?error, "user count failed: hourly limit uses the last count"),
        }
    }
    counted.map(|(users, _)| users)
}

/// Decides who may be sent within the limit.
pub(crate) struct HourlyLimitGate<'a> {
    pub(crate) clock: &'a Clock,
    pub(crate) people_count: &'a PeopleCountCache,
    pub(crate) limit: HourlyLimit,
}

impl<'a> HourlyLimitGate<'a> {
    pub(crate) fn new(app: &'a AppState, limit: HourlyLimit) -> Self {
        Self { clock: &app.clock, people_count: &app.people_count, limit }
    }

    /// Checks before the intent whether the limit lets one more person reset, and pauses all resets if not. The
    /// decision itself is [`Self::admit_person`], at the dispatch.
    pub(crate) async fn check_person(
        &self,
        db: &Db,
        audit_log: &AuditLog,
        person: PersonKey,
    ) -> Result<HourlyAdmission, StoreError> {
        let counter = load_counter(db, pause::DISPATCH_COUNTER).await?;
        if self.known_maximum(counter, self.clock.now()).is_some_and(|people| people < self.limit.0) {
            return Ok(HourlyAdmission::Admitted);
        }
        let mut transaction = audit_log.begin().await?;
        let admission = self.admit_person(&mut transaction, person).await?;
        if admission == HourlyAdmission::LimitReached {
            transaction.commit().await?;
        }
        Ok(admission)
    }

    /// Decides whether the limit lets this person's reset be sent, in the transaction that marks its dispatch. If not,
    /// the same transaction pauses all resets: commit it, too.
    pub(crate) async fn admit_person(
        &self,
        transaction: &mut AuditedTransaction,
        person: PersonKey,
    ) -> Result<HourlyAdmission, StoreError> {
        let counter = pause::lock_dispatches(transaction.tx()).await?;
        // After the wait for the lock, so that the time is not before the last count.
        let now = self.clock.now();
        // This dispatch is in the counter already.
        if self.known_maximum(counter, now).is_some_and(|people| people <= self.limit.0) {
            return Ok(HourlyAdmission::Admitted);
        }
        if pause::load_reason_in(transaction.tx()).await? == Some(PauseReason::HourlyLimit) {
            return Ok(HourlyAdmission::LimitReached);
        }
        let people = count_other_people(transaction.tx(), person, now).await? + 1;
        if people > self.limit.0 {
            let outcome = pause::pause_by_limit(transaction, people, self.limit.0, now).await?;
            if outcome == PauseChangeOutcome::Changed {
                tracing::error!(people, limit = self.limit.0, "hourly reset limit reached: resets paused");
            }
            return Ok(HourlyAdmission::LimitReached);
        }
        self.people_count.store(KnownPeopleCount { people, counter, at: now });
        Ok(HourlyAdmission::Admitted)
    }

    /// Returns how many people can count at most, if a count is known: each dispatch since added at most one. Without
    /// it, every dispatch would count the entire hour while all others wait.
    fn known_maximum(&self, counter: i64, now: Timestamp) -> Option<i64> {
        let known = self.people_count.load()?;
        let age = now.duration_since(known.at);
        let is_usable = age >= SignedDuration::ZERO && age < COUNT_LIFETIME && counter >= known.counter;
        is_usable.then(|| known.people + (counter - known.counter))
    }
}

/// Counts the other people who have a reset that was sent within the hour, and after the last resume, and that was not
/// refused. Canary resets do not count.
async fn count_other_people(tx: &mut Tx, person: PersonKey, now: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(DISTINCT object) FROM resets
        WHERE dispatched_at >= $1 AND canary IS NULL AND state <> 'refused' AND object <> $3
            AND dispatched_at >= COALESCE((SELECT at FROM switches WHERE name = 'resume' AND at <= $2), 0)";
    let since = now.earlier(PERIOD).as_millisecond();
    let latest_resume = now.later(MAX_CLOCK_DIFFERENCE).as_millisecond();
    let (people,): (i64,) = select_one_tx!(tx, SQL, since, latest_resume, person.object)?;
    Ok(people)
}
