//! SQL of reset notices (table `notices`).

use jiff::{SignedDuration, Timestamp};

use super::mail_queue::{MAX_DUE_AHEAD, QueuedMail, QueuedMailRow, RESET_NOTICES};
use crate::base::{ObjectId, PersonKey, ReferenceCode, ResetId, TenantId, TimestampExt as _};
use crate::store::{Db, StoreError, StoredTime, Tx, exec_db, exec_tx, one_row, select_all, select_optional};

/// Time for which a "this was not me" link works.
pub(super) const LINK_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Age of a reset after which its unsent notice is deleted.
pub(super) const UNSENT_NOTICE_RETENTION: SignedDuration = SignedDuration::from_hours(72);

/// Notice that is due, with its reset.
#[derive(Clone, Debug)]
pub(in crate::notify) struct DueResetNotice {
    pub(in crate::notify) mail: QueuedMail,
    pub(in crate::notify) reset: ResetId,
    pub(in crate::notify) reference: ReferenceCode,
    pub(in crate::notify) person: PersonKey,
    pub(in crate::notify) state: String,
    pub(in crate::notify) requested_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct ResetNoticeRow {
    #[sqlx(flatten)]
    mail: QueuedMailRow,
    reference: String,
    tenant: TenantId,
    object: ObjectId,
    state: String,
    created_at: StoredTime,
}

fn invalid_row(problem: &'static str) -> StoreError {
    StoreError::InvalidRow { table: "notices", problem: problem.to_owned() }
}

impl TryFrom<ResetNoticeRow> for DueResetNotice {
    type Error = StoreError;

    fn try_from(row: ResetNoticeRow) -> Result<Self, StoreError> {
        let mail = row.mail.into_queued_mail(&RESET_NOTICES);
        Ok(Self {
            reset: mail.id.parse().map_err(|_| invalid_row("id"))?,
            mail,
            reference: row.reference.parse().map_err(|_| invalid_row("reference"))?,
            person: PersonKey { tenant: row.tenant, object: row.object },
            state: row.state,
            requested_at: row.created_at.0,
        })
    }
}

/// Inserts the notice of a reset.
pub(in crate::notify) async fn insert_reset_notice(
    tx: &mut Tx,
    reset: ResetId,
    language: &str,
    sealed: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO notices (reset_id, language, sealed, due_at) VALUES ($1, $2, $3, $4)";
    exec_tx!(tx, SQL, reset, language, sealed, StoredTime(now))?;
    Ok(())
}

/// Loads due notices of resets that changed the password, or may have. Excludes notices that a replica has claimed.
pub(in crate::notify) async fn load_due_reset_notices(
    db: &Db,
    now: Timestamp,
) -> Result<Vec<DueResetNotice>, StoreError> {
    const SQL: &str =
        "SELECT n.reset_id AS id, r.reference, r.tenant, r.object, r.state, r.created_at, n.language, n.sealed, n.tries,
            n.first_try_at, n.due_at
        FROM notices n JOIN resets r ON r.id = n.reset_id
        WHERE n.due_at IS NOT NULL AND (n.due_at <= $1 OR n.due_at > $2)
            AND r.state IN ('written', 'finished', 'split', 'cloud_only', 'unknown')
        ORDER BY n.due_at LIMIT 8";
    let far = StoredTime(now.later(MAX_DUE_AHEAD));
    let rows: Vec<ResetNoticeRow> = select_all!(db, SQL, StoredTime(now), far)?;
    rows.into_iter().map(DueResetNotice::try_from).collect()
}

/// Stores the reset state that a claimed notice reports, and the hash and expiry of its link.
pub(in crate::notify) async fn mark_sending(
    db: &Db,
    due: &DueResetNotice,
    owner: &str,
    link_hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE notices SET told = $3, link_hash = $4, link_until = COALESCE(link_until, $5)
        WHERE reset_id = $1 AND owner = $2";
    let link_until = StoredTime(now.later(LINK_LIFETIME));
    let rows = exec_db!(db, SQL, &due.mail.id, owner, &due.state, link_hash, link_until)?;
    one_row(rows)
}

/// Reset behind a "this was not me" link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::notify) struct LinkedReset {
    pub(in crate::notify) reset: ResetId,
    pub(in crate::notify) reference: ReferenceCode,
    pub(in crate::notify) person: PersonKey,
    pub(in crate::notify) requested_at: Timestamp,
}

/// Loads the reset behind a link that has not expired.
pub(in crate::notify) async fn load_by_link(
    db: &Db,
    link_hash: &str,
    now: Timestamp,
) -> Result<Option<LinkedReset>, StoreError> {
    const SQL: &str = "SELECT r.id, r.reference, r.tenant, r.object, r.created_at
        FROM notices n JOIN resets r ON r.id = n.reset_id WHERE n.link_hash = $1 AND n.link_until > $2";
    let row: Option<(ResetId, String, TenantId, ObjectId, StoredTime)> =
        select_optional!(db, SQL, link_hash, StoredTime(now))?;
    let Some((id, reference, tenant, object, created_at)) = row else { return Ok(None) };
    Ok(Some(LinkedReset {
        reset: id,
        reference: reference.parse().map_err(|_| invalid_row("reference"))?,
        person: PersonKey { tenant, object },
        requested_at: created_at.0,
    }))
}

/// Marks a link as used. Returns false if it was used before.
pub(in crate::notify) async fn mark_link_used(
    tx: &mut Tx,
    link_hash: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE notices SET link_used_at = $2 WHERE link_hash = $1 AND link_used_at IS NULL";
    let rows = exec_tx!(tx, SQL, link_hash, StoredTime(now))?;
    Ok(rows == 1)
}

/// Deletes notices whose link has expired, and unsent notices that are not needed: the reset was refused, or is too
/// old.
pub(in crate::notify) async fn delete_expired_reset_notices(db: &Db, now: Timestamp) -> Result<(), StoreError> {
    const DELETE_EXPIRED_LINKS: &str = "DELETE FROM notices WHERE due_at IS NULL AND link_until <= $1";
    const DELETE_UNNEEDED: &str = "DELETE FROM notices WHERE due_at IS NOT NULL AND reset_id IN
        (SELECT r.id FROM resets r WHERE r.state = 'refused' OR r.created_at < $1)";
    exec_db!(db, DELETE_EXPIRED_LINKS, StoredTime(now))?;
    exec_db!(db, DELETE_UNNEEDED, StoredTime(now.earlier(UNSENT_NOTICE_RETENTION)))?;
    Ok(())
}
