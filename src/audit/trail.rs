//! What the audit holds of one reset, for the desk. Codes only: personal details stay where retention can erase them.

use jiff::Timestamp;

use crate::base::ResetId;
use crate::store::{Db, StoreError, on_db};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
    pub(crate) event: String,
    /// `person`, `staff`, `portal` or `command`.
    pub(crate) actor: String,
    /// The facts, as JSON.
    pub(crate) detail: String,
}

pub(crate) async fn trail(db: &Db, reset: ResetId) -> Result<Vec<Trace>, StoreError> {
    const SQL: &str = "SELECT seq, at, event, actor, detail FROM audit WHERE reset_id = $1 ORDER BY seq LIMIT 500";
    let id = reset.to_string();
    let rows: Vec<(i64, i64, String, String, String)> =
        on_db!(db, |pool| sqlx::query_as(SQL).bind(&id).fetch_all(pool).await)?;
    let read = |(seq, at, event, actor, detail): (i64, i64, String, String, String)| Trace {
        seq,
        at: Timestamp::from_millisecond(at).unwrap_or_default(),
        event,
        actor: actor.split(':').next().unwrap_or_default().to_owned(),
        detail: if detail == "{}" { String::new() } else { detail },
    };
    Ok(rows.into_iter().map(read).collect())
}
