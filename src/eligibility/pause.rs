//! Pauses and resumes all resets: by the command line, by an administrator, or when the hourly limit is reached.
//!
//! The pause is stored in the table `switches`, so it applies to every replica at once. The row `pause` is present
//! while resets are paused. The row `resume` holds the last resume, from which the hourly limit counts.
//!
//! Invariants:
//! - The first of several pauses is kept. A resume ends only the pause that its reader saw.
//! - A resume holds the lock of the hourly limit, so that a dispatch that counted before it cannot pause after it.

use jiff::Timestamp;

use super::pause_reason::{StatedReason, clean_line};
use crate::audit::{AuditActor, AuditEvent, AuditLog, AuditedTransaction, load_staff_upn};
use crate::base::PersonKey;
use crate::store::{Db, StoreError, StoredTime, Tx, exec_tx, next_counter, select_optional, select_optional_tx};

/// Counter of all dispatches. Its row is the lock under which the hourly limit decides.
pub(super) const DISPATCH_COUNTER: &str = "dispatch";

/// Reason for a pause. The stored values are `hand` and `ceiling`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PauseReason {
    Manual,
    HourlyLimit,
}

impl PauseReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "hand",
            Self::HourlyLimit => "ceiling",
        }
    }

    /// Reads a stored value. The release before stores no other, and a later one is treated as manual.
    fn from_stored(by: &str) -> Self {
        if by == "ceiling" { Self::HourlyLimit } else { Self::Manual }
    }
}

/// Someone who pauses or resumes, with the reason.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PauseActor<'a> {
    /// The command line, whose reason is optional and may be empty.
    CommandLine(&'a str),
    Staff(PersonKey, &'a StatedReason),
}

impl PauseActor<'_> {
    /// Returns the columns `actor` and `reason`.
    fn stored_columns(self) -> (Option<String>, String) {
        match self {
            Self::CommandLine(reason) => (None, clean_line(reason)),
            Self::Staff(key, reason) => (Some(key.to_string()), reason.as_str().to_owned()),
        }
    }

    /// Returns an audit event. What staff write is a personal detail, which retention can erase.
    fn audit_event(self, kind: &'static str) -> AuditEvent {
        match self {
            Self::CommandLine("") => AuditEvent::new(kind, AuditActor::Command),
            Self::CommandLine(reason) => AuditEvent::new(kind, AuditActor::Command).with_detail("reason", reason),
            Self::Staff(key, reason) => {
                AuditEvent::new(kind, AuditActor::Staff(key)).with_personal_detail("reason", reason.as_str().to_owned())
            }
        }
    }
}

/// Outcome of a pause or resume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PauseChangeOutcome {
    Changed,
    /// Someone else was first: resets were paused or resumed already, or paused again.
    Unchanged,
}

/// Pause that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActivePause {
    pub(crate) since: Timestamp,
    pub(crate) by: PausedBy,
    /// Reason that was stated, or empty.
    pub(crate) reason: String,
}

/// Cause of a pause, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PausedBy {
    CommandLine,
    /// Username of a staff member, or their object id after retention has erased it.
    Staff(String),
    /// The hourly limit, with the people counted and the limit. The release before does not store them.
    HourlyLimit(Option<(i64, i64)>),
}

/// Last resume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastResume {
    pub(crate) at: Timestamp,
    /// Username of a staff member, or `None` for the command line.
    pub(crate) staff: Option<String>,
    pub(crate) reason: String,
}

/// Columns of the row `pause`.
type PauseRow = (String, String, StoredTime, Option<String>, Option<i64>, Option<i64>);

/// Reads and changes the pause of all resets.
#[derive(Clone)]
pub(crate) struct ResetPause {
    db: Db,
}

impl ResetPause {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Returns why resets are paused, or `None` if they are not.
    pub(crate) async fn load_pause_reason(&self) -> Result<Option<PauseReason>, StoreError> {
        const SQL: &str = "SELECT by FROM switches WHERE name = 'pause'";
        let row: Option<(String,)> = select_optional!(&self.db, SQL)?;
        Ok(row.map(|(by,)| PauseReason::from_stored(&by)))
    }

