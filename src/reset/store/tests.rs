//! Tests of every function of this folder, on both databases.

use crate::store::select_all;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::base::{ObjectId, PersonKey, Random, ReferenceCode, ResetId};
use crate::people::{PasswordLastSet, PasswordSource, PersonProfile};
use crate::reset::cause::ResetCause;
use crate::reset::device_checklist::{ChecklistStep, DeviceChecklist, DeviceKinds, LaptopAnswer, StepStatus};
use crate::reset::record::{DeliveryLogGap, EvidenceCheckpoint, EvidenceRecord, PasswordReset};
use crate::reset::state::ResetState;
use crate::store::StoreError;
use crate::store::testing::{TestDatabase, test_databases, test_tenant};

const LEASE: SignedDuration = SignedDuration::from_secs(30);

pub(super) fn base_time() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

pub(super) fn person_key(n: u32) -> PersonKey {
    let object: ObjectId = format!("00000000-0000-4000-8000-{n:012}").parse().unwrap();
    PersonKey { tenant: test_tenant(), object }
}

pub(super) fn test_operator() -> ObjectId {
    "00000000-0000-4000-8000-0000000000aa".parse().unwrap()
}

pub(super) fn person_profile(person: PersonKey) -> PersonProfile {
    let home = PasswordSource::Directory { domain: "corp.example".to_owned(), synced_at: None };
    let text = |t: &str| t.to_owned();
    PersonProfile {
        id: person.object,
        name: text("Wanda"),
        upn: text("w@x"),
        name_parts: vec![],
        directory_name_parts: vec![],
        account_name: None,
        locked_in_directory: false,
        previous_password_set: None,
        mail_addresses: vec![],
        language: None,
        phone_numbers: vec![],
        password_changed_at: None,
        password_source: home,
        enabled: true,
        guest: false,
        management_restricted: false,
    }
}

/// Marks a dispatch in a transaction of its own.
async fn dispatch(
    engine: &TestDatabase,
    lease: HeldLease<'_>,
    operator: ObjectId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut tx = engine.db.begin().await?;
    mark_dispatched(&mut tx, lease, operator, now).await?;
    tx.commit().await
}

fn held(id: ResetId, owner: &str, until: Timestamp) -> HeldLease<'_> {
    HeldLease { id, owner, until }
}

pub(super) async fn insert_reset(
    engine: &TestDatabase,
    who: PersonKey,
    owner: &str,
) -> Result<PasswordReset, StoreError> {
    let (id, reference) = (ResetId::new(&Random::system(), base_time()), ReferenceCode::new(&Random::system()));
    let lease_until = base_time() + LEASE;
    let facts = person_profile(who);
    let intent =
        ResetIntent { id, reference: &reference, person: who, profile: &facts, owner, lease_until, now: base_time() };
    let mut tx = engine.db.begin().await?;
    insert_intent(&mut tx, &intent).await?;
    mark_changed(&mut tx, id, base_time()).await?;
    tx.commit().await?;
    Ok(load_by_id(&engine.db, id).await?.unwrap())
}

/// Inserts a reset that Graph accepted.
async fn insert_accepted_reset(engine: &TestDatabase, who: PersonKey) -> PasswordReset {
    let reset = insert_reset(engine, who, "me").await.unwrap();
    dispatch(engine, held(reset.id, "me", base_time() + LEASE), test_operator(), base_time()).await.unwrap();
    let mut tx = engine.db.begin().await.unwrap();
    update_accepted(&mut tx, &transition_to(&reset, ResetState::Writing), Some("https://graph"), base_time())
        .await
        .unwrap();
    let late = update_accepted(&mut tx, &transition_to(&reset, ResetState::Writing), None, base_time()).await;
    assert!(matches!(late, Err(StoreError::RowNotFound)), "once");
    tx.commit().await.unwrap();
    load_by_id(&engine.db, reset.id).await.unwrap().unwrap()
}

pub(super) fn transition_to(reset: &PasswordReset, to: ResetState) -> StateTransition<'static> {
    StateTransition {
        id: reset.id,
        from: reset.state,
        to,
        cause: None,
        detail: None,
        now: base_time(),
        next_check_at: Some(base_time()),
    }
}

