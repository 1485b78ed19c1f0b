//! Tests of every function of this folder, on both databases.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::base::{ObjectId, Random};
use crate::people::PasswordSource;
use crate::store::testing::{TestDatabase, engines, tenant};

const LEASE: SignedDuration = SignedDuration::from_secs(30);

pub(super) fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

pub(super) fn person(n: u32) -> PersonKey {
    let object: ObjectId = format!("00000000-0000-4000-8000-{n:012}").parse().unwrap();
    PersonKey { tenant: tenant(), object }
}

fn operator() -> ObjectId {
    "00000000-0000-4000-8000-0000000000aa".parse().unwrap()
}

pub(super) fn facts(person: PersonKey) -> PersonProfile {
    let home = PasswordSource::Directory { domain: "corp.example".to_owned(), synced_at: None };
    let text = |t: &str| t.to_owned();
    PersonProfile {
        id: person.object,
        name: text("Wanda"),
        upn: text("w@x"),
        name_parts: vec![],
        short_parts: vec![],
        account: None,
        locked: false,
        set_before: None,
        addresses: vec![],
        language: None,
        numbers: vec![],
        password_changed_at: None,
        home,
        enabled: true,
        guest: false,
        restricted: false,
    }
}

async fn add(engine: &TestDatabase, who: PersonKey, owner: &str) -> Result<PasswordReset, StoreError> {
    let (id, reference) = (ResetId::new(&Random::system(), start()), ReferenceCode::new(&Random::system()));
    let lease_until = start() + LEASE;
    let facts = facts(who);
    let intent =
        ResetIntent { id, reference: &reference, person: who, facts: &facts, owner, lease_until, now: start() };
    let mut tx = engine.db.begin().await?;
    insert(&mut tx, &intent).await?;
    touch(&mut tx, id, start()).await?;
    tx.commit().await?;
    Ok(by_id(&engine.db, id).await?.unwrap())
}

/// Inserts a reset that Graph accepted.
async fn writing(engine: &TestDatabase, who: PersonKey) -> PasswordReset {
    let reset = add(engine, who, "me").await.unwrap();
    dispatch(&engine.db, reset.id, "me", operator(), (start(), start() + LEASE)).await.unwrap();
    let mut tx = engine.db.begin().await.unwrap();
    accept(&mut tx, &to(&reset, ResetState::Writing), (Some("https://graph"), start())).await.unwrap();
    let late = accept(&mut tx, &to(&reset, ResetState::Writing), (None, start())).await;
    assert!(matches!(late, Err(StoreError::NoRow)), "once");
    tx.commit().await.unwrap();
    by_id(&engine.db, reset.id).await.unwrap().unwrap()
}

fn to(reset: &PasswordReset, to: ResetState) -> StateTransition<'static> {
    StateTransition {
        id: reset.id,
        from: reset.state,
        to,
        cause: None,
        detail: None,
        now: start(),
        look_at: Some(start()),
    }
}

#[tokio::test]
async fn one_unfinished_reset_per_person() {
    for engine in engines().await {
        let first = add(&engine, person(1), "me").await.unwrap();
        assert!(matches!(add(&engine, person(1), "me").await, Err(StoreError::Exists)));
        add(&engine, person(2), "me").await.unwrap();
        assert_eq!(by_reference(&engine.db, &first.reference).await.unwrap().unwrap().id, first.id);
        assert_eq!(latest(&engine.db, person(1)).await.unwrap().unwrap().id, first.id);
        assert!(latest(&engine.db, person(3)).await.unwrap().is_none());
        let mut tx = engine.db.begin().await.unwrap();
        step(&mut tx, &to(&first, ResetState::Refused)).await.unwrap();
        tx.commit().await.unwrap();
        add(&engine, person(1), "me").await.unwrap();
    }
}

