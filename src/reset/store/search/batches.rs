//! SQL of the search: batches of an index, tickets, and resets that are not indexed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sqlx::query::QueryAs;

use super::super::listing::{ListCursor, ResetSummary, ResetSummaryRow};
use super::query::{ResetQuery, SearchCursor};
use crate::base::ResetId;
use crate::reset::search_terms::MAX_LOOKUP_TERMS;
use crate::reset::state::ResetState;
use crate::store::{Db, StoreError, StoredTime, on_db, select_all, select_optional};

/// Number of resets per batch. The SQL below repeats the number: as `LIMIT 200`, and as `OFFSET 199` for the last one.
pub(super) const BATCH_SIZE: usize = 200;
/// Maximum number of resets without index terms that a search compares one by one, newest first.
pub(in crate::reset) const MAX_UNINDEXED: usize = 500;

/// Index that a search scans.
pub(super) enum IndexChoice {
    Terms(Vec<String>),
    State(ResetState),
    Cause(String),
    All,
}

/// SQL for the newest resets of one term. `$1` is the upper bound of the id (exclusive), `$2` the lower bound.
macro_rules! newest_of_term {
    ($value:literal) => {
        concat!(
            "SELECT * FROM (SELECT reset_id FROM search_words WHERE word = $",
            $value,
            " AND reset_id < $1 AND reset_id >= $2 ORDER BY reset_id DESC LIMIT 200) AS w",
            $value
        )
    };
}

/// SQL for the newest resets of several terms, each reset once. It has [`MAX_LOOKUP_TERMS`] slots, and an unused slot
/// has an empty term.
macro_rules! newest_of_terms {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            newest_of_term!(3),
            " UNION ",
            newest_of_term!(4),
            " UNION ",
            newest_of_term!(5),
            " UNION ",
            newest_of_term!(6),
            " UNION ",
            newest_of_term!(7),
            " UNION ",
            newest_of_term!(8),
            " UNION ",
            newest_of_term!(9),
            " UNION ",
            newest_of_term!(10),
            $after
        )
    };
}

/// SQL for the newest resets of a state or a cause, which is `$3`. It compares and orders by pairs, because only one
/// index has that order: with a plain equality on the column, PostgreSQL scans all resets by time and discards those
/// with other values, which can be any number. It uses `<=`, because PostgreSQL estimates no rows below the
/// alphabetically first state.
macro_rules! newest_by_column {
    ($columns:literal, $of:literal, $end:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM resets WHERE (",
            $of,
            ", created_at) <= ($3, $1) AND (",
            $of,
            ", created_at) >= ($3, $2) AND (created_at, id) < ($1, $4) AND ",
            $of,
            " IS NOT NULL ORDER BY ",
            $of,
            " DESC, created_at DESC, id DESC ",
            $end
        )
    };
}

/// SQL for the newest of all resets.
macro_rules! newest_of_all {
    ($columns:literal, $end:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM resets WHERE (created_at, id) < ($1, $4) AND created_at >= $2 AND $3 = '' ORDER BY created_at DESC, id DESC ",
            $end
        )
    };
}

/// Loads up to [`BATCH_SIZE`] resets of an index. CROSS JOIN fixes the join order for SQLite.
pub(super) async fn load_batch(
    db: &Db,
    index: &IndexChoice,
    query: &ResetQuery,
    before: SearchCursor,
) -> Result<Vec<ResetSummary>, StoreError> {
    const BY_TERMS: &str = newest_of_terms!(
        "SELECT r.id, r.reference, r.name, r.upn, r.state, r.cause, r.created_at, r.object FROM (SELECT reset_id FROM (",
        ") AS all_words ORDER BY reset_id DESC LIMIT 200) AS found CROSS JOIN resets r WHERE r.id = found.reset_id ORDER BY r.id DESC"
    );
    const BY_COLUMN: [&str; 3] = [
        newest_by_column!("id, reference, name, upn, state, cause, created_at, object", "state", "LIMIT 200"),
        newest_by_column!("id, reference, name, upn, state, cause, created_at, object", "cause", "LIMIT 200"),
        newest_of_all!("id, reference, name, upn, state, cause, created_at, object", "LIMIT 200"),
    ];
    let rows: Vec<ResetSummaryRow> = match index {
        IndexChoice::Terms(terms) => {
            let (newest, oldest) = before.id_range(query);
            on_db!(db, |pool| {
                let bound = sqlx::query_as(BY_TERMS).bind(&newest).bind(&oldest);
                term_slots(terms).fold(bound, QueryAs::bind).fetch_all(pool).await
            })?
        }
        index => {
            let (sql, value) = sql_and_value(index, BY_COLUMN);
            select_all!(db, sql, StoredTime(before.at), oldest_millis(query), value, before.id_text())?
        }
    };
    Ok(rows.into_iter().map(ResetSummary::from).collect())
}

