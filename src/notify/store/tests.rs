//! Tests of the table `notices` on SQLite and PostgreSQL.

use super::queue::CLAIM;
use super::*;
use crate::base::Random;
use crate::store::testing::{TestDatabase, engines, tenant};

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn after(span: SignedDuration) -> Timestamp {
    start() + span
}

/// Inserts a reset in this state, with its notice.
async fn add(engine: &TestDatabase, state: &str) -> ResetId {
    const SQL: &str = "INSERT INTO resets (id, reference, tenant, object, upn, name, synced, state, created_at, updated_at, revision, change, open)
        VALUES ($1, $2, $3, $4, 'w@x', 'Wanda', 1, $5, $6, $6, 1, 0, 0)";
    let id = ResetId::new(&Random::system(), start());
    let reference = ReferenceCode::new(&Random::system());
    let (row, object) = (id.to_string(), Random::system().uuid().to_string());
    let mut tx = engine.db.begin().await.unwrap();
    on_tx!(&mut tx, |c| sqlx::query(SQL)
        .bind(&row)
        .bind(reference.as_str())
        .bind(tenant().to_string())
        .bind(&object)
        .bind(state)
        .bind(start().as_millisecond())
        .execute(c)
        .await
        .map(|_| ()))
    .unwrap();
    insert(&mut tx, id, "en", "sealed", start()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn all_due(engine: &TestDatabase, now: Timestamp) -> Vec<DueResetNotice> {
    due(&engine.db, now).await.unwrap()
}

async fn claim_and_mark(engine: &TestDatabase, notice: &DueResetNotice) {
    assert!(claim(&engine.db, &notice.mail, "me", start()).await.unwrap());
    mark(&engine.db, notice, "me", "hash", start()).await.unwrap();
    assert!(mark(&engine.db, notice, "other", "theirs", start()).await.is_err(), "only the claim owner can mark it");
}

#[tokio::test]
async fn only_a_reset_that_changed_something_is_told_and_by_one_replica() {
    for engine in engines().await {
        for state in ["sending", "writing", "refused", "failed"] {
            add(&engine, state).await;
        }
        assert!(all_due(&engine, start()).await.is_empty());
        for state in ["written", "finished", "split", "cloud_only", "unknown"] {
            let id = add(&engine, state).await;
            let found = all_due(&engine, start()).await;
            assert_eq!(found.iter().map(|d| (d.reset, d.state.as_str())).collect::<Vec<_>>(), [(id, state)]);
            assert!(claim(&engine.db, &found[0].mail, "me", start()).await.unwrap());
            assert!(!claim(&engine.db, &found[0].mail, "other", start()).await.unwrap(), "already claimed");
            assert!(all_due(&engine, start()).await.is_empty());
            let mut tx = engine.db.begin().await.unwrap();
            end(&mut tx, &found[0].mail, "me", "sent", start()).await.unwrap();
            tx.commit().await.unwrap();
            assert!(all_due(&engine, after(SignedDuration::from_hours(48))).await.is_empty(), "sent only once");
        }
    }
}

#[tokio::test]
async fn a_notice_that_did_not_leave_comes_again_and_a_lost_claim_ends() {
    for engine in engines().await {
        add(&engine, "written").await;
        let first = all_due(&engine, start()).await.remove(0);
        assert!(claim(&engine.db, &first.mail, "me", start()).await.unwrap());
        keep(&engine.db, &first.mail, "me", "fewer").await.unwrap();
        put_off(&engine.db, &first.mail, "me", after(SignedDuration::from_secs(30))).await.unwrap();
        assert!(all_due(&engine, after(SignedDuration::from_secs(29))).await.is_empty());
        let second = all_due(&engine, after(SignedDuration::from_secs(30))).await.remove(0).mail;
        assert_eq!((second.tries, second.sealed.as_str(), second.first_try_at), (1, "fewer", Some(start())));
        assert!(claim(&engine.db, &second, "dead", second.first_try_at.unwrap()).await.unwrap());
        let third = all_due(&engine, after(CLAIM)).await.remove(0).mail;
        assert!(claim(&engine.db, &third, "me", after(CLAIM)).await.unwrap());
        assert!(keep(&engine.db, &third, "dead", "x").await.is_err(), "the owner of an expired claim cannot write");
        let mut tx = engine.db.begin().await.unwrap();
        assert!(end(&mut tx, &third, "dead", "sent", start()).await.is_err());
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_keeps_nobody_waiting() {
    for engine in engines().await {
        add(&engine, "written").await;
        let earlier = start() - SignedDuration::from_hours(24 * 30);
        assert_eq!(all_due(&engine, earlier).await.len(), 1);
    }
}

#[tokio::test]
async fn a_link_works_for_seven_days_and_counts_once() {
    for engine in engines().await {
        let id = add(&engine, "unknown").await;
        let notice = all_due(&engine, start()).await.remove(0);
        claim_and_mark(&engine, &notice).await;
        let last = after(LINK - SignedDuration::from_millis(1));
        let linked = by_link(&engine.db, "hash", last).await.unwrap().unwrap();
        assert_eq!((linked.reset, linked.person, linked.asked_at), (id, notice.person, start()));
        assert_eq!(by_link(&engine.db, "other", start()).await.unwrap(), None);
        assert_eq!(by_link(&engine.db, "hash", after(LINK)).await.unwrap(), None);
        let mut tx = engine.db.begin().await.unwrap();
        assert!(use_link(&mut tx, "hash", start()).await.unwrap());
        assert!(!use_link(&mut tx, "hash", start()).await.unwrap());
        tx.commit().await.unwrap();
        assert!(by_link(&engine.db, "hash", last).await.unwrap().is_some(), "a used link still works");
    }
}

#[tokio::test]
async fn what_is_over_is_forgotten() {
    for engine in engines().await {
        add(&engine, "written").await;
        let notice = all_due(&engine, start()).await.remove(0);
        claim_and_mark(&engine, &notice).await;
        let mut tx = engine.db.begin().await.unwrap();
        end(&mut tx, &notice.mail, "me", "sent", start()).await.unwrap();
        tx.commit().await.unwrap();
        for state in ["refused", "failed", "writing"] {
            add(&engine, state).await;
        }
        let count = async |now| {
            sweep(&engine.db, now).await.unwrap();
            let row: (i64,) =
                on_db!(&engine.db, |p| sqlx::query_as("SELECT COUNT(*) FROM notices").fetch_one(p).await).unwrap();
            row.0
        };
        assert_eq!(count(start()).await, 3, "a refused reset needs no notice");
        assert_eq!(count(after(FORGOTTEN + SignedDuration::from_secs(1))).await, 1);
        assert_eq!(count(after(LINK)).await, 0, "deleted when its link expires");
    }
}
