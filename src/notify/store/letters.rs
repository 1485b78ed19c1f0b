//! SQL of event notices (table `letters`): mail about something other than a reset. Each row is one mail to one
//! recipient and has everything that the mail needs.

use jiff::{SignedDuration, Timestamp};

use super::queue::{FARTHEST, LETTERS, QueuedMail, QueuedMailRow};
use super::{at, bad, later, person};
use crate::base::PersonKey;
use crate::store::{Db, StoreError, Tx, on_db, on_tx, write_db};

/// Time after which a delivered or abandoned notice is deleted.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Event notice that is due.
#[derive(Clone, Debug)]
pub(in crate::notify) struct DueEventNotice {
    pub(in crate::notify) mail: QueuedMail,
    /// Kind of the notice: its name in the message catalogue.
    pub(in crate::notify) kind: String,
    /// Owner of the account that the event is about.
    pub(in crate::notify) person: PersonKey,
    /// Time of the event.
    pub(in crate::notify) at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct EventNoticeRow {
    #[sqlx(flatten)]
    mail: QueuedMailRow,
    kind: String,
    tenant: String,
    object: String,
    at: i64,
}

/// Inserts a notice that is due immediately.
pub(in crate::notify) async fn insert_letter(
    tx: &mut Tx,
    (id, language, sealed): (&str, &str, &str),
    (kind, about, happened): (&str, PersonKey, Timestamp),
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO letters (id, kind, tenant, object, at, language, sealed, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let (tenant, object) = (about.tenant.to_string(), about.object.to_string());
    on_tx!(tx, |c| sqlx::query(SQL)
        .bind(id)
        .bind(kind)
        .bind(&tenant)
        .bind(&object)
        .bind(happened.as_millisecond())
        .bind(language)
        .bind(sealed)
        .bind(now.as_millisecond())
        .execute(c)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Loads due notices that no replica has claimed.
pub(in crate::notify) async fn due_letters(db: &Db, now: Timestamp) -> Result<Vec<DueEventNotice>, StoreError> {
    const SQL: &str = "SELECT id, kind, tenant, object, at, language, sealed, tries, first_try_at, due_at FROM letters
        WHERE due_at IS NOT NULL AND (due_at <= $1 OR due_at > $2) ORDER BY due_at LIMIT 8";
    let (now, far) = (now.as_millisecond(), later(now, FARTHEST));
    let rows: Vec<EventNoticeRow> = on_db!(db, |p| sqlx::query_as(SQL).bind(now).bind(far).fetch_all(p).await)?;
    let one = |row: EventNoticeRow| {
        let person = person(&row.tenant, &row.object).map_err(|_| bad("whose letter"))?;
        Ok(DueEventNotice { mail: row.mail.of(&LETTERS), kind: row.kind, person, at: at(row.at) })
    };
    rows.into_iter().map(one).collect()
}

/// Deletes notices that ended before the retention.
pub(in crate::notify) async fn sweep_letters(db: &Db, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM letters WHERE due_at IS NULL AND ended_at < $1";
    let old = now.saturating_sub(FORGOTTEN).unwrap_or_default().as_millisecond();
    write_db!(db, |pool| sqlx::query(SQL).bind(old).execute(pool).await.map(|_| ()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{claim, end};
    use super::*;
    use crate::store::testing::{engines, tenant};

    #[tokio::test]
    async fn a_letter_is_sent_once_and_forgotten_a_week_later() {
        for engine in engines().await {
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            let after = |span| now + span;
            let about = PersonKey { tenant: tenant(), object: "00000000-0000-4000-8000-000000000001".parse().unwrap() };
            let mut tx = engine.db.begin().await.unwrap();
            insert_letter(&mut tx, ("one", "de", "sealed"), ("pass-made", about, now), now).await.unwrap();
            tx.commit().await.unwrap();
            let due = due_letters(&engine.db, now).await.unwrap().remove(0);
            assert_eq!((due.kind.as_str(), due.person, due.at), ("pass-made", about, now));
            assert_eq!((due.mail.language.as_str(), due.mail.sealed.as_str()), ("de", "sealed"));
            assert!(claim(&engine.db, &due.mail, "me", now).await.unwrap());
            assert!(!claim(&engine.db, &due.mail, "other", now).await.unwrap());
            assert!(due_letters(&engine.db, now).await.unwrap().is_empty());
            let mut tx = engine.db.begin().await.unwrap();
            end(&mut tx, &due.mail, "me", "sent", now).await.unwrap();
            tx.commit().await.unwrap();
            let left = async || {
                let row: (i64, String) =
                    on_db!(&engine.db, |p| sqlx::query_as("SELECT COUNT(*), COALESCE(MAX(sealed), '') FROM letters")
                        .fetch_one(p)
                        .await)
                    .unwrap();
                row
            };
            sweep_letters(&engine.db, after(FORGOTTEN)).await.unwrap();
            assert_eq!(left().await, (1, String::new()), "the addresses are deleted when it ends");
            sweep_letters(&engine.db, after(FORGOTTEN + SignedDuration::from_secs(1))).await.unwrap();
            assert_eq!(left().await.0, 0);
        }
    }
}
