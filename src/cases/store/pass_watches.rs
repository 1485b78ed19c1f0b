//! Monitored Temporary Access Passes: their use, and the sign-in methods that were registered after them.

use jiff::Timestamp;

use crate::base::{CaseId, ObjectId, PersonKey, TenantId};
use crate::store::{Db, StoreError, StoredTime, Tx, exec_tx, select_all};

/// A monitored pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PassWatch {
    pub(crate) execution_id: String,
    pub(crate) case: CaseId,
    pub(crate) person: PersonKey,
    /// Microsoft's id of the pass.
    pub(crate) pass_id: String,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) used_at: Option<Timestamp>,
    /// Newest registration of a sign-in method that was reported.
    pub(crate) method_registered_at: Option<Timestamp>,
    /// Recipients of the notifications, sealed.
    pub(crate) sealed_audience: String,
}

#[derive(sqlx::FromRow)]
struct PassWatchRow {
    action_id: String,
    case_id: CaseId,
    tenant: TenantId,
    object: ObjectId,
    pass_id: String,
    made_at: StoredTime,
    ends_at: StoredTime,
    used_at: Option<StoredTime>,
    method_at: Option<StoredTime>,
    sealed: String,
}

impl From<PassWatchRow> for PassWatch {
    fn from(row: PassWatchRow) -> Self {
        Self {
            execution_id: row.action_id,
            case: row.case_id,
            person: PersonKey { tenant: row.tenant, object: row.object },
            pass_id: row.pass_id,
            created_at: row.made_at.0,
            expires_at: row.ends_at.0,
            used_at: row.used_at.map(|at| at.0),
            method_registered_at: row.method_at.map(|at| at.0),
            sealed_audience: row.sealed,
        }
    }
}

pub(crate) async fn insert_watch(tx: &mut Tx, watch: &PassWatch) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO pass_watches (action_id, case_id, tenant, object, pass_id, made_at, ends_at, sealed)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    exec_tx!(
        tx,
        SQL,
        &watch.execution_id,
        watch.case,
        watch.person.tenant,
        watch.person.object,
        &watch.pass_id,
        StoredTime(watch.created_at),
        StoredTime(watch.expires_at),
        &watch.sealed_audience
    )?;
    Ok(())
}

/// Loads the passes that were created since a time.
pub(crate) async fn load_watches(db: &Db, since: Timestamp) -> Result<Vec<PassWatch>, StoreError> {
    const SQL: &str = "SELECT action_id, case_id, tenant, object, pass_id, made_at, ends_at, used_at, method_at, sealed
        FROM pass_watches WHERE made_at > $1 ORDER BY made_at LIMIT 500";
    let rows: Vec<PassWatchRow> = select_all!(db, SQL, StoredTime(since))?;
    Ok(rows.into_iter().map(PassWatch::from).collect())
}

/// Loads the passes that must be deleted at Microsoft and are not yet.
pub(crate) async fn load_withdrawals(db: &Db) -> Result<Vec<PassWatch>, StoreError> {
    const SQL: &str = "SELECT action_id, case_id, tenant, object, pass_id, made_at, ends_at, used_at, method_at, sealed
        FROM pass_watches WHERE withdraw_at IS NOT NULL AND withdrawn_at IS NULL ORDER BY withdraw_at LIMIT 100";
    let rows: Vec<PassWatchRow> = select_all!(db, SQL)?;
    Ok(rows.into_iter().map(PassWatch::from).collect())
}

/// Marks a pass as used. Returns false if it is already marked.
pub(crate) async fn mark_used(tx: &mut Tx, action: &str, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE pass_watches SET used_at = $2 WHERE action_id = $1 AND used_at IS NULL";
    Ok(exec_tx!(tx, SQL, action, StoredTime(at))? == 1)
}

/// Marks the time of a newly registered sign-in method. Returns false if another replica has reported it.
pub(crate) async fn mark_method_registered(
    tx: &mut Tx,
    action: &str,
    before: Option<Timestamp>,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE pass_watches SET method_at = $3 WHERE action_id = $1 AND COALESCE(method_at, -1) = $2";
    let before = before.map_or(-1, Timestamp::as_millisecond);
    Ok(exec_tx!(tx, SQL, action, before, StoredTime(at))? == 1)
}