    /// Returns since when resets are paused, or `None` if they are not.
    pub(crate) async fn load_since(&self) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "SELECT at FROM switches WHERE name = 'pause'";
        let row: Option<(StoredTime,)> = select_optional!(&self.db, SQL)?;
        Ok(row.map(|(since,)| since.0))
    }

    /// Loads the pause with who, when and why.
    pub(crate) async fn load_active_pause(&self) -> Result<Option<ActivePause>, StoreError> {
        const SQL: &str = "SELECT by, reason, at, actor, people, people_limit FROM switches WHERE name = 'pause'";
        let row: Option<PauseRow> = select_optional!(&self.db, SQL)?;
        let Some((by, reason, since, actor, people, limit)) = row else { return Ok(None) };
        let by = match PauseReason::from_stored(&by) {
            PauseReason::HourlyLimit => PausedBy::HourlyLimit(people.zip(limit)),
            PauseReason::Manual => match self.load_staff_name(actor).await? {
                Some(name) => PausedBy::Staff(name),
                None => PausedBy::CommandLine,
            },
        };
        Ok(Some(ActivePause { since: since.0, by, reason: clean_line(&reason) }))
    }

    /// Loads the last resume, if there was one.
    pub(crate) async fn load_last_resume(&self) -> Result<Option<LastResume>, StoreError> {
        const SQL: &str = "SELECT at, actor, reason FROM switches WHERE name = 'resume'";
        let row: Option<(StoredTime, Option<String>, String)> = select_optional!(&self.db, SQL)?;
        let Some((at, actor, reason)) = row else { return Ok(None) };
        Ok(Some(LastResume { at: at.0, staff: self.load_staff_name(actor).await?, reason: clean_line(&reason) }))
    }

    /// Returns the username of a stored actor.
    async fn load_staff_name(&self, actor: Option<String>) -> Result<Option<String>, StoreError> {
        let Some(key) = actor.and_then(|actor| actor.parse::<PersonKey>().ok()) else { return Ok(None) };
        Ok(Some(load_staff_upn(&self.db, key).await?.unwrap_or_else(|| key.object.to_string())))
    }

    /// Pauses all resets. Keeps the first pause if they are already paused.
    pub(crate) async fn pause(
        &self,
        audit_log: &AuditLog,
        by: PauseActor<'_>,
        now: Timestamp,
    ) -> Result<PauseChangeOutcome, StoreError> {
        const SQL: &str = "INSERT INTO switches (name, reason, by, at, actor) VALUES ('pause', $1, $2, $3, $4)
            ON CONFLICT (name) DO NOTHING";
        let (actor, reason) = by.stored_columns();
        let mut transaction = audit_log.begin().await?;
        let rows = exec_tx!(transaction.tx(), SQL, reason, PauseReason::Manual.as_str(), StoredTime(now), actor)?;
        if rows == 0 {
            return Ok(PauseChangeOutcome::Unchanged);
        }
        transaction.record_event(by.audit_event("resets.paused").with_detail("by", PauseReason::Manual.as_str()));
        transaction.commit().await?;
        Ok(PauseChangeOutcome::Changed)
    }

    /// Resumes resets: the pause that began at a time, or any. Changes nothing if that pause is not in force.
    pub(crate) async fn resume(
        &self,
        audit_log: &AuditLog,
        by: PauseActor<'_>,
        began: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<PauseChangeOutcome, StoreError> {
        const DELETE_SQL: &str = "DELETE FROM switches WHERE name = 'pause' AND at = COALESCE(CAST($1 AS BIGINT), at)";
        const SAVE_SQL: &str =
            "INSERT INTO switches (name, reason, by, at, actor) VALUES ('resume', $1, 'hand', $2, $3)
            ON CONFLICT (name) DO UPDATE SET reason = $1, at = $2, actor = $3";
        let (actor, reason) = by.stored_columns();
        let mut transaction = audit_log.begin().await?;
        lock_dispatches(transaction.tx()).await?;
        if exec_tx!(transaction.tx(), DELETE_SQL, began.map(StoredTime))? == 0 {
            return Ok(PauseChangeOutcome::Unchanged);
        }
        exec_tx!(transaction.tx(), SAVE_SQL, reason, StoredTime(now), actor)?;
        transaction.record_event(by.audit_event("resets.resumed"));
        transaction.commit().await?;
        Ok(PauseChangeOutcome::Changed)
    }
}

/// Increments the counter of dispatches and returns it. Until the transaction ends, no other dispatch is decided.
pub(super) async fn lock_dispatches(tx: &mut Tx) -> Result<i64, StoreError> {
    next_counter(tx, DISPATCH_COUNTER).await
}

/// Returns why resets are paused, in a transaction.
pub(super) async fn load_reason_in(tx: &mut Tx) -> Result<Option<PauseReason>, StoreError> {
    const SQL: &str = "SELECT by FROM switches WHERE name = 'pause'";
    let row: Option<(String,)> = select_optional_tx!(tx, SQL)?;
    Ok(row.map(|(by,)| PauseReason::from_stored(&by)))
}

