//! SQL of reset lists, details and notes for the helpdesk.

use jiff::Timestamp;

use super::timestamp_from_millis;
use crate::base::{ObjectId, PersonKey, ResetId};
use crate::reset::state::ResetState;
use crate::store::{Db, StoreError, Tx, exec_tx, select_all, select_one};

/// Position in the reset list. The id is part of it because several resets may start in the same millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListCursor {
    pub(crate) at: Timestamp,
    pub(crate) id: ResetId,
}

/// Reset in the helpdesk's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResetSummary {
    pub(crate) id: ResetId,
    pub(crate) reference: String,
    pub(crate) name: String,
    pub(crate) upn: String,
    pub(crate) state: ResetState,
    pub(crate) cause: Option<String>,
    pub(crate) created_at: Timestamp,
    /// Object id of the person.
    pub(crate) object: ObjectId,
}

/// Number of resets per page of the list.
pub(crate) const PAGE_SIZE: usize = 50;

pub(super) type ResetSummaryRow = (String, String, String, String, String, Option<String>, i64, String);

impl ResetSummary {
    pub(crate) fn cursor(&self) -> ListCursor {
        ListCursor { at: self.created_at, id: self.id }
    }
}

/// Loads the newest resets of a person.
pub(in crate::reset) async fn load_by_person(db: &Db, person: PersonKey) -> Result<Vec<ResetSummary>, StoreError> {
    const SQL: &str = "SELECT id, reference, name, upn, state, cause, created_at, object FROM resets
        WHERE tenant = $1 AND object = $2 ORDER BY created_at DESC, id DESC LIMIT 50";
    let (tenant, object) = (person.tenant.to_string(), person.object.to_string());
    let rows: Vec<ResetSummaryRow> = select_all!(db, SQL, &tenant, &object)?;
    rows.into_iter().map(summary_from_row).collect()
}

pub(super) fn summary_from_row(
    (id, reference, name, upn, state, cause, created_at, object): ResetSummaryRow,
) -> Result<ResetSummary, StoreError> {
    let bad = |what: &str| StoreError::InvalidRow { table: "resets", problem: format!("{what} of {reference}") };
    let state = ResetState::from_name(&state).ok_or_else(|| bad("state"))?;
    let id = id.parse().map_err(|_| bad("id"))?;
    let object = object.parse().map_err(|_| bad("object"))?;
    let reference = match reference.split_at_checked(4) {
        Some((head, tail)) => format!("{head}-{tail}"),
        None => reference,
    };
    Ok(ResetSummary { id, reference, name, upn, state, cause, created_at: timestamp_from_millis(created_at), object })
}

/// Loads name, UPN and Graph's own text about the outcome.
pub(in crate::reset) async fn load_name_and_detail(
    db: &Db,
    id: ResetId,
) -> Result<(String, String, Option<String>), StoreError> {
    const SQL: &str = "SELECT name, upn, detail FROM resets WHERE id = $1";
    let id = id.to_string();
    Ok(select_one!(db, SQL, &id)?)
}

/// One stored response of Graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GraphResponseRecord {
    pub(crate) at: Timestamp,
    pub(crate) call: String,
    pub(crate) status: i64,
    pub(crate) request_id: Option<String>,
    pub(crate) detail: Option<String>,
}

type GraphResponseRow = (i64, String, i64, Option<String>, Option<String>);

pub(in crate::reset) async fn load_graph_responses(
    db: &Db,
    id: ResetId,
) -> Result<Vec<GraphResponseRecord>, StoreError> {
    const SQL: &str = "SELECT at, call, status, request_id, detail FROM answers WHERE reset_id = $1 ORDER BY seq";
    let id = id.to_string();
    let rows: Vec<GraphResponseRow> = select_all!(db, SQL, &id)?;
    let read = |(when, call, status, request_id, detail): GraphResponseRow| GraphResponseRecord {
        at: timestamp_from_millis(when),
        call,
        status,
        request_id,
        detail,
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Helpdesk note about a reset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResetNote {
    pub(crate) at: Timestamp,
    pub(crate) by: String,
    pub(crate) text: String,
}

pub(in crate::reset) async fn load_notes(db: &Db, id: ResetId) -> Result<Vec<ResetNote>, StoreError> {
    const SQL: &str = "SELECT at, by_name, text FROM reset_notes WHERE reset_id = $1 ORDER BY seq";
    let id = id.to_string();
    let rows: Vec<(i64, String, String)> = select_all!(db, SQL, &id)?;
    Ok(rows.into_iter().map(|(when, by, text)| ResetNote { at: timestamp_from_millis(when), by, text }).collect())
}

/// Inserts a note. Two concurrent notes get different numbers, or the second insert fails and overwrites nothing.
pub(in crate::reset) async fn insert_note(
    tx: &mut Tx,
    id: ResetId,
    by: (PersonKey, &str),
    text: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO reset_notes (reset_id, seq, at, by, by_name, text)
        SELECT $1, COALESCE(MAX(seq), 0) + 1, CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT) FROM reset_notes WHERE reset_id = $1";
    let (id, key, now) = (id.to_string(), by.0.to_string(), now.as_millisecond());
    exec_tx!(tx, SQL, &id, now, &key, by.1, text)?;
    Ok(())
}

/// Makes the next poll and evidence check due now. Returns `false` if none is scheduled.
pub(in crate::reset) async fn schedule_checks_now(
    tx: &mut Tx,
    id: ResetId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE resets SET next_poll_at = CASE WHEN next_poll_at IS NULL THEN NULL ELSE $2 END,
            next_look_at = CASE WHEN next_look_at IS NULL THEN NULL ELSE $2 END
        WHERE id = $1 AND (next_poll_at IS NOT NULL OR next_look_at IS NOT NULL)";
    let (id, now) = (id.to_string(), now.as_millisecond());
    let rows = exec_tx!(tx, SQL, &id, now)?;
    Ok(rows == 1)
}
