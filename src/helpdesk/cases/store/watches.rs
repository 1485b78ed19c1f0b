//! Monitored Temporary Access Passes: their use, and the sign-in methods that were registered after them.

use jiff::Timestamp;

use super::{parse_column, timestamp_from_millis};
use crate::base::{CaseId, PersonKey};
use crate::store::{Db, StoreError, Tx, exec_tx, select_all};

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
    case_id: String,
    tenant: String,
    object: String,
    pass_id: String,
    made_at: i64,
    ends_at: i64,
    used_at: Option<i64>,
    method_at: Option<i64>,
    sealed: String,
}

impl TryFrom<PassWatchRow> for PassWatch {
    type Error = StoreError;

    fn try_from(row: PassWatchRow) -> Result<Self, StoreError> {
        Ok(Self {
            execution_id: row.action_id,
            case: parse_column(&row.case_id, "case_id")?,
            person: PersonKey {
                tenant: parse_column(&row.tenant, "tenant")?,
                object: parse_column(&row.object, "object")?,
            },
            pass_id: row.pass_id,
            created_at: timestamp_from_millis(row.made_at),
            expires_at: timestamp_from_millis(row.ends_at),
            used_at: row.used_at.map(timestamp_from_millis),
            method_registered_at: row.method_at.map(timestamp_from_millis),
            sealed_audience: row.sealed,
        })
    }
}

pub(crate) async fn insert_watch(tx: &mut Tx, watch: &PassWatch) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO pass_watches (action_id, case_id, tenant, object, pass_id, made_at, ends_at, sealed)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let (case, tenant, object) =
        (watch.case.to_string(), watch.person.tenant.to_string(), watch.person.object.to_string());
    exec_tx!(
        tx,
        SQL,
        &watch.execution_id,
        &case,
        &tenant,
        &object,
        &watch.pass_id,
        watch.created_at.as_millisecond(),
        watch.expires_at.as_millisecond(),
        &watch.sealed_audience
    )?;
    Ok(())
}

/// Loads the passes that were created since a time.
pub(crate) async fn load_watches(db: &Db, since: Timestamp) -> Result<Vec<PassWatch>, StoreError> {
    const SQL: &str = "SELECT action_id, case_id, tenant, object, pass_id, made_at, ends_at, used_at, method_at, sealed
        FROM pass_watches WHERE made_at > $1 ORDER BY made_at LIMIT 500";
    let since = since.as_millisecond();
    let rows: Vec<PassWatchRow> = select_all!(db, SQL, since)?;
    rows.into_iter().map(PassWatch::try_from).collect()
}

/// Marks a pass as used. Returns false if it is already marked.
pub(crate) async fn mark_used(tx: &mut Tx, action: &str, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE pass_watches SET used_at = $2 WHERE action_id = $1 AND used_at IS NULL";
    let at = at.as_millisecond();
    let rows = exec_tx!(tx, SQL, action, at)?;
    Ok(rows == 1)
}

/// Marks the time of a newly registered sign-in method. Returns false if another replica has reported it.
pub(crate) async fn mark_method_registered(
    tx: &mut Tx,
    action: &str,
    before: Option<Timestamp>,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE pass_watches SET method_at = $3 WHERE action_id = $1 AND COALESCE(method_at, -1) = $2";
    let (before, at) = (before.map_or(-1, Timestamp::as_millisecond), at.as_millisecond());
    let rows = exec_tx!(tx, SQL, action, before, at)?;
    Ok(rows == 1)
}
