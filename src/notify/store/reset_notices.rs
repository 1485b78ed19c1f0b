//! SQL of queued mail: reset notices (table `notices`), event notices (table `letters`), and the queue operations of
//! both.

mod letters;
mod mail_queue;

pub(super) use letters::{DueEventNotice, delete_expired_event_notices, insert_event_notice, load_due_event_notices};
pub(super) use mail_queue::{
    EVENT_NOTICES, MailQueue, QueuedMail, RESET_NOTICES, claim_mail, mark_ended, reschedule_mail, update_recipients,
};

use jiff::{SignedDuration, Timestamp};

use crate::base::{PersonKey, ReferenceCode, ResetId, TimestampExt as _};
use crate::store::{Db, StoreError, Tx, exec_db, exec_tx, one_row, select_all, select_optional};
use mail_queue::{MAX_DUE_AHEAD, QueuedMailRow};

/// Time for which a "this was not me" link works.
const LINK_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Age of a reset after which its unsent notice is deleted.
const UNSENT_NOTICE_RETENTION: SignedDuration = SignedDuration::from_hours(72);

fn timestamp_from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

fn millis_after(now: Timestamp, by: SignedDuration) -> i64 {
    now.later(by).as_millisecond()
}

/// Notice that is due, with its reset.
#[derive(Clone, Debug)]
pub(super) struct DueResetNotice {
    pub(super) mail: QueuedMail,
    pub(super) reset: ResetId,
    pub(super) reference: ReferenceCode,
    pub(super) person: PersonKey,
    pub(super) state: String,
    pub(super) requested_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct ResetNoticeRow {
    #[sqlx(flatten)]
    mail: QueuedMailRow,
    reference: String,
    tenant: String,
    object: String,
    state: String,
    created_at: i64,
}

fn bad_row(problem: &'static str) -> StoreError {
    StoreError::InvalidRow { table: "notices", problem: problem.to_owned() }
}

fn parse_person(tenant: &str, object: &str) -> Result<PersonKey, StoreError> {
    let (tenant, object) = (tenant.parse(), object.parse());
    Ok(PersonKey { tenant: tenant.map_err(|_| bad_row("tenant"))?, object: object.map_err(|_| bad_row("object"))? })
}

impl TryFrom<ResetNoticeRow> for DueResetNotice {
    type Error = StoreError;

    fn try_from(row: ResetNoticeRow) -> Result<Self, StoreError> {
        let mail = row.mail.into_queued_mail(&RESET_NOTICES);
        Ok(Self {
            reset: mail.id.parse().map_err(|_| bad_row("id"))?,
            mail,
            reference: row.reference.parse().map_err(|_| bad_row("reference"))?,
            person: parse_person(&row.tenant, &row.object)?,
            state: row.state,
            requested_at: timestamp_from_millis(row.created_at),
        })
    }
}

/// Inserts the notice of a reset.
pub(super) async fn insert_reset_notice(
    tx: &mut Tx,
    reset: ResetId,
    language: &str,
    sealed: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO notices (reset_id, language, sealed, due_at) VALUES ($1, $2, $3, $4)";
    let (id, now) = (reset.to_string(), now.as_millisecond());
    exec_tx!(tx, SQL, &id, language, sealed, now)?;
    Ok(())
}

/// Loads due notices of resets that changed the password, or may have. Excludes notices that a replica has claimed.
pub(super) async fn load_due_reset_notices(db: &Db, now: Timestamp) -> Result<Vec<DueResetNotice>, StoreError> {
    const SQL: &str =
        "SELECT n.reset_id AS id, r.reference, r.tenant, r.object, r.state, r.created_at, n.language, n.sealed, n.tries,
            n.first_try_at, n.due_at
        FROM notices n JOIN resets r ON r.id = n.reset_id
        WHERE n.due_at IS NOT NULL AND (n.due_at <= $1 OR n.due_at > $2)
            AND r.state IN ('written', 'finished', 'split', 'cloud_only', 'unknown')
        ORDER BY n.due_at LIMIT 8";
    let (now, far) = (now.as_millisecond(), millis_after(now, MAX_DUE_AHEAD));
    let rows: Vec<ResetNoticeRow> = select_all!(db, SQL, now, far)?;
    rows.into_iter().map(DueResetNotice::try_from).collect()
}

/// Stores the reset state that a claimed notice reports, and the hash and expiry of its link.
pub(super) async fn mark_sending(
    db: &Db,
    due: &DueResetNotice,
    owner: &str,
    link_hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE notices SET told = $3, link_hash = $4, link_until = COALESCE(link_until, $5)
        WHERE reset_id = $1 AND owner = $2";
    let link_until = millis_after(now, LINK_LIFETIME);
    let rows = exec_db!(db, SQL, &due.mail.id, owner, &due.state, link_hash, link_until)?;
    one_row(rows)
}

/// Reset behind a "this was not me" link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LinkedReset {
    pub(super) reset: ResetId,
    pub(super) reference: ReferenceCode,
    pub(super) person: PersonKey,
    pub(super) requested_at: Timestamp,
}

/// Loads the reset behind a link that has not expired.
pub(super) async fn load_by_link(db: &Db, link_hash: &str, now: Timestamp) -> Result<Option<LinkedReset>, StoreError> {
    const SQL: &str = "SELECT r.id, r.reference, r.tenant, r.object, r.created_at
        FROM notices n JOIN resets r ON r.id = n.reset_id WHERE n.link_hash = $1 AND n.link_until > $2";
    let now = now.as_millisecond();
    let row: Option<(String, String, String, String, i64)> = select_optional!(db, SQL, link_hash, now)?;
    let Some((id, reference, tenant, object, created_at)) = row else { return Ok(None) };
    Ok(Some(LinkedReset {
        reset: id.parse().map_err(|_| bad_row("id"))?,
        reference: reference.parse().map_err(|_| bad_row("reference"))?,
        person: parse_person(&tenant, &object)?,
        requested_at: timestamp_from_millis(created_at),
    }))
}

/// Marks a link as used. Returns false if it was used before.
pub(super) async fn mark_link_used(tx: &mut Tx, link_hash: &str, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE notices SET link_used_at = $2 WHERE link_hash = $1 AND link_used_at IS NULL";
    let now = now.as_millisecond();
    let rows = exec_tx!(tx, SQL, link_hash, now)?;
    Ok(rows == 1)
}

/// Deletes notices whose link has expired, and unsent notices that are not needed: the reset was refused, or is too
/// old.
pub(super) async fn delete_expired_reset_notices(db: &Db, now: Timestamp) -> Result<(), StoreError> {
    const DELETE_EXPIRED_LINKS: &str = "DELETE FROM notices WHERE due_at IS NULL AND link_until <= $1";
    const DELETE_UNNEEDED: &str = "DELETE FROM notices WHERE due_at IS NOT NULL AND reset_id IN
        (SELECT r.id FROM resets r WHERE r.state = 'refused' OR r.created_at < $1)";
    let old = now.earlier(UNSENT_NOTICE_RETENTION).as_millisecond();
    let now = now.as_millisecond();
    exec_db!(db, DELETE_EXPIRED_LINKS, now)?;
    exec_db!(db, DELETE_UNNEEDED, old)?;
    Ok(())
}

#[cfg(test)]
mod tests;