#[tokio::test]
async fn person_has_at_most_one_unfinished_reset() {
    for engine in test_databases().await {
        let first = insert_reset(&engine, person_key(1), "me").await.unwrap();
        assert!(matches!(insert_reset(&engine, person_key(1), "me").await, Err(StoreError::AlreadyExists)));
        insert_reset(&engine, person_key(2), "me").await.unwrap();
        assert_eq!(load_by_reference(&engine.db, &first.reference).await.unwrap().unwrap().id, first.id);
        assert_eq!(load_latest(&engine.db, person_key(1)).await.unwrap().unwrap().id, first.id);
        assert!(load_latest(&engine.db, person_key(3)).await.unwrap().is_none());
        let mut tx = engine.db.begin().await.unwrap();
        update_state(&mut tx, &transition_to(&first, ResetState::Refused)).await.unwrap();
        tx.commit().await.unwrap();
        insert_reset(&engine, person_key(1), "me").await.unwrap();
    }
}

#[tokio::test]
async fn transition_requires_expected_previous_state() {
    for engine in test_databases().await {
        let reset = insert_accepted_reset(&engine, person_key(1)).await;
        let mut tx = engine.db.begin().await.unwrap();
        update_state(&mut tx, &transition_to(&reset, ResetState::Written)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = engine.db.begin().await.unwrap();
        assert!(matches!(
            update_state(&mut tx, &transition_to(&reset, ResetState::Unknown)).await,
            Err(StoreError::RowNotFound)
        ));
        drop(tx);
        let written = load_by_id(&engine.db, reset.id).await.unwrap().unwrap();
        assert_eq!((written.state, written.settled_at), (ResetState::Written, Some(base_time())));
    }
}

#[tokio::test]
async fn only_owner_marks_dispatched_and_only_once() {
    for engine in test_databases().await {
        let reset = insert_reset(&engine, person_key(1), "me").await.unwrap();
        let until = base_time() + LEASE;
        assert!(dispatch(&engine, held(reset.id, "other", until), test_operator(), base_time()).await.is_err());
        dispatch(&engine, held(reset.id, "me", until), test_operator(), base_time()).await.unwrap();
        assert!(
            dispatch(&engine, held(reset.id, "me", until), test_operator(), base_time()).await.is_err(),
            "sent once"
        );
        clear_dispatched(&engine.db, held(reset.id, "me", until)).await.unwrap();
        assert!(load_by_id(&engine.db, reset.id).await.unwrap().unwrap().dispatched_at.is_none());
        dispatch(&engine, held(reset.id, "me", until), test_operator(), base_time()).await.unwrap();
    }
}

#[tokio::test]
async fn queue_keeps_order_and_longest_throttle_wins() {
    for engine in test_databases().await {
        assert_eq!(load_throttled_until(&engine.db, base_time()).await.unwrap(), None);
        let later = base_time() + SignedDuration::from_secs(9);
        save_throttle_until(&engine.db, later).await.unwrap();
        save_throttle_until(&engine.db, base_time()).await.unwrap();
        assert_eq!(load_throttled_until(&engine.db, base_time()).await.unwrap(), Some(later));
        let (one, two) = (
            insert_reset(&engine, person_key(1), "me").await.unwrap(),
            insert_reset(&engine, person_key(2), "me").await.unwrap(),
        );
        for (reset, at) in [(&one, base_time()), (&two, later), (&one, later)] {
            let mut tx = engine.db.begin().await.unwrap();
            mark_queued(&mut tx, held(reset.id, "me", at + LEASE), at).await.unwrap();
            tx.commit().await.unwrap();
        }
        let (before, after) = if one.id.to_string() < two.id.to_string() { (one, two) } else { (two, one) };
        let ahead =
            async |reset: &PasswordReset| count_ahead_in_queue(&engine.db, reset.created_at, reset.id).await.unwrap();
        assert_eq!((ahead(&before).await, ahead(&after).await), (0, 1));
        dispatch(&engine, held(before.id, "me", later), test_operator(), base_time()).await.unwrap();
        assert_eq!(ahead(&after).await, 0, "a reset that is being sent is no longer queued");
    }
}

#[tokio::test]
async fn expired_lease_is_taken_over_once_and_old_owner_is_locked_out() {
    for engine in test_databases().await {
        let reset = insert_reset(&engine, person_key(1), "stopped").await.unwrap();
        let seen = load_sending_leases(&engine.db).await.unwrap();
        assert_eq!(seen.iter().map(|s| (s.id, s.owner.as_str())).collect::<Vec<_>>(), [(reset.id, "stopped")]);
        let until = base_time() + LEASE;
        let taken = take_over_lease(&engine.db, &seen[0], "me", until).await.unwrap().unwrap();
        assert_eq!((taken.id, taken.dispatched_at), (reset.id, None));
        assert!(take_over_lease(&engine.db, &seen[0], "another", until).await.unwrap().is_none(), "once");
        assert!(matches!(
            dispatch(&engine, held(reset.id, "stopped", until), test_operator(), base_time()).await,
            Err(StoreError::RowNotFound)
        ));
        assert!(matches!(
            renew_lease(&engine.db, held(reset.id, "stopped", until)).await,
            Err(StoreError::RowNotFound)
        ));
    }
}

#[tokio::test]
async fn renewed_lease_is_not_taken_over() {
    for engine in test_databases().await {
        let reset = insert_reset(&engine, person_key(1), "alive").await.unwrap();
        let seen = load_sending_leases(&engine.db).await.unwrap();
        renew_lease(&engine.db, held(reset.id, "alive", base_time() + LEASE + LEASE)).await.unwrap();
        assert!(take_over_lease(&engine.db, &seen[0], "me", base_time() + LEASE).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn clock_set_back_does_not_delay_due_work() {
    for engine in test_databases().await {
        insert_accepted_reset(&engine, person_key(1)).await;
        let set_back = base_time() - SignedDuration::from_hours(3);
        assert_eq!(claim_due(&engine.db, DueWork::Poll, "me", set_back, LEASE).await.unwrap().len(), 1);
        save_throttle_until(&engine.db, base_time()).await.unwrap();
        assert_eq!(load_throttled_until(&engine.db, set_back).await.unwrap(), None);
    }
}

#[tokio::test]
async fn concurrent_workers_claim_each_reset_once() {
    for engine in test_databases().await {
        for n in 0..40 {
            insert_accepted_reset(&engine, person_key(n)).await;
        }
        let workers = (0..12).map(|n| {
            let db = engine.db.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                for _ in 0..4 {
                    mine.extend(claim_due(&db, DueWork::Poll, &format!("w{n}"), base_time(), LEASE).await.unwrap());
                }
                mine
            })
        });
        let mut claimed = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            claimed.extend(worker.await.unwrap().into_iter().map(|r| r.id));
        }
        let all = claimed.len();
        claimed.sort();
        claimed.dedup();
        assert_eq!((all, claimed.len()), (40, 40));
    }
}

#[tokio::test]
async fn worker_with_lost_lease_writes_nothing() {
    for engine in test_databases().await {
        let reset = insert_accepted_reset(&engine, person_key(1)).await;
        assert_eq!(claim_due(&engine.db, DueWork::Poll, "slow", base_time(), LEASE).await.unwrap().len(), 1);
        let later = base_time() + LEASE + LEASE;
        assert_eq!(claim_due(&engine.db, DueWork::Poll, "fast", later, LEASE).await.unwrap().len(), 1);
        let next = || PollSchedule {
            poll_at: later + LEASE,
            lost_since: Some(base_time()),
            outage_since: None,
            outage_total: SignedDuration::from_millis(7),
        };
        assert!(matches!(schedule_poll(&engine.db, reset.id, "slow", &next()).await, Err(StoreError::RowNotFound)));
        schedule_poll(&engine.db, reset.id, "fast", &next()).await.unwrap();
        let read = load_by_id(&engine.db, reset.id).await.unwrap().unwrap();
        assert_eq!(
            (read.poll_count, read.lost_since, read.outage_total),
            (1, Some(base_time()), SignedDuration::from_millis(7))
        );
    }
}

#[tokio::test]
async fn evidence_check_is_claimed_and_rescheduled() {
    for engine in test_databases().await {
        let reset = insert_accepted_reset(&engine, person_key(1)).await;
        let mut tx = engine.db.begin().await.unwrap();
        update_state(&mut tx, &transition_to(&reset, ResetState::Written)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claim_due(&engine.db, DueWork::EvidenceCheck, "me", base_time(), LEASE).await.unwrap().len(), 1);
        schedule_evidence_check(&engine.db, reset.id, "me", Some(base_time() + LEASE)).await.unwrap();
        assert!(claim_due(&engine.db, DueWork::EvidenceCheck, "me", base_time(), LEASE).await.unwrap().is_empty());
        assert_eq!(
            claim_due(&engine.db, DueWork::EvidenceCheck, "me", base_time() + LEASE, LEASE).await.unwrap().len(),
            1
        );
        schedule_evidence_check(&engine.db, reset.id, "me", None).await.unwrap();
        assert!(
            claim_due(&engine.db, DueWork::EvidenceCheck, "me", base_time() + LEASE + LEASE, LEASE)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn first_evidence_of_checkpoint_stays_and_responses_keep_order() {
    for engine in test_databases().await {
        let reset = insert_accepted_reset(&engine, person_key(1)).await;
        let proof = |source: &str| EvidenceRecord {
            checkpoint: EvidenceCheckpoint::Carried,
            at: base_time(),
            source: source.to_owned(),
            detail: None,
        };
        let mut tx = engine.db.begin().await.unwrap();
        assert!(insert_evidence(&mut tx, reset.id, &proof("CloudSync")).await.unwrap());
        assert!(!insert_evidence(&mut tx, reset.id, &proof("Somebody")).await.unwrap());
        for status in [202, 200] {
            let answer = NewGraphResponse { call: GraphCall::Operation, status, request_id: Some("r"), detail: None };
            insert_graph_response(&mut tx, reset.id, &answer, base_time()).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(load_evidence(&engine.db, reset.id).await.unwrap(), [proof("CloudSync")]);
        let rows: Vec<(i64, i64)> = select_all!(&engine.db, "SELECT seq, status FROM answers ORDER BY seq").unwrap();
        assert_eq!(rows, [(1, 202), (2, 200)]);
    }
}

#[tokio::test]
async fn changed_reset_is_listed_after_its_counter_value() {
    for engine in test_databases().await {
        let before = load_newest_change(&engine.db).await.unwrap();
        let reset = insert_reset(&engine, person_key(1), "me").await.unwrap();
        let changed = load_changed_since(&engine.db, before).await.unwrap();
        assert_eq!(changed.iter().map(|c| c.id).collect::<Vec<_>>(), [reset.id]);
        assert!(
            load_changed_since(&engine.db, load_newest_change(&engine.db).await.unwrap()).await.unwrap().is_empty()
        );
        assert_eq!(load_typical_duration(&engine.db).await.unwrap(), None);
    }
}

#[tokio::test]
async fn overlapping_reset_of_same_person_is_detected() {
    for engine in test_databases().await {
        let first = insert_accepted_reset(&engine, person_key(1)).await;
        let span = (base_time() - LEASE, base_time() + LEASE);
        assert!(!has_overlapping_reset(&engine.db, &first, span.0, span.1).await.unwrap());
        let mut tx = engine.db.begin().await.unwrap();
        update_state(&mut tx, &transition_to(&first, ResetState::Unknown)).await.unwrap();
        tx.commit().await.unwrap();
        insert_accepted_reset(&engine, person_key(2)).await;
        let second = insert_accepted_reset(&engine, person_key(1)).await;
        assert!(has_overlapping_reset(&engine.db, &first, span.0, span.1).await.unwrap());
        assert!(has_overlapping_reset(&engine.db, &second, span.0, span.1).await.unwrap());
        let before = base_time() - LEASE * 9;
        assert!(!has_overlapping_reset(&engine.db, &first, before, before + LEASE).await.unwrap());
    }
}

#[tokio::test]
async fn statistics_count_resets_started_since() {
    for engine in test_databases().await {
        let one = insert_accepted_reset(&engine, person_key(1)).await;
        let two = insert_reset(&engine, person_key(2), "me").await.unwrap();
        let mut tx = engine.db.begin().await.unwrap();
        let refused = StateTransition { cause: Some(ResetCause::Policy), ..transition_to(&two, ResetState::Refused) };
        update_state(&mut tx, &refused).await.unwrap();
        let later = base_time() + SignedDuration::from_secs(7);
        let proof = |rung, at| EvidenceRecord { checkpoint: rung, at, source: "graph".to_owned(), detail: None };
        insert_evidence(&mut tx, one.id, &proof(EvidenceCheckpoint::Written, later)).await.unwrap();
        // From a clock that is behind.
        insert_evidence(&mut tx, one.id, &proof(EvidenceCheckpoint::Carried, base_time() - LEASE)).await.unwrap();
        insert_evidence(&mut tx, one.id, &proof(EvidenceCheckpoint::Accepted, later)).await.unwrap();
        tx.commit().await.unwrap();
        let day = base_time().as_second() / 86_400;
        let mut counted = count_by_day(&engine.db, base_time()).await.unwrap();
        counted.sort_by_key(|(_, state, _)| state.as_str());
        assert_eq!(counted, [(day, ResetState::Refused, 1), (day, ResetState::Writing, 1)]);
        let mut took = load_checkpoint_latencies(&engine.db, base_time()).await.unwrap();
        took.sort_unstable();
        assert_eq!(took, [(day, EvidenceCheckpoint::Written, 7_000), (day, EvidenceCheckpoint::Carried, 0)]);
        let ends = load_ended(&engine.db, base_time()).await.unwrap();
        assert_eq!(
            ends.iter().map(|end| (end.person, end.state)).collect::<Vec<_>>(),
            [(person_key(2), ResetState::Refused)]
        );
        assert_eq!(count_by_cause(&engine.db, base_time()).await.unwrap(), [("R-POLICY".to_owned(), 1)]);
        let after = base_time() + LEASE;
        assert!(
            count_by_day(&engine.db, after).await.unwrap().is_empty()
                && load_checkpoint_latencies(&engine.db, after).await.unwrap().is_empty()
        );
        assert!(
            load_ended(&engine.db, after).await.unwrap().is_empty()
                && count_by_cause(&engine.db, after).await.unwrap().is_empty()
        );
    }
}

#[tokio::test]
async fn checklist_keeps_answers_and_first_known_devices() {
    for engine in test_databases().await {
        let id = insert_reset(&engine, person_key(1), "me").await.unwrap().id;
        assert_eq!(load_checklist(&engine.db, id).await.unwrap(), DeviceChecklist::default());
        let phone = DeviceKinds { phone: true, ..DeviceKinds::default() };
        let mut tx = engine.db.begin().await.unwrap();
        mark_was_locked(&mut tx, id).await.unwrap();
        update_laptop_answer(&mut tx, id, Some(LaptopAnswer::LockedOut)).await.unwrap();
        for (step, status) in [
            (ChecklistStep::Wifi, StepStatus::Done),
            (ChecklistStep::Phone, StepStatus::Done),
            (ChecklistStep::Phone, StepStatus::Open),
        ] {
            update_step(&mut tx, id, step, status, base_time()).await.unwrap();
        }
        mark_signed_out(&mut tx, id, base_time()).await.unwrap();
        tx.commit().await.unwrap();
        save_devices(&engine.db, id, phone).await.unwrap();
        save_devices(&engine.db, id, DeviceKinds::UNKNOWN).await.unwrap();
        let expected = DeviceChecklist {
            was_locked: true,
            devices: Some(phone),
            laptop_answer: Some(LaptopAnswer::LockedOut),
            completed_steps: vec![(ChecklistStep::Wifi, base_time())],
            signed_out_at: Some(base_time()),
        };
        assert_eq!(load_checklist(&engine.db, id).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn helpdesk_reads_texts_notes_and_gauges_until_erasure() {
    for engine in test_databases().await {
        let reset = insert_accepted_reset(&engine, person_key(1)).await;
        insert_reset(&engine, person_key(2), "me").await.unwrap();
        assert_eq!(load_gauges(&engine.db).await.unwrap(), ResetGauges { sending: 1, queued: 0, writing: 1 });
        let note = NewNote { author: person_key(9), author_name: "Agent", text: "called back" };
        let mut tx = engine.db.begin().await.unwrap();
        insert_note(&mut tx, reset.id, &note, base_time()).await.unwrap();
        insert_note(&mut tx, reset.id, &note, base_time() + LEASE).await.unwrap();
        assert!(schedule_checks_now(&mut tx, reset.id, base_time()).await.unwrap());
        save_password_baseline(&mut tx, reset.id, "S-1-5-21-1", PasswordLastSet::MustChange).await.unwrap();
        assert!(update_log_gap(&mut tx, reset.id, Some(DeliveryLogGap::Ambiguous)).await.unwrap());
        assert!(!update_log_gap(&mut tx, reset.id, Some(DeliveryLogGap::Ambiguous)).await.unwrap(), "unchanged");
        mark_canary(&mut tx, reset.id).await.unwrap();
        update_state(&mut tx, &transition_to(&reset, ResetState::Written)).await.unwrap();
        tx.commit().await.unwrap();
        let notes = load_notes(&engine.db, reset.id).await.unwrap();
        assert_eq!(notes.iter().map(|note| note.at).collect::<Vec<_>>(), [base_time(), base_time() + LEASE]);
        let canaries = load_canaries(&engine.db, 5).await.unwrap();
        let gaps: Vec<_> = canaries.iter().map(|reset| (reset.delivery_log_gap, reset.password_baseline)).collect();
        assert_eq!(gaps, [(Some(DeliveryLogGap::Ambiguous), Some(PasswordLastSet::MustChange))]);
        let listed = load_by_person(&engine.db, person_key(1)).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|line| (line.reference.as_str(), line.name.as_str())).collect();
        assert_eq!(listed, [(reset.reference.to_string().as_str(), "Wanda")]);
        assert_eq!(load_texts(&engine.db, reset.id).await.unwrap().upn, "w@x");
        let mut tx = engine.db.begin().await.unwrap();
        assert_eq!(erase_reset_names(&mut tx, base_time() + LEASE + LEASE).await.unwrap(), (1, 2), "ended, all notes");
        tx.commit().await.unwrap();
        assert_eq!(load_texts(&engine.db, reset.id).await.unwrap().upn, "");
    }
}
