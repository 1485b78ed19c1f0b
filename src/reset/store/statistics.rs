//! SQL of the reset statistics for the insights, the status page and the metrics. Every query over a period uses the
//! index on `created_at`.

use jiff::{SignedDuration, Timestamp};

use crate::base::{ObjectId, PersonKey, TenantId};
use crate::reset::record::EvidenceCheckpoint;
use crate::reset::state::ResetState;
use crate::store::{Db, LenientColumn, StoreError, StoredTime, select_all, select_one};

/// Counts resets by day (since 1970-01-01, UTC) and state.
pub(in crate::reset) async fn count_by_day(
    db: &Db,
    since: Timestamp,
) -> Result<Vec<(i64, ResetState, i64)>, StoreError> {
    const SQL: &str = "SELECT created_at / 86400000, state, COUNT(*) FROM resets WHERE created_at >= $1 AND canary IS NULL GROUP BY 1, 2";
    let rows: Vec<(i64, String, i64)> = select_all!(db, SQL, StoredTime(since))?;
    Ok(rows.into_iter().filter_map(|(day, state, count)| Some((day, ResetState::from_name(&state)?, count))).collect())
}

/// Loads day, checkpoint and milliseconds since the password was sent, of the newest 20,000 resets.
pub(in crate::reset) async fn load_checkpoint_latencies(
    db: &Db,
    since: Timestamp,
) -> Result<Vec<(i64, EvidenceCheckpoint, i64)>, StoreError> {
    const SQL: &str = "SELECT r.created_at / 86400000, e.rung, e.at - r.dispatched_at
        FROM (SELECT id, created_at, dispatched_at FROM resets WHERE created_at >= $1 AND dispatched_at IS NOT NULL AND canary IS NULL
            ORDER BY created_at DESC LIMIT 20000) AS r
        CROSS JOIN evidence e WHERE e.reset_id = r.id AND e.rung IN ('written', 'carried', 'landed', 'works')";
    let rows: Vec<(i64, String, i64)> = select_all!(db, SQL, StoredTime(since))?;
    // Microsoft's times have whole seconds and come from another clock, so a difference can be negative.
    let read =
        |(day, rung, millis): (i64, String, i64)| Some((day, EvidenceCheckpoint::from_name(&rung)?, millis.max(0)));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Counts resets by cause code, most frequent first.
pub(in crate::reset) async fn count_by_cause(db: &Db, since: Timestamp) -> Result<Vec<(String, i64)>, StoreError> {
    const SQL: &str = "SELECT cause, COUNT(*) FROM resets WHERE created_at >= $1 AND cause IS NOT NULL AND canary IS NULL GROUP BY cause ORDER BY 2 DESC, 1";
    Ok(select_all!(db, SQL, StoredTime(since))?)
}

/// Reset that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndedReset {
    pub(crate) ended_at: Timestamp,
    pub(crate) person: PersonKey,
    pub(crate) state: ResetState,
    pub(crate) cause: Option<String>,
}

/// Loads the newest 10,000 resets that started at a time or later and have ended.
pub(in crate::reset) async fn load_ended(db: &Db, since: Timestamp) -> Result<Vec<EndedReset>, StoreError> {
    const SQL: &str = "SELECT tenant, object, state, cause, COALESCE(settled_at, updated_at) FROM resets
        WHERE created_at >= $1 AND open = 0 AND canary IS NULL ORDER BY created_at DESC LIMIT 10000";
    type EndedResetRow = (LenientColumn<TenantId>, LenientColumn<ObjectId>, String, Option<String>, StoredTime);
    let rows: Vec<EndedResetRow> = select_all!(db, SQL, StoredTime(since))?;
    let read = |(tenant, object, state, cause, ended_at): EndedResetRow| {
        let (person, state) = (PersonKey { tenant: tenant.0?, object: object.0? }, ResetState::from_name(&state)?);
        Some(EndedReset { ended_at: ended_at.0, person, state, cause })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Loads the median time from the 202 response to *written* of the newest 50 resets.
pub(in crate::reset) async fn load_typical_duration(db: &Db) -> Result<Option<SignedDuration>, StoreError> {
    const SQL: &str = "SELECT settled_at - accepted_at FROM resets
        WHERE state IN ('written', 'finished') AND accepted_at IS NOT NULL AND settled_at IS NOT NULL AND canary IS NULL ORDER BY created_at DESC LIMIT 50";
    let mut spans: Vec<(i64,)> = select_all!(db, SQL)?;
    spans.sort_unstable();
    Ok(spans.get(spans.len() / 2).map(|(millis,)| SignedDuration::from_millis(*millis)))
}

/// Numbers of unfinished resets on all replicas, for the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResetGauges {
    pub(crate) sending: i64,
    /// Resets that are being sent and wait in the throttle queue.
    pub(crate) queued: i64,
    pub(crate) writing: i64,
}

pub(in crate::reset) async fn load_gauges(db: &Db) -> Result<ResetGauges, StoreError> {
    const SQL: &str = "SELECT COUNT(CASE WHEN state = 'sending' THEN 1 END), COUNT(CASE WHEN state = 'sending' AND line_since IS NOT NULL THEN 1 END),
        COUNT(CASE WHEN state = 'writing' THEN 1 END) FROM resets WHERE open = 1";
    let (sending, queued, writing) = select_one!(db, SQL)?;
    Ok(ResetGauges { sending, queued, writing })
}