#[tokio::test]
async fn a_state_moves_only_from_where_it_was_decided() {
    for engine in engines().await {
        let reset = writing(&engine, person(1)).await;
        let mut tx = engine.db.begin().await.unwrap();
        step(&mut tx, &to(&reset, ResetState::Written)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = engine.db.begin().await.unwrap();
        assert!(matches!(step(&mut tx, &to(&reset, ResetState::Unknown)).await, Err(StoreError::NoRow)));
        drop(tx);
        let written = by_id(&engine.db, reset.id).await.unwrap().unwrap();
        assert_eq!((written.state, written.settled_at), (ResetState::Written, Some(start())));
    }
}

#[tokio::test]
async fn only_the_owner_dispatches_and_only_once() {
    for engine in engines().await {
        let reset = add(&engine, person(1), "me").await.unwrap();
        let until = start() + LEASE;
        assert!(dispatch(&engine.db, reset.id, "other", operator(), (start(), until)).await.is_err());
        dispatch(&engine.db, reset.id, "me", operator(), (start(), until)).await.unwrap();
        assert!(dispatch(&engine.db, reset.id, "me", operator(), (start(), until)).await.is_err(), "sent once");
        undispatch(&engine.db, reset.id, "me", until).await.unwrap();
        assert!(by_id(&engine.db, reset.id).await.unwrap().unwrap().dispatched_at.is_none());
        dispatch(&engine.db, reset.id, "me", operator(), (start(), until)).await.unwrap();
    }
}

#[tokio::test]
async fn the_line_is_in_order_and_the_longest_wait_counts() {
    for engine in engines().await {
        assert_eq!(throttled_until(&engine.db, start()).await.unwrap(), None);
        let later = start() + SignedDuration::from_secs(9);
        throttle(&engine.db, later).await.unwrap();
        throttle(&engine.db, start()).await.unwrap();
        assert_eq!(throttled_until(&engine.db, start()).await.unwrap(), Some(later));
        let (one, two) = (add(&engine, person(1), "me").await.unwrap(), add(&engine, person(2), "me").await.unwrap());
        for (reset, at) in [(&one, start()), (&two, later), (&one, later)] {
            let mut tx = engine.db.begin().await.unwrap();
            wait_in_line(&mut tx, reset.id, "me", at, at + LEASE).await.unwrap();
            tx.commit().await.unwrap();
        }
        let (before, after) = if one.id.to_string() < two.id.to_string() { (one, two) } else { (two, one) };
        let ahead = async |reset: &PasswordReset| ahead_in_line(&engine.db, reset.created_at, reset.id).await.unwrap();
        assert_eq!((ahead(&before).await, ahead(&after).await), (0, 1));
        dispatch(&engine.db, before.id, "me", operator(), (start(), later)).await.unwrap();
        assert_eq!(ahead(&after).await, 0, "a reset that is being sent is no longer queued");
    }
}

#[tokio::test]
async fn a_silent_owners_reset_is_taken_over_once_and_he_can_do_nothing_more() {
    for engine in engines().await {
        let reset = add(&engine, person(1), "stopped").await.unwrap();
        let seen = sending(&engine.db).await.unwrap();
        assert_eq!(seen.iter().map(|s| (s.id, s.owner.as_str())).collect::<Vec<_>>(), [(reset.id, "stopped")]);
        let until = start() + LEASE;
        let taken = take_over(&engine.db, &seen[0], "me", until).await.unwrap().unwrap();
        assert_eq!((taken.id, taken.dispatched_at), (reset.id, None));
        assert!(take_over(&engine.db, &seen[0], "another", until).await.unwrap().is_none(), "once");
        assert!(matches!(
            dispatch(&engine.db, reset.id, "stopped", operator(), (start(), until)).await,
            Err(StoreError::NoRow)
        ));
        assert!(matches!(renew(&engine.db, reset.id, "stopped", until).await, Err(StoreError::NoRow)));
    }
}

#[tokio::test]
async fn an_owner_who_renewed_is_not_taken_over() {
    for engine in engines().await {
        let reset = add(&engine, person(1), "alive").await.unwrap();
        let seen = sending(&engine.db).await.unwrap();
        renew(&engine.db, reset.id, "alive", start() + LEASE + LEASE).await.unwrap();
        assert!(take_over(&engine.db, &seen[0], "me", start() + LEASE).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_clock_set_back_puts_nothing_off_for_hours() {
    for engine in engines().await {
        writing(&engine, person(1)).await;
        let set_back = start() - SignedDuration::from_hours(3);
        assert_eq!(claim(&engine.db, DueWork::Poll, "me", set_back, LEASE).await.unwrap().len(), 1);
        throttle(&engine.db, start()).await.unwrap();
        assert_eq!(throttled_until(&engine.db, set_back).await.unwrap(), None);
    }
}

#[tokio::test]
async fn twelve_workers_claim_each_reset_once() {
    for engine in engines().await {
        for n in 0..40 {
            writing(&engine, person(n)).await;
        }
        let workers = (0..12).map(|n| {
            let db = engine.db.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                for _ in 0..4 {
                    mine.extend(claim(&db, DueWork::Poll, &format!("w{n}"), start(), LEASE).await.unwrap());
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
async fn a_late_worker_writes_nothing() {
    for engine in engines().await {
        let reset = writing(&engine, person(1)).await;
        assert_eq!(claim(&engine.db, DueWork::Poll, "slow", start(), LEASE).await.unwrap().len(), 1);
        let later = start() + LEASE + LEASE;
        assert_eq!(claim(&engine.db, DueWork::Poll, "fast", later, LEASE).await.unwrap().len(), 1);
        let next =
            || PollSchedule { poll_at: later + LEASE, lost_since: Some(start()), down_since: None, down_total_ms: 7 };
        assert!(matches!(poll_later(&engine.db, reset.id, "slow", &next()).await, Err(StoreError::NoRow)));
        poll_later(&engine.db, reset.id, "fast", &next()).await.unwrap();
        let read = by_id(&engine.db, reset.id).await.unwrap().unwrap();
        assert_eq!((read.polls, read.lost_since, read.down_total_ms), (1, Some(start()), 7));
    }
}

#[tokio::test]
async fn looking_for_evidence_is_claimed_and_put_off() {
    for engine in engines().await {
        let reset = writing(&engine, person(1)).await;
        let mut tx = engine.db.begin().await.unwrap();
        step(&mut tx, &to(&reset, ResetState::Written)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claim(&engine.db, DueWork::Look, "me", start(), LEASE).await.unwrap().len(), 1);
        look_later(&engine.db, reset.id, "me", Some(start() + LEASE)).await.unwrap();
        assert!(claim(&engine.db, DueWork::Look, "me", start(), LEASE).await.unwrap().is_empty());
        assert_eq!(claim(&engine.db, DueWork::Look, "me", start() + LEASE, LEASE).await.unwrap().len(), 1);
        look_later(&engine.db, reset.id, "me", None).await.unwrap();
        assert!(claim(&engine.db, DueWork::Look, "me", start() + LEASE + LEASE, LEASE).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_first_proof_of_a_rung_stays_and_answers_are_kept_in_order() {
    for engine in engines().await {
        let reset = writing(&engine, person(1)).await;
        let proof = |source: &str| EvidenceRecord {
            rung: EvidenceCheckpoint::Carried,
            at: start(),
            source: source.to_owned(),
            detail: None,
        };
        let mut tx = engine.db.begin().await.unwrap();
        assert!(prove(&mut tx, reset.id, &proof("CloudSync")).await.unwrap());
        assert!(!prove(&mut tx, reset.id, &proof("Somebody")).await.unwrap());
        for status in [202, 200] {
            let answer = NewGraphResponse { call: "operation", status, request_id: Some("r"), detail: None };
            keep_answer(&mut tx, reset.id, &answer, start()).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(proofs(&engine.db, reset.id).await.unwrap(), [proof("CloudSync")]);
        let rows: Vec<(i64, i64)> =
            on_db!(&engine.db, |p| sqlx::query_as("SELECT seq, status FROM answers ORDER BY seq").fetch_all(p).await)
                .unwrap();
        assert_eq!(rows, [(1, 202), (2, 200)]);
    }
}

#[tokio::test]
async fn changes_are_counted_for_streams() {
    for engine in engines().await {
        let before = newest_change(&engine.db).await.unwrap();
        let reset = add(&engine, person(1), "me").await.unwrap();
        let changed = changed_since(&engine.db, before).await.unwrap();
        assert_eq!(changed.iter().map(|c| c.id).collect::<Vec<_>>(), [reset.id]);
        assert!(changed_since(&engine.db, newest_change(&engine.db).await.unwrap()).await.unwrap().is_empty());
        assert_eq!(usual_span(&engine.db).await.unwrap(), None);
    }
}

#[tokio::test]
async fn another_reset_of_the_same_person_makes_a_log_row_ambiguous() {
    for engine in engines().await {
        let first = writing(&engine, person(1)).await;
        let span = (start() - LEASE, start() + LEASE);
        assert!(!has_neighbour(&engine.db, &first, span.0, span.1).await.unwrap());
        let mut tx = engine.db.begin().await.unwrap();
        step(&mut tx, &to(&first, ResetState::Unknown)).await.unwrap();
        tx.commit().await.unwrap();
        writing(&engine, person(2)).await;
        let second = writing(&engine, person(1)).await;
        assert!(has_neighbour(&engine.db, &first, span.0, span.1).await.unwrap());
        assert!(has_neighbour(&engine.db, &second, span.0, span.1).await.unwrap());
        let before = start() - LEASE * 9;
        assert!(!has_neighbour(&engine.db, &first, before, before + LEASE).await.unwrap());
    }
}

#[tokio::test]
async fn figures_count_what_began_in_a_time() {
    for engine in engines().await {
        let one = writing(&engine, person(1)).await;
        let two = add(&engine, person(2), "me").await.unwrap();
        let mut tx = engine.db.begin().await.unwrap();
        let refused = StateTransition { cause: Some(ResetCause::Policy), ..to(&two, ResetState::Refused) };
        step(&mut tx, &refused).await.unwrap();
        let later = start() + SignedDuration::from_secs(7);
        let proof = |rung, at| EvidenceRecord { rung, at, source: "graph".to_owned(), detail: None };
        prove(&mut tx, one.id, &proof(EvidenceCheckpoint::Written, later)).await.unwrap();
        // From a clock that is behind.
        prove(&mut tx, one.id, &proof(EvidenceCheckpoint::Carried, start() - LEASE)).await.unwrap();
        prove(&mut tx, one.id, &proof(EvidenceCheckpoint::Accepted, later)).await.unwrap();
        tx.commit().await.unwrap();
        let day = start().as_second() / 86_400;
        let mut counted = days(&engine.db, start()).await.unwrap();
        counted.sort_by_key(|(_, state, _)| state.name());
        assert_eq!(counted, [(day, ResetState::Refused, 1), (day, ResetState::Writing, 1)]);
        let mut took = spans(&engine.db, start()).await.unwrap();
        took.sort_unstable();
        assert_eq!(took, [(day, EvidenceCheckpoint::Written, 7_000), (day, EvidenceCheckpoint::Carried, 0)]);
        let ends = ended(&engine.db, start()).await.unwrap();
        assert_eq!(
            ends.iter().map(|end| (end.person, end.state)).collect::<Vec<_>>(),
            [(person(2), ResetState::Refused)]
        );
        assert_eq!(causes(&engine.db, start()).await.unwrap(), [("R-POLICY".to_owned(), 1)]);
        let after = start() + LEASE;
        assert!(
            days(&engine.db, after).await.unwrap().is_empty() && spans(&engine.db, after).await.unwrap().is_empty()
        );
        assert!(
            ended(&engine.db, after).await.unwrap().is_empty() && causes(&engine.db, after).await.unwrap().is_empty()
        );
    }
}