/// Loads the id of the last reset in the next batch of an index. The older it is, the fewer resets the index has.
/// `None` if the index has fewer than [`BATCH_SIZE`] resets.
pub(super) async fn load_batch_end(
    db: &Db,
    index: &IndexChoice,
    query: &ResetQuery,
    before: SearchCursor,
) -> Result<Option<ResetId>, StoreError> {
    const BY_TERMS: &str =
        newest_of_terms!("SELECT reset_id FROM (", ") AS all_words ORDER BY reset_id DESC LIMIT 1 OFFSET 199");
    const BY_COLUMN: [&str; 3] = [
        newest_by_column!("id", "state", "LIMIT 1 OFFSET 199"),
        newest_by_column!("id", "cause", "LIMIT 1 OFFSET 199"),
        newest_of_all!("id", "LIMIT 1 OFFSET 199"),
    ];
    let row: Option<(ResetId,)> = match index {
        IndexChoice::Terms(terms) => {
            let (newest, oldest) = before.id_range(query);
            on_db!(db, |pool| {
                let bound = sqlx::query_as(BY_TERMS).bind(&newest).bind(&oldest);
                term_slots(terms).fold(bound, QueryAs::bind).fetch_optional(pool).await
            })?
        }
        index => {
            let (sql, value) = sql_and_value(index, BY_COLUMN);
            select_optional!(db, sql, StoredTime(before.at), oldest_millis(query), value, before.id_text())?
        }
    };
    Ok(row.map(|(id,)| id))
}

/// Returns the SQL and the bound value for an index other than terms.
fn sql_and_value<'a>(index: &'a IndexChoice, [state, cause, all]: [&'static str; 3]) -> (&'static str, &'a str) {
    match index {
        IndexChoice::State(wanted) => (state, wanted.as_str()),
        IndexChoice::Cause(code) => (cause, code),
        IndexChoice::All | IndexChoice::Terms(_) => (all, ""),
    }
}

/// Returns the terms, padded with empty ones to [`MAX_LOOKUP_TERMS`].
fn term_slots(terms: &[String]) -> impl Iterator<Item = &str> {
    terms.iter().map(String::as_str).chain(std::iter::repeat("")).take(MAX_LOOKUP_TERMS)
}

/// Returns the earliest start of a matching reset. Lower than every stored time if the query has none.
fn oldest_millis(query: &ResetQuery) -> i64 {
    query.from.map_or(i64::MIN, Timestamp::as_millisecond)
}

/// Loads the resets whose ticket matches, at most [`BATCH_SIZE`].
pub(super) async fn load_ticket_matches(
    db: &Db,
    query: &ResetQuery,
    before: SearchCursor,
) -> Result<BTreeSet<ResetId>, StoreError> {
    const SQL: &str = "SELECT reset_id FROM search_words WHERE word = $3 AND reset_id < $1 AND reset_id >= $2
        ORDER BY reset_id DESC LIMIT 200";
    let Some(text) = &query.text else { return Ok(BTreeSet::new()) };
    let (newest, oldest) = before.id_range(query);
    let rows: Vec<(ResetId,)> = select_all!(db, SQL, &newest, &oldest, text.ticket_term())?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Loads resets that are not indexed, newest first, after a cursor.
pub(in crate::reset) async fn load_unindexed(
    db: &Db,
    after: Option<ListCursor>,
    count: usize,
) -> Result<Vec<ResetSummary>, StoreError> {
    let everything_after = ResetQuery { after, ..ResetQuery::default() };
    load_unindexed_before(db, SearchCursor::start_of(&everything_after), count).await
}

/// Loads the newest resets that are not indexed, after a position.
pub(super) async fn load_unindexed_before(
    db: &Db,
    before: SearchCursor,
    count: usize,
) -> Result<Vec<ResetSummary>, StoreError> {
    const SQL: &str = "SELECT id, reference, name, upn, state, cause, created_at, object FROM resets
        WHERE searchable IS NULL AND (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3";
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let rows: Vec<ResetSummaryRow> = select_all!(db, SQL, StoredTime(before.at), before.id_text(), count)?;
    Ok(rows.into_iter().map(ResetSummary::from).collect())
}
