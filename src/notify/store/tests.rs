//! Tests of the table `notices` on SQLite and PostgreSQL.

use jiff::{SignedDuration, Timestamp};

use super::mail_queue::CLAIM_LIFETIME;
use super::reset_notices::{LINK_LIFETIME, UNSENT_NOTICE_RETENTION};
use super::*;
use crate::base::{Random, ReferenceCode, ResetId};
use crate::store::testing::{TestDatabase, test_databases, test_tenant};
use crate::store::{exec_tx, select_one};

fn start_time() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn time_after(span: SignedDuration) -> Timestamp {
    start_time() + span
}

/// Inserts a reset in this state, with its notice.
async fn insert_reset_with_notice(engine: &TestDatabase, state: &str) -> ResetId {
    const SQL: &str = "INSERT INTO resets (id, reference, tenant, object, upn, name, synced, state, created_at, updated_at, revision, change, open)
        VALUES ($1, $2, $3, $4, 'w@x', 'Wanda', 1, $5, $6, $6, 1, 0, 0)";
    let id = ResetId::new(&Random::system(), start_time());
    let reference = ReferenceCode::new(&Random::system());
    let (row, object) = (id.to_string(), Random::system().uuid().to_string());
    let mut tx = engine.db.begin().await.unwrap();
    exec_tx!(
        &mut tx,
        SQL,
        &row,
        reference.as_str(),
        test_tenant().to_string(),
        &object,
        state,
        start_time().as_millisecond()
    )
    .map(|_| ())
    .unwrap();
    insert_reset_notice(&mut tx, id, "en", "sealed", start_time()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn load_due(engine: &TestDatabase, now: Timestamp) -> Vec<DueResetNotice> {
    load_due_reset_notices(&engine.db, now).await.unwrap()
}

async fn claim_and_mark(engine: &TestDatabase, notice: &DueResetNotice) {
    assert!(claim_mail(&engine.db, &notice.mail, "me", start_time()).await.unwrap());
    mark_sending(&engine.db, notice, "me", "hash", start_time()).await.unwrap();
    assert!(
        mark_sending(&engine.db, notice, "other", "theirs", start_time()).await.is_err(),
        "only the claim owner can mark it"
    );
}

#[tokio::test]
async fn only_changed_password_is_due_and_claimed_by_one_replica() {
    for engine in test_databases().await {
        for state in ["sending", "writing", "refused", "failed"] {
            insert_reset_with_notice(&engine, state).await;
        }
        assert!(load_due(&engine, start_time()).await.is_empty());
        for state in ["written", "finished", "split", "cloud_only", "unknown"] {
            let id = insert_reset_with_notice(&engine, state).await;
            let found = load_due(&engine, start_time()).await;
            assert_eq!(found.iter().map(|d| (d.reset, d.state.as_str())).collect::<Vec<_>>(), [(id, state)]);
            assert!(claim_mail(&engine.db, &found[0].mail, "me", start_time()).await.unwrap());
            assert!(!claim_mail(&engine.db, &found[0].mail, "other", start_time()).await.unwrap(), "already claimed");
            assert!(load_due(&engine, start_time()).await.is_empty());
            let mut tx = engine.db.begin().await.unwrap();
            mark_ended(&mut tx, &found[0].mail, "me", "sent", start_time()).await.unwrap();
            tx.commit().await.unwrap();
            assert!(load_due(&engine, time_after(SignedDuration::from_hours(48))).await.is_empty(), "sent only once");
        }
    }
}

#[tokio::test]
async fn failed_notice_is_retried_and_lost_claim_expires() {
    for engine in test_databases().await {
        insert_reset_with_notice(&engine, "written").await;
        let first = load_due(&engine, start_time()).await.remove(0);
        assert!(claim_mail(&engine.db, &first.mail, "me", start_time()).await.unwrap());
        update_recipients(&engine.db, &first.mail, "me", "fewer").await.unwrap();
        reschedule_mail(&engine.db, &first.mail, "me", time_after(SignedDuration::from_secs(30))).await.unwrap();
        assert!(load_due(&engine, time_after(SignedDuration::from_secs(29))).await.is_empty());
        let second = load_due(&engine, time_after(SignedDuration::from_secs(30))).await.remove(0).mail;
        assert_eq!(
            (second.attempts, second.sealed.as_str(), second.first_attempt_at),
            (1, "fewer", Some(start_time()))
        );
        assert!(claim_mail(&engine.db, &second, "dead", second.first_attempt_at.unwrap()).await.unwrap());
        let third = load_due(&engine, time_after(CLAIM_LIFETIME)).await.remove(0).mail;
        assert!(claim_mail(&engine.db, &third, "me", time_after(CLAIM_LIFETIME)).await.unwrap());
        assert!(
            update_recipients(&engine.db, &third, "dead", "x").await.is_err(),
            "the owner of an expired claim cannot write"
        );
        let mut tx = engine.db.begin().await.unwrap();
        assert!(mark_ended(&mut tx, &third, "dead", "sent", start_time()).await.is_err());
    }
}

#[tokio::test]
async fn notice_is_due_after_clock_was_set_back() {
    for engine in test_databases().await {
        insert_reset_with_notice(&engine, "written").await;
        let earlier = start_time() - SignedDuration::from_hours(24 * 30);
        assert_eq!(load_due(&engine, earlier).await.len(), 1);
    }
}

#[tokio::test]
async fn not_me_link_works_for_7_days_and_is_used_once() {
    for engine in test_databases().await {
        let id = insert_reset_with_notice(&engine, "unknown").await;
        let notice = load_due(&engine, start_time()).await.remove(0);
        claim_and_mark(&engine, &notice).await;
        let last = time_after(LINK_LIFETIME - SignedDuration::from_millis(1));
        let linked = load_by_link(&engine.db, "hash", last).await.unwrap().unwrap();
        assert_eq!((linked.reset, linked.person, linked.requested_at), (id, notice.person, start_time()));
        assert_eq!(load_by_link(&engine.db, "other", start_time()).await.unwrap(), None);
        assert_eq!(load_by_link(&engine.db, "hash", time_after(LINK_LIFETIME)).await.unwrap(), None);
        let mut tx = engine.db.begin().await.unwrap();
        assert!(mark_link_used(&mut tx, "hash", start_time()).await.unwrap());
        assert!(!mark_link_used(&mut tx, "hash", start_time()).await.unwrap());
        tx.commit().await.unwrap();
        assert!(load_by_link(&engine.db, "hash", last).await.unwrap().is_some(), "a used link still works");
    }
}

#[tokio::test]
async fn expired_and_unneeded_notices_are_deleted() {
    for engine in test_databases().await {
        insert_reset_with_notice(&engine, "written").await;
        let notice = load_due(&engine, start_time()).await.remove(0);
        claim_and_mark(&engine, &notice).await;
        let mut tx = engine.db.begin().await.unwrap();
        mark_ended(&mut tx, &notice.mail, "me", "sent", start_time()).await.unwrap();
        tx.commit().await.unwrap();
        for state in ["refused", "failed", "writing"] {
            insert_reset_with_notice(&engine, state).await;
        }
        let count = async |now| {
            delete_expired_reset_notices(&engine.db, now).await.unwrap();
            let row: (i64,) = select_one!(&engine.db, "SELECT COUNT(*) FROM notices").unwrap();
            row.0
        };
        assert_eq!(count(start_time()).await, 3, "a refused reset needs no notice");
        assert_eq!(count(time_after(UNSENT_NOTICE_RETENTION + SignedDuration::from_secs(1))).await, 1);
        assert_eq!(count(time_after(LINK_LIFETIME)).await, 0, "deleted when its link expires");
    }
}
