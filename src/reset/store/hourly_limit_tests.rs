//! Tests of the hourly limit with the rows that it counts, on both databases.

use super::tests::{base_time, insert_reset, person_key, test_operator, transition_to};
use super::*;
use crate::audit::AuditLog;
use crate::base::{Clock, PeopleCountCache, PersonKey, Random};
use crate::eligibility::{
    HourlyAdmission, HourlyLimit, HourlyLimitGate, PauseActor, PauseChangeOutcome, PauseReason, ResetPause,
};
use crate::reset::record::PasswordReset;
use crate::reset::state::ResetState;
use crate::store::StoreError;
use crate::store::testing::{TestDatabase, test_databases, test_sealer};
use jiff::SignedDuration;

/// A replica: its own count, and the shared database.
struct TestReplica<'a> {
    engine: &'a TestDatabase,
    clock: Clock,
    audit_log: AuditLog,
    people_count: PeopleCountCache,
    limit: HourlyLimit,
}

impl<'a> TestReplica<'a> {
    fn new(engine: &'a TestDatabase, clock: &Clock, limit: i64) -> Self {
        let audit_log = AuditLog::new(engine.db.clone(), test_sealer(), clock.clone(), Random::system());
        let (clock, limit) = (clock.clone(), HourlyLimit(limit));
        Self { engine, clock, audit_log, people_count: PeopleCountCache::default(), limit }
    }

    fn gate(&self) -> HourlyLimitGate<'_> {
        HourlyLimitGate { clock: &self.clock, people_count: &self.people_count, limit: self.limit }
    }

    /// Dispatches a reset as the dispatcher does.
    async fn dispatch(&self, reset: &PasswordReset) -> Result<HourlyAdmission, StoreError> {
        let mut transaction = self.audit_log.begin().await?;
        let admission = self.gate().admit_person(&mut transaction, reset.person).await?;
        if admission == HourlyAdmission::Admitted {
            let now = self.clock.now();
            let lease = HeldLease { id: reset.id, owner: "me", until: now + SignedDuration::from_secs(20) };
            mark_dispatched(transaction.tx(), lease, test_operator(), now).await?;
        }
        transaction.commit().await?;
        Ok(admission)
    }

    /// Starts and dispatches a reset of a person.
    async fn send(&self, person: PersonKey) -> (PasswordReset, HourlyAdmission) {
        let reset = insert_reset(self.engine, person, "me").await.unwrap();
        let admission = self.dispatch(&reset).await.unwrap();
        (load_by_id(&self.engine.db, reset.id).await.unwrap().unwrap(), admission)
    }

    async fn end(&self, reset: &PasswordReset, to: ResetState) {
        let mut tx = self.engine.db.begin().await.unwrap();
        update_state(&mut tx, &transition_to(reset, to)).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn pause_reason(&self) -> Option<PauseReason> {
        ResetPause::new(self.engine.db.clone()).load_pause_reason().await.unwrap()
    }

    async fn resume(&self) {
        let pause = ResetPause::new(self.engine.db.clone());
        let by = PauseActor::CommandLine("");
        let resumed = pause.resume(&self.audit_log, by, None, self.clock.now()).await.unwrap();
        assert_eq!(resumed, PauseChangeOutcome::Changed);
    }
}

#[tokio::test]
async fn refused_resets_of_five_people_do_not_pause() {
    for engine in test_databases().await {
        let clock = Clock::manual(base_time());
        let replica = TestReplica::new(&engine, &clock, 4);
        for round in 0..5 {
            for n in 1..=5 {
                let (reset, admission) = replica.send(person_key(n)).await;
                assert_eq!(admission, HourlyAdmission::Admitted, "person {n} in round {round}");
                replica.end(&reset, ResetState::Refused).await;
            }
        }
        assert_eq!(replica.pause_reason().await, None);
    }
}

