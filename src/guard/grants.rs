//! Grants: the desk verified somebody and lets them reset, once, within a day. Used up in the transaction of the intent
//! that uses it, so that two tabs or two replicas cannot use one twice.

use jiff::Timestamp;

use crate::base::{PersonKey, ResetId};
use crate::store::{Db, StoreError, Tx, on_db, on_tx};

/// Lets a person reset once, from an action of the desk: the table takes no grant without one.
pub(crate) async fn grant(tx: &mut Tx, action: &str, person: PersonKey, until: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO grants (action_id, tenant, object, until) VALUES ($1, $2, $3, $4)";
    let (tenant, object, until) = (person.tenant.to_string(), person.object.to_string(), until.as_millisecond());
    on_tx!(tx, |c| sqlx::query(SQL).bind(action).bind(&tenant).bind(&object).bind(until).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Whether a grant waits to be used.
pub(super) async fn has_grant(db: &Db, person: PersonKey, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "SELECT until FROM grants WHERE tenant = $1 AND object = $2 AND until > $3 AND reset_id IS NULL LIMIT 1";
    let (tenant, object, now) = (person.tenant.to_string(), person.object.to_string(), now.as_millisecond());
    let row: Option<(i64,)> =
        on_db!(db, |pool| sqlx::query_as(SQL).bind(&tenant).bind(&object).bind(now).fetch_optional(pool).await)?;
    Ok(row.is_some())
}

/// Uses one up for this reset. False: there is none.
pub(super) async fn use_up(tx: &mut Tx, person: PersonKey, reset: ResetId, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE grants SET reset_id = $3 WHERE reset_id IS NULL AND action_id = (SELECT action_id FROM grants
        WHERE tenant = $1 AND object = $2 AND until > $4 AND reset_id IS NULL ORDER BY until LIMIT 1)";
    let (tenant, object, reset) = (person.tenant.to_string(), person.object.to_string(), reset.to_string());
    let now = now.as_millisecond();
    let rows = on_tx!(tx, |c| sqlx::query(SQL)
        .bind(&tenant)
        .bind(&object)
        .bind(&reset)
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}
