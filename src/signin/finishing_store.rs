//! SQL of finishing sign-ins: started by a page, returned by the callback, ended by the reset code.

use jiff::Timestamp;

use crate::base::ResetId;
use crate::store::{Db, StoreError, StoredTime, Tx, exec_db, exec_tx, select_optional, write_db};

/// Finishing sign-in whose person has returned and whose outcome is not known yet.
pub(crate) struct PendingFinishing {
    pub(crate) reset_id: ResetId,
    pub(crate) started_at: Timestamp,
    pub(crate) returned_at: Timestamp,
}

/// Outcome of a finishing sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FinishingOutcome {
    /// Entra reports the password change.
    Used,
    /// Entra reports no password change.
    Unchanged,
}

impl FinishingOutcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Status of a finishing sign-in, for the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FinishingStatus {
    /// No finishing sign-in was started, or the person has not returned.
    NotReturned,
    /// The person has returned, and Entra is being checked.
    Checking,
    /// The person has returned, and Entra reports no password change.
    Unchanged,
    /// The person has returned, and Entra reports the password change.
    Used,
}

/// Inserts the finishing sign-in, or replaces an earlier one and its outcome.
pub(super) async fn insert_finishing(db: &Db, reset: ResetId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO finishings (reset_id, started_at) VALUES ($1, $2)
        ON CONFLICT (reset_id) DO UPDATE SET started_at = $2, returned_at = NULL, look_at = NULL, outcome = NULL";
    exec_db!(db, SQL, reset, StoredTime(now))?;
    Ok(())
}

/// Marks that the person returned, and schedules the first check of the password change.
pub(super) async fn mark_returned(db: &Db, reset: ResetId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE finishings SET returned_at = $2, look_at = $2 WHERE reset_id = $1";
    exec_db!(db, SQL, reset, StoredTime(now))?;
    Ok(())
}

/// Claims due finishing sign-ins, at most 32, and schedules their next check.
pub(crate) async fn claim_due_finishings(
    db: &Db,
    now: Timestamp,
    again: Timestamp,
) -> Result<Vec<PendingFinishing>, StoreError> {
    const SELECT_ANY_DUE: &str =
        "SELECT reset_id FROM finishings WHERE look_at IS NOT NULL AND (look_at <= $1 OR look_at > $2) LIMIT 1";
    const SQL: &str = "UPDATE finishings SET look_at = $2 WHERE reset_id IN
            (SELECT reset_id FROM finishings WHERE look_at IS NOT NULL AND (look_at <= $1 OR look_at > $2) LIMIT 32)
        AND (look_at <= $1 OR look_at > $2) RETURNING reset_id, started_at, COALESCE(returned_at, started_at)";
    let (now, again) = (StoredTime(now), StoredTime(again));
    // Runs five times a second: an update that changes nothing would still occupy SQLite's only writer.
    let any: Option<(ResetId,)> = select_optional!(db, SELECT_ANY_DUE, now, again)?;
    if any.is_none() {
        return Ok(Vec::new());
    }
    let rows: Vec<(ResetId, StoredTime, StoredTime)> =
        write_db!(db, |c| sqlx::query_as(SQL).bind(now).bind(again).fetch_all(c).await)?;
    let read = |(reset_id, started, returned): (ResetId, StoredTime, StoredTime)| PendingFinishing {
        reset_id,
        started_at: started.0,
        returned_at: returned.0,
    };
    Ok(rows.into_iter().map(read).collect())
}

pub(crate) async fn end_finishing(tx: &mut Tx, id: ResetId, outcome: FinishingOutcome) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE finishings SET look_at = NULL, outcome = $2 WHERE reset_id = $1";
    exec_tx!(tx, SQL, id, outcome.as_str())?;
    Ok(())
}

pub(crate) async fn load_finishing_status(db: &Db, id: ResetId) -> Result<FinishingStatus, StoreError> {
    const SQL: &str = "SELECT returned_at, outcome FROM finishings WHERE reset_id = $1";
    let row: Option<(Option<StoredTime>, Option<String>)> = select_optional!(db, SQL, id)?;
    Ok(match row {
        Some((_, Some(outcome))) if outcome == FinishingOutcome::Used.as_str() => FinishingStatus::Used,
        Some((_, Some(_))) => FinishingStatus::Unchanged,
        Some((Some(_), None)) => FinishingStatus::Checking,
        Some((None, None)) | None => FinishingStatus::NotReturned,
    })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::store::testing::{TestDatabase, test_databases, test_tenant};

    /// Inserts the row of `resets` that a finishing sign-in belongs to.
    async fn insert_reset(engine: &TestDatabase) -> ResetId {
        const SQL: &str = "INSERT INTO resets (id, reference, tenant, object, upn, name, synced, state, created_at, updated_at, revision, change, open)
            VALUES ($1, '7KQ4M2ZD', $2, $1, '', '', 1, 'written', 0, 0, 1, 0, 0)";
        let id: ResetId = "01900000-0000-7000-8000-000000000000".parse().unwrap();
        exec_db!(&engine.db, SQL, id, test_tenant()).unwrap();
        id
    }

    #[tokio::test]
    async fn finishing_is_due_from_return_to_outcome() {
        for engine in test_databases().await {
            let (db, id) = (&engine.db, insert_reset(&engine).await);
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            let again = now + SignedDuration::from_secs(2);
            assert_eq!(load_finishing_status(db, id).await.unwrap(), FinishingStatus::NotReturned);
            insert_finishing(db, id, now).await.unwrap();
            assert!(claim_due_finishings(db, now, again).await.unwrap().is_empty(), "the person has not returned");
            mark_returned(db, id, now).await.unwrap();
            assert_eq!(load_finishing_status(db, id).await.unwrap(), FinishingStatus::Checking);
            let due = claim_due_finishings(db, now, again).await.unwrap();
            assert_eq!(
                due.iter().map(|f| (f.reset_id, f.started_at, f.returned_at)).collect::<Vec<_>>(),
                [(id, now, now)]
            );
            assert!(claim_due_finishings(db, now, again).await.unwrap().is_empty(), "claimed");
            for (outcome, status) in [
                (FinishingOutcome::Unchanged, FinishingStatus::Unchanged),
                (FinishingOutcome::Used, FinishingStatus::Used),
            ] {
                let mut tx = db.begin().await.unwrap();
                end_finishing(&mut tx, id, outcome).await.unwrap();
                tx.commit().await.unwrap();
                assert_eq!(load_finishing_status(db, id).await.unwrap(), status);
            }
            assert!(claim_due_finishings(db, again, again).await.unwrap().is_empty(), "ended");
        }
    }
}
