//! SQL of finishing sign-ins on the reset's side. `signin` writes the rows when one starts and when the person returns.

use jiff::Timestamp;

use super::timestamp_from_millis;
use crate::base::ResetId;
use crate::store::{Db, StoreError, Tx, exec_tx, select_optional, write_db};

/// Finishing sign-in whose person has returned and whose outcome is not known yet.
pub(in crate::reset) struct PendingFinishing {
    pub(in crate::reset) reset_id: ResetId,
    pub(in crate::reset) started_at: Timestamp,
    pub(in crate::reset) returned_at: Timestamp,
}

impl PendingFinishing {
    pub(in crate::reset) const OUTCOME_USED: &'static str = "used";
    pub(in crate::reset) const OUTCOME_UNCHANGED: &'static str = "unchanged";
}

/// Status of a finishing sign-in, for the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::reset) enum FinishingStatus {
    /// No finishing sign-in was started, or the person has not returned.
    NotReturned,
    /// The person has returned, and Entra is being checked.
    Checking,
    /// The person has returned, and Entra reports no password change.
    Unchanged,
    /// The person has returned, and Entra reports the password change.
    Used,
}

/// Claims due finishing sign-ins and schedules their next check.
pub(in crate::reset) async fn claim_due_finishings(
    db: &Db,
    now: Timestamp,
    again: Timestamp,
) -> Result<Vec<PendingFinishing>, StoreError> {
    const SELECT_ANY_DUE: &str =
        "SELECT reset_id FROM finishings WHERE look_at IS NOT NULL AND (look_at <= $1 OR look_at > $2) LIMIT 1";
    const SQL: &str = "UPDATE finishings SET look_at = $2 WHERE reset_id IN
            (SELECT reset_id FROM finishings WHERE look_at IS NOT NULL AND (look_at <= $1 OR look_at > $2) LIMIT 32)
        AND (look_at <= $1 OR look_at > $2) RETURNING reset_id, started_at, COALESCE(returned_at, started_at)";
    let (now, again) = (now.as_millisecond(), again.as_millisecond());
    // Runs five times a second: an update that changes nothing would still occupy SQLite's only writer.
    let any: Option<(String,)> = select_optional!(db, SELECT_ANY_DUE, now, again)?;
    if any.is_none() {
        return Ok(Vec::new());
    }
    let rows: Vec<(String, i64, i64)> =
        write_db!(db, |p| sqlx::query_as(SQL).bind(now).bind(again).fetch_all(p).await)?;
    let read = rows.into_iter();
    Ok(read
        .filter_map(|(id, start, back)| {
            Some(PendingFinishing {
                reset_id: id.parse().ok()?,
                started_at: timestamp_from_millis(start),
                returned_at: timestamp_from_millis(back),
            })
        })
        .collect())
}

pub(in crate::reset) async fn end_finishing(tx: &mut Tx, id: ResetId, outcome: &str) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE finishings SET look_at = NULL, outcome = $2 WHERE reset_id = $1";
    let id = id.to_string();
    exec_tx!(tx, SQL, &id, outcome)?;
    Ok(())
}

pub(in crate::reset) async fn load_finishing_status(db: &Db, id: ResetId) -> Result<FinishingStatus, StoreError> {
    const SQL: &str = "SELECT returned_at, outcome FROM finishings WHERE reset_id = $1";
    let id = id.to_string();
    let row: Option<(Option<i64>, Option<String>)> = select_optional!(db, SQL, &id)?;
    Ok(match row {
        Some((_, Some(outcome))) if outcome == PendingFinishing::OUTCOME_USED => FinishingStatus::Used,
        Some((_, Some(_))) => FinishingStatus::Unchanged,
        Some((Some(_), None)) => FinishingStatus::Checking,
        Some((None, None)) | None => FinishingStatus::NotReturned,
    })
}
