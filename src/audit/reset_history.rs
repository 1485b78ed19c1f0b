//! Audit history of one reset, for the helpdesk. It holds codes only: personal details stay in the table from which
//! retention can erase them.

use jiff::Timestamp;

use crate::base::ResetId;
use crate::store::{Db, StoreError, select_all};

/// Audit event of a reset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResetHistoryEntry {
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
    pub(crate) event: String,
    /// Kind of actor: `person`, `staff`, `portal` or `command`.
    pub(crate) actor: String,
    /// Details as JSON, empty if there are none.
    pub(crate) detail: String,
}

/// Loads the first 500 audit events of a reset.
pub(crate) async fn load_reset_history(db: &Db, reset: ResetId) -> Result<Vec<ResetHistoryEntry>, StoreError> {
    const SQL: &str = "SELECT seq, at, event, actor, detail FROM audit WHERE reset_id = $1 ORDER BY seq LIMIT 500";
    let id = reset.to_string();
    let rows: Vec<(i64, i64, String, String, String)> = select_all!(db, SQL, &id)?;
    let read = |(seq, at, event, actor, detail): (i64, i64, String, String, String)| ResetHistoryEntry {
        seq,
        at: Timestamp::from_millisecond(at).unwrap_or_default(),
        event,
        actor: actor.split(':').next().unwrap_or_default().to_owned(),
        detail: if detail == "{}" { String::new() } else { detail },
    };
    Ok(rows.into_iter().map(read).collect())
}