/// Pauses all resets because of the hourly limit. Keeps the first pause if they are already paused.
pub(super) async fn pause_by_limit(
    transaction: &mut AuditedTransaction,
    people: i64,
    limit: i64,
    now: Timestamp,
) -> Result<PauseChangeOutcome, StoreError> {
    const SQL: &str =
        "INSERT INTO switches (name, reason, by, at, people, people_limit) VALUES ('pause', $1, $2, $3, $4, $5)
        ON CONFLICT (name) DO NOTHING";
    // The release before shows the text.
    let (by, reason) = (PauseReason::HourlyLimit.as_str(), format!("{people} people in an hour, limit {limit}"));
    if exec_tx!(transaction.tx(), SQL, &reason, by, StoredTime(now), people, limit)? == 0 {
        return Ok(PauseChangeOutcome::Unchanged);
    }
    let event = AuditEvent::new("resets.paused", AuditActor::Portal).with_detail("by", by);
    transaction
        .record_event(event.with_detail("reason", reason).with_detail("people", people).with_detail("limit", limit));
    Ok(PauseChangeOutcome::Changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Clock, Random};
    use crate::store::testing::{TestDatabase, test_databases, test_sealer, test_tenant};

    fn test_audit_log(engine: &TestDatabase) -> AuditLog {
        AuditLog::new(engine.db.clone(), test_sealer(), Clock::system(), Random::system())
    }

    fn at_second(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn staff_key() -> PersonKey {
        PersonKey { tenant: test_tenant(), object: "00000000-0000-4000-8000-00000000ad00".parse().unwrap() }
    }

    #[tokio::test]
    async fn first_pause_is_kept_until_resumed() {
        for engine in test_databases().await {
            let (pause, audit_log) = (ResetPause::new(engine.db.clone()), test_audit_log(&engine));
            assert_eq!(pause.load_active_pause().await.unwrap(), None);
            assert_eq!(pause.load_last_resume().await.unwrap(), None);
            let mut transaction = audit_log.begin().await.unwrap();
            pause_by_limit(&mut transaction, 21, 20, at_second(0)).await.unwrap();
            transaction.commit().await.unwrap();
            let by = PauseActor::CommandLine("again");
            assert_eq!(pause.pause(&audit_log, by, at_second(1)).await.unwrap(), PauseChangeOutcome::Unchanged);
            assert_eq!(pause.load_pause_reason().await.unwrap(), Some(PauseReason::HourlyLimit));
            let active = pause.load_active_pause().await.unwrap().unwrap();
            assert_eq!((active.since, active.by), (at_second(0), PausedBy::HourlyLimit(Some((21, 20)))));
            let by = PauseActor::CommandLine("");
            assert_eq!(pause.resume(&audit_log, by, None, at_second(2)).await.unwrap(), PauseChangeOutcome::Changed);
            assert_eq!(pause.resume(&audit_log, by, None, at_second(3)).await.unwrap(), PauseChangeOutcome::Unchanged);
            assert_eq!(pause.load_pause_reason().await.unwrap(), None);
            let resumed = LastResume { at: at_second(2), staff: None, reason: String::new() };
            assert_eq!(pause.load_last_resume().await.unwrap(), Some(resumed), "the second resume changed nothing");
        }
    }

    #[tokio::test]
    async fn resume_ends_only_the_pause_that_was_read() {
        for engine in test_databases().await {
            let (pause, audit_log) = (ResetPause::new(engine.db.clone()), test_audit_log(&engine));
            let reason = StatedReason::parse("a test of the pause").unwrap();
            let by = PauseActor::Staff(staff_key(), &reason);
            assert_eq!(pause.pause(&audit_log, by, at_second(5)).await.unwrap(), PauseChangeOutcome::Changed);
            let name = staff_key().object.to_string();
            let active = pause.load_active_pause().await.unwrap().unwrap();
            assert_eq!((active.by, active.reason.as_str()), (PausedBy::Staff(name.clone()), reason.as_str()));
            for (began, outcome) in
                [(at_second(4), PauseChangeOutcome::Unchanged), (at_second(5), PauseChangeOutcome::Changed)]
            {
                assert_eq!(pause.resume(&audit_log, by, Some(began), at_second(6)).await.unwrap(), outcome);
            }
            let resumed = LastResume { at: at_second(6), staff: Some(name), reason: reason.as_str().to_owned() };
            assert_eq!(pause.load_last_resume().await.unwrap(), Some(resumed));
        }
    }

    #[tokio::test]
    async fn one_of_forty_concurrent_presses_changes_the_pause() {
        for engine in test_databases().await {
            let (pause, audit_log) = (ResetPause::new(engine.db.clone()), test_audit_log(&engine));
            for round in ["pause", "resume"] {
                let press = |n: i64| {
                    let (pause, audit_log) = (pause.clone(), audit_log.clone());
                    async move {
                        let by = PauseActor::CommandLine("a press");
                        match round {
                            "pause" => pause.pause(&audit_log, by, at_second(n)).await.unwrap(),
                            _ => pause.resume(&audit_log, by, None, at_second(n)).await.unwrap(),
                        }
                    }
                };
                let outcomes = futures_util::future::join_all((0..40).map(press)).await;
                let changed = outcomes.iter().filter(|outcome| **outcome == PauseChangeOutcome::Changed).count();
                assert_eq!(changed, 1, "{round}");
            }
        }
    }
}
