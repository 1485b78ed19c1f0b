//! SQL of reset lists, details and notes for the helpdesk.

use jiff::Timestamp;

use crate::base::{ObjectId, PersonKey, ReferenceCode, ResetId};
use crate::reset::state::ResetState;
use crate::store::{Db, StoreError, StoredTime, Tx, exec_tx, select_all, select_one};

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

/// Number of resets per page of the list. The SQL of [`load_by_person`] repeats the number.
pub(crate) const PAGE_SIZE: usize = 50;

/// Columns `id, reference, name, upn, state, cause, created_at, object`.
pub(super) type ResetSummaryRow =
    (ResetId, ReferenceCode, String, String, ResetState, Option<String>, StoredTime, ObjectId);

impl From<ResetSummaryRow> for ResetSummary {
    fn from((id, reference, name, upn, state, cause, created_at, object): ResetSummaryRow) -> Self {
        Self { id, reference: reference.to_string(), name, upn, state, cause, created_at: created_at.0, object }
    }
}

impl ResetSummary {
    pub(crate) fn cursor(&self) -> ListCursor {
        ListCursor { at: self.created_at, id: self.id }
    }
}

/// Loads the newest resets of a person.
pub(in crate::reset) async fn load_by_person(db: &Db, person: PersonKey) -> Result<Vec<ResetSummary>, StoreError> {
    const SQL: &str = "SELECT id, reference, name, upn, state, cause, created_at, object FROM resets
        WHERE tenant = $1 AND object = $2 ORDER BY created_at DESC, id DESC LIMIT 50";
    let rows: Vec<ResetSummaryRow> = select_all!(db, SQL, person.tenant, person.object)?;
    Ok(rows.into_iter().map(ResetSummary::from).collect())
}

/// Texts of a reset that only the helpdesk sees.
#[derive(sqlx::FromRow)]
pub(in crate::reset) struct ResetTexts {
    pub(in crate::reset) name: String,
    pub(in crate::reset) upn: String,
    /// Graph's own text about the outcome.
    pub(in crate::reset) detail: Option<String>,
}

pub(in crate::reset) async fn load_texts(db: &Db, id: ResetId) -> Result<ResetTexts, StoreError> {
    const SQL: &str = "SELECT name, upn, detail FROM resets WHERE id = $1";
    Ok(select_one!(db, SQL, id)?)
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

type GraphResponseRow = (StoredTime, String, i64, Option<String>, Option<String>);

pub(in crate::reset) async fn load_graph_responses(
    db: &Db,
    id: ResetId,
) -> Result<Vec<GraphResponseRecord>, StoreError> {
    const SQL: &str = "SELECT at, call, status, request_id, detail FROM answers WHERE reset_id = $1 ORDER BY seq";
    let rows: Vec<GraphResponseRow> = select_all!(db, SQL, id)?;
    let read = |(at, call, status, request_id, detail): GraphResponseRow| GraphResponseRecord {
        at: at.0,
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
    let rows: Vec<(StoredTime, String, String)> = select_all!(db, SQL, id)?;
    Ok(rows.into_iter().map(|(at, by, text)| ResetNote { at: at.0, by, text }).collect())
}

/// Insert parameters of a note.
pub(in crate::reset) struct NewNote<'a> {
    pub(in crate::reset) author: PersonKey,
    pub(in crate::reset) author_name: &'a str,
    pub(in crate::reset) text: &'a str,
}

/// Inserts a note. Two concurrent notes get different numbers, or the second insert fails and overwrites nothing.
pub(in crate::reset) async fn insert_note(
    tx: &mut Tx,
    id: ResetId,
    note: &NewNote<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO reset_notes (reset_id, seq, at, by, by_name, text)
        SELECT $1, COALESCE(MAX(seq), 0) + 1, CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT) FROM reset_notes WHERE reset_id = $1";
    exec_tx!(tx, SQL, id, StoredTime(now), note.author.to_string(), note.author_name, note.text)?;
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
    let rows = exec_tx!(tx, SQL, id, StoredTime(now))?;
    Ok(rows == 1)
}
