//! Stores reset grants: permission from the helpdesk for a verified person to reset once before the grant expires.
//!
//! A grant is consumed in the transaction that stores the reset intent, so two tabs or two replicas cannot use one
//! twice.

use jiff::Timestamp;

use crate::audit::StoredRecord;
use crate::base::{PersonKey, ResetId};
use crate::store::{Db, StoreError, Tx, exec_tx, select_all, select_optional};

/// Inserts a grant for one reset. Each grant belongs to a helpdesk action, which the table requires.
pub(crate) async fn insert_reset_grant(
    tx: &mut Tx,
    action: &str,
    person: PersonKey,
    until: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO grants (action_id, tenant, object, until) VALUES ($1, $2, $3, $4)";
    let (tenant, object, until) = (person.tenant.to_string(), person.object.to_string(), until.as_millisecond());
    exec_tx!(tx, SQL, action, &tenant, &object, until)?;
    Ok(())
}

/// Ends the person's unused grants now. Returns their number.
pub(crate) async fn cancel_reset_grants(tx: &mut Tx, person: PersonKey, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str =
        "UPDATE grants SET until = $3 WHERE tenant = $1 AND object = $2 AND until > $3 AND reset_id IS NULL";
    let (tenant, object, now) = (person.tenant.to_string(), person.object.to_string(), now.as_millisecond());
    Ok(exec_tx!(tx, SQL, &tenant, &object, now)?)
}

/// Returns whether the person has an unused grant that has not expired.
pub(super) async fn has_reset_grant(db: &Db, person: PersonKey, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "SELECT until FROM grants WHERE tenant = $1 AND object = $2 AND until > $3 AND reset_id IS NULL LIMIT 1";
    let (tenant, object, now) = (person.tenant.to_string(), person.object.to_string(), now.as_millisecond());
    let row: Option<(i64,)> = select_optional!(db, SQL, &tenant, &object, now)?;
    Ok(row.is_some())
}

/// Consumes the grant that expires first for this reset. Returns false if there is none.
pub(super) async fn consume_reset_grant(
    tx: &mut Tx,
    person: PersonKey,
    reset: ResetId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE grants SET reset_id = $3 WHERE reset_id IS NULL AND action_id = (SELECT action_id FROM grants
        WHERE tenant = $1 AND object = $2 AND until > $4 AND reset_id IS NULL ORDER BY until LIMIT 1)";
    let (tenant, object, reset) = (person.tenant.to_string(), person.object.to_string(), reset.to_string());
    let now = now.as_millisecond();
    let rows = exec_tx!(tx, SQL, &tenant, &object, &reset, now)?;
    Ok(rows == 1)
}

/// Loads the used grants, each by the reset that used it, for the reconciliation with the audit log.
pub(crate) async fn load_grant_uses(db: &Db) -> Result<Vec<StoredRecord>, StoreError> {
    const SQL: &str = "SELECT reset_id, '', tenant || '/' || object, until FROM grants WHERE reset_id IS NOT NULL";
    let rows: Vec<(String, String, String, i64)> = select_all!(db, SQL)?;
    Ok(rows.into_iter().map(StoredRecord::from).collect())
}