#[tokio::test]
async fn person_counts_once_from_dispatch_until_refused() {
    for engine in test_databases().await {
        let clock = Clock::manual(base_time());
        let replica = TestReplica::new(&engine, &clock, 2);
        // Sent again and again, one person is one.
        for state in [ResetState::Written, ResetState::Unknown, ResetState::Finished] {
            let (reset, admission) = replica.send(person_key(1)).await;
            assert_eq!(admission, HourlyAdmission::Admitted);
            replica.end(&reset, state).await;
        }
        // Not sent yet, and a canary: neither counts.
        insert_reset(&engine, person_key(8), "me").await.unwrap();
        let canary = insert_reset(&engine, person_key(9), "me").await.unwrap();
        let mut tx = engine.db.begin().await.unwrap();
        mark_canary(&mut tx, canary.id).await.unwrap();
        let lease = HeldLease { id: canary.id, owner: "me", until: base_time() };
        mark_dispatched(&mut tx, lease, test_operator(), base_time()).await.unwrap();
        tx.commit().await.unwrap();
        // A reset that is being sent counts, and no longer once it is refused.
        let (sending, admission) = replica.send(person_key(2)).await;
        assert_eq!(admission, HourlyAdmission::Admitted);
        let person = person_key(3);
        replica.end(&sending, ResetState::Refused).await;
        let (third, admission) = replica.send(person).await;
        assert_eq!(admission, HourlyAdmission::Admitted, "the place of the refused reset is free");
        replica.end(&third, ResetState::Written).await;
        assert_eq!(replica.pause_reason().await, None);
        assert_eq!(replica.send(person_key(1)).await.1, HourlyAdmission::Admitted, "counted already");
        // The person over the limit pauses all resets, also those of people who count already.
        let (over, admission) = replica.send(person_key(4)).await;
        assert_eq!((admission, over.dispatched_at), (HourlyAdmission::LimitReached, None));
        assert_eq!(replica.pause_reason().await, Some(PauseReason::HourlyLimit));
        let other = TestReplica::new(&engine, &clock, 2);
        assert_eq!(other.send(person).await.1, HourlyAdmission::LimitReached);
    }
}

#[tokio::test]
async fn people_count_anew_after_resume_and_after_an_hour() {
    for engine in test_databases().await {
        let clock = Clock::manual(base_time());
        let replica = TestReplica::new(&engine, &clock, 1);
        assert_eq!(replica.send(person_key(1)).await.1, HourlyAdmission::Admitted);
        assert_eq!(replica.send(person_key(2)).await.1, HourlyAdmission::LimitReached);
        clock.advance(SignedDuration::from_secs(1));
        replica.resume().await;
        assert_eq!(replica.send(person_key(3)).await.1, HourlyAdmission::Admitted);
        assert_eq!(replica.send(person_key(4)).await.1, HourlyAdmission::LimitReached);
        clock.advance(SignedDuration::from_secs(1));
        replica.resume().await;
        assert_eq!(replica.send(person_key(5)).await.1, HourlyAdmission::Admitted);
        clock.advance(SignedDuration::from_secs(3_601));
        assert_eq!(replica.send(person_key(6)).await.1, HourlyAdmission::Admitted, "an hour later");
        clock.advance(SignedDuration::from_secs(3_599));
        let check = replica.gate().check_person(&engine.db, &replica.audit_log, person_key(7)).await.unwrap();
        assert_eq!(check, HourlyAdmission::LimitReached, "within the hour");
        assert_eq!(replica.pause_reason().await, Some(PauseReason::HourlyLimit));
    }
}

#[tokio::test]
async fn burst_over_three_replicas_sends_exactly_the_limit() {
    for engine in test_databases().await {
        let clock = Clock::manual(base_time());
        let replicas = [0, 1, 2].map(|_| TestReplica::new(&engine, &clock, 10));
        // Counts of before, with which a replica must not admit people whom the others admitted meanwhile.
        for (replica, n) in replicas.iter().zip(100..) {
            let (reset, admission) = replica.send(person_key(n)).await;
            assert_eq!(admission, HourlyAdmission::Admitted);
            replica.end(&reset, ResetState::Refused).await;
        }
        let mut resets = Vec::new();
        for n in 1..=40 {
            resets.push(insert_reset(&engine, person_key(n), "me").await.unwrap());
        }
        let dispatches = resets.iter().enumerate().map(|(n, reset)| replicas[n % 3].dispatch(reset));
        let admissions: Vec<HourlyAdmission> =
            futures_util::future::join_all(dispatches).await.into_iter().map(Result::unwrap).collect();
        let sent = admissions.iter().filter(|admission| **admission == HourlyAdmission::Admitted).count();
        assert_eq!(sent, 10);
        let mut marked = 0;
        for reset in &resets {
            let stored = load_by_id(&engine.db, reset.id).await.unwrap().unwrap();
            marked += usize::from(stored.dispatched_at.is_some());
        }
        assert_eq!(marked, 10);
        assert_eq!(replicas[0].pause_reason().await, Some(PauseReason::HourlyLimit));
    }
}
