//! SQL of event notices (table `letters`): mail about something other than a reset. Each row is one mail to one
//! recipient and has everything that the mail needs.

use jiff::{SignedDuration, Timestamp};

use super::mail_queue::{EVENT_NOTICES, MAX_DUE_AHEAD, QueuedMail, QueuedMailRow};
use crate::base::{ObjectId, PersonKey, TenantId, TimestampExt as _};
use crate::store::{Db, StoreError, StoredTime, Tx, exec_db, exec_tx, select_all};

/// Time after which a delivered or abandoned notice is deleted.
const EVENT_NOTICE_RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Event notice that is due.
#[derive(Clone, Debug)]
pub(in crate::notify) struct DueEventNotice {
    pub(in crate::notify) mail: QueuedMail,
    /// Kind of the notice: its name in the message catalogue.
    pub(in crate::notify) kind: String,
    /// Owner of the account that the event is about.
    pub(in crate::notify) person: PersonKey,
    /// Time of the event.
    pub(in crate::notify) occurred_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct EventNoticeRow {
    #[sqlx(flatten)]
    mail: QueuedMailRow,
    kind: String,
    tenant: TenantId,
    object: ObjectId,
    at: StoredTime,
}

/// Event notice to store.
#[derive(Clone, Copy, Debug)]
pub(in crate::notify) struct NewEventNotice<'a> {
    pub(in crate::notify) id: &'a str,
    /// Kind of the notice: its name in the message catalogue.
    pub(in crate::notify) kind: &'a str,
    /// Owner of the account that the event is about.
    pub(in crate::notify) person: PersonKey,
    /// Time of the event.
    pub(in crate::notify) occurred_at: Timestamp,
    pub(in crate::notify) language: &'a str,
    /// The recipient.
    pub(in crate::notify) sealed: &'a str,
}

/// Inserts a notice that is due immediately.
pub(in crate::notify) async fn insert_event_notice(
    tx: &mut Tx,
    notice: NewEventNotice<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO letters (id, kind, tenant, object, at, language, sealed, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let NewEventNotice { id, kind, person, occurred_at, language, sealed } = notice;
    let (at, due_at) = (StoredTime(occurred_at), StoredTime(now));
    exec_tx!(tx, SQL, id, kind, person.tenant, person.object, at, language, sealed, due_at)?;
    Ok(())
}

/// Loads due notices that no replica has claimed.
pub(in crate::notify) async fn load_due_event_notices(
    db: &Db,
    now: Timestamp,
) -> Result<Vec<DueEventNotice>, StoreError> {
    const SQL: &str = "SELECT id, kind, tenant, object, at, language, sealed, tries, first_try_at, due_at FROM letters
        WHERE due_at IS NOT NULL AND (due_at <= $1 OR due_at > $2) ORDER BY due_at LIMIT 8";
    let far = StoredTime(now.later(MAX_DUE_AHEAD));
    let rows: Vec<EventNoticeRow> = select_all!(db, SQL, StoredTime(now), far)?;
    let one = |row: EventNoticeRow| DueEventNotice {
        mail: row.mail.into_queued_mail(&EVENT_NOTICES),
        kind: row.kind,
        person: PersonKey { tenant: row.tenant, object: row.object },
        occurred_at: row.at.0,
    };
    Ok(rows.into_iter().map(one).collect())
}

/// Deletes notices that ended before the retention.
pub(in crate::notify) async fn delete_expired_event_notices(db: &Db, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM letters WHERE due_at IS NULL AND ended_at < $1";
    exec_db!(db, SQL, StoredTime(now.earlier(EVENT_NOTICE_RETENTION)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{claim_mail, mark_ended};
    use super::*;
    use crate::store::select_one;
    use crate::store::testing::{test_databases, test_tenant};

    #[tokio::test]
    async fn event_notice_is_sent_once_and_deleted_after_7_days() {
        for engine in test_databases().await {
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            let after = |span| now + span;
            let about =
                PersonKey { tenant: test_tenant(), object: "00000000-0000-4000-8000-000000000001".parse().unwrap() };
            let mut tx = engine.db.begin().await.unwrap();
            let notice = NewEventNotice {
                id: "one",
                kind: "pass-made",
                person: about,
                occurred_at: now,
                language: "de",
                sealed: "sealed",
            };
            insert_event_notice(&mut tx, notice, now).await.unwrap();
            tx.commit().await.unwrap();
            let due = load_due_event_notices(&engine.db, now).await.unwrap().remove(0);
            assert_eq!((due.kind.as_str(), due.person, due.occurred_at), ("pass-made", about, now));
            assert_eq!((due.mail.language.as_str(), due.mail.sealed.as_str()), ("de", "sealed"));
            assert!(claim_mail(&engine.db, &due.mail, "me", now).await.unwrap());
            assert!(!claim_mail(&engine.db, &due.mail, "other", now).await.unwrap());
            assert!(load_due_event_notices(&engine.db, now).await.unwrap().is_empty());
            let mut tx = engine.db.begin().await.unwrap();
            mark_ended(&mut tx, &due.mail, "me", "sent", now).await.unwrap();
            tx.commit().await.unwrap();
            let left = || async {
                let row: (i64, String) =
                    select_one!(&engine.db, "SELECT COUNT(*), COALESCE(MAX(sealed), '') FROM letters").unwrap();
                row
            };
            delete_expired_event_notices(&engine.db, after(EVENT_NOTICE_RETENTION)).await.unwrap();
            assert_eq!(left().await, (1, String::new()), "the addresses are deleted when it ends");
            delete_expired_event_notices(&engine.db, after(EVENT_NOTICE_RETENTION + SignedDuration::from_secs(1)))
                .await
                .unwrap();
            assert_eq!(left().await.0, 0);
        }
    }
}
