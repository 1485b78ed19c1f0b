//! Searches resets, newest first, at a cost that does not depend on their number.
//!
//! A query scans one index: of a term, of a state, of a cause, or of all resets. Each index is in order of time. Of
//! several indexes, the search scans the one whose batch reaches furthest back in time. Each reset is compared with the
//! entire query. After [`MAX_SCANNED`] resets the scan stops and returns the position that it reached.

mod index;
#[cfg(test)]
mod tests;

pub(in crate::reset) use index::{TicketScope, delete_terms, index_terms, index_ticket, load_unindexed};

use std::collections::BTreeSet;

use jiff::Timestamp;
use sqlx::query::QueryAs;

use super::listing::{ListCursor, PAGE_SIZE, ResetSummary, ResetSummaryRow, summary_from_row};
use super::timestamp_from_millis;
use crate::base::ResetId;
use crate::reset::search_terms::{MAX_LOOKUP_TERMS, SearchText};
use crate::reset::state::ResetState;
use crate::store::{Db, StoreError, on_db, select_all, select_optional};

/// Number of resets per batch. The SQL below repeats the number.
const BATCH_SIZE: usize = 200;
/// Maximum number of resets that are scanned for one page.
pub(in crate::reset) const MAX_SCANNED: usize = 400;
/// Maximum number of resets without index terms that a search compares one by one, newest first.
pub(in crate::reset) const MAX_UNINDEXED: usize = 500;

/// Search filter of the helpdesk. All conditions must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResetQuery {
    pub(crate) text: Option<SearchText>,
    pub(crate) state: Option<ResetState>,
    /// Stable code of the cause.
    pub(crate) cause: Option<String>,
    /// Started at this time or later.
    pub(crate) from: Option<Timestamp>,
    /// Started before this time.
    pub(crate) until: Option<Timestamp>,
    /// Only resets after this position in the list.
    pub(crate) after: Option<ListCursor>,
}

/// One page of results, and where the next one starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResetSearchPage {
    pub(crate) resets: Vec<ResetSummary>,
    pub(crate) continuation: SearchContinuation,
    /// Older resets are not indexed yet, so the search may miss some.
    pub(crate) is_index_incomplete: bool,
}

/// What follows a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SearchContinuation {
    End,
    /// More results after this position.
    More(ListCursor),
    /// Not known: the scan stopped at this position.
    ScanLimitReached(ListCursor),
}

/// Position of a scan: only older resets follow. The id orders resets of the same millisecond.
#[derive(Clone)]
struct SearchCursor {
    at: i64,
    id: String,
}

/// Index that a search scans.
enum IndexChoice {
    Terms(Vec<String>),
    State(ResetState),
    Cause(String),
    All,
}

pub(in crate::reset) async fn search_resets(db: &Db, asked: &ResetQuery) -> Result<ResetSearchPage, StoreError> {
    let mut before = start_cursor(asked);
    // Loaded first: a reset that is indexed meanwhile is then found twice, and not missed.
    let fresh = match &asked.text {
        Some(_) => load_unindexed_before(db, &before, MAX_UNINDEXED).await?,
        None => Vec::new(),
    };
    let gathering = fresh.len() == MAX_UNINDEXED;
    let tickets = load_ticket_matches(db, asked, &before).await?;
    let way = choose_index(db, asked, &before).await?;
    let fits = |line: &ResetSummary| is_query_match(asked, &tickets, line);
    let (mut lines, mut looked, mut ended) = (Vec::new(), 0, false);
    while !ended && lines.len() <= PAGE_SIZE && looked < MAX_SCANNED {
        let batch = load_batch(db, &way, asked, &before).await?;
        ended = batch.len() < BATCH_SIZE;
        looked += batch.len();
        if let Some(last) = batch.last() {
            before = SearchCursor { at: last.created_at.as_millisecond(), id: last.id.to_string() };
        }
        lines.extend(batch.into_iter().filter(fits));
    }
    let end = (!ended).then(|| ListCursor {
        at: timestamp_from_millis(before.at),
        id: before.id.parse().unwrap_or(ResetId::lower_bound_at(timestamp_from_millis(before.at))),
    });
    for line in fresh.into_iter().filter(fits) {
        if end.is_none_or(|end| end < line.cursor()) && lines.iter().all(|known| known.id != line.id) {
            lines.push(line);
        }
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.cursor()));
    let more = lines.len() > PAGE_SIZE;
    lines.truncate(PAGE_SIZE);
    let rest = match (lines.last().filter(|_| more), end) {
        (Some(last), _) => SearchContinuation::More(last.cursor()),
        (None, Some(end)) => SearchContinuation::ScanLimitReached(end),
        (None, None) => SearchContinuation::End,
    };
    Ok(ResetSearchPage { resets: lines, continuation: rest, is_index_incomplete: gathering })
}

/// Returns the position at which a search starts.
fn start_cursor(asked: &ResetQuery) -> SearchCursor {
    let after = asked.after.map(|place| SearchCursor { at: place.at.as_millisecond(), id: place.id.to_string() });
    let until = asked.until.map(|until| SearchCursor { at: until.as_millisecond(), id: String::new() });
    let both = [after, until].into_iter().flatten();
    both.min_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)))
        .unwrap_or(SearchCursor { at: i64::MAX, id: String::new() })
}

/// Returns whether a reset matches every condition of a query.
fn is_query_match(asked: &ResetQuery, tickets: &BTreeSet<String>, line: &ResetSummary) -> bool {
    let meant = |text: &SearchText| {
        text.is_match(&line.name, &line.upn, &without_hyphens(&line.reference))
            || tickets.contains(&line.id.to_string())
    };
    asked.state.is_none_or(|state| state == line.state)
        && asked.cause.as_ref().is_none_or(|cause| line.cause.as_ref() == Some(cause))
        && asked.from.is_none_or(|from| line.created_at >= from)
        && asked.until.is_none_or(|until| line.created_at < until)
        && asked.text.as_ref().is_none_or(meant)
}

/// Returns a reference as it is stored.
fn without_hyphens(reference: &str) -> String {
    reference.chars().filter(|c| *c != '-').collect()
}

/// Returns the index with the fewest resets per time.
async fn choose_index(db: &Db, asked: &ResetQuery, before: &SearchCursor) -> Result<IndexChoice, StoreError> {
    let mut ways = Vec::new();
    ways.extend(asked.text.as_ref().map(|text| IndexChoice::Terms(text.lookup_terms().into_iter().collect())));
    ways.extend(asked.cause.clone().map(IndexChoice::Cause));
    ways.extend(asked.state.map(IndexChoice::State));
    if ways.len() < 2 {
        return Ok(ways.pop().unwrap_or(IndexChoice::All));
    }
    let mut furthest = None;
    for way in ways {
        let Some(reached) = load_batch_end(db, &way, asked, before).await? else { return Ok(way) };
        if furthest.as_ref().is_none_or(|(known, _)| reached < *known) {
            furthest = Some((reached, way));
        }
    }
    Ok(furthest.map_or(IndexChoice::All, |(_, way)| way))
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

/// SQL for the newest resets of several terms, each reset once. An unused slot has an empty term.
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
async fn load_batch(
    db: &Db,
    way: &IndexChoice,
    asked: &ResetQuery,
    before: &SearchCursor,
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
    let rows: Vec<ResetSummaryRow> = match way {
        IndexChoice::Terms(words) => {
            let (newest, oldest) = id_range(asked, before);
            on_db!(db, |pool| {
                let query = sqlx::query_as(BY_TERMS).bind(&newest).bind(&oldest);
                term_slots(words).fold(query, QueryAs::bind).fetch_all(pool).await
            })?
        }
        way => {
            let (sql, value) = sql_and_value(way, BY_COLUMN);
            let oldest = asked.from.map_or(i64::MIN, Timestamp::as_millisecond);
            select_all!(db, sql, before.at, oldest, value, &before.id)?
        }
    };
    rows.into_iter().map(summary_from_row).collect()
}

/// Loads the id of the last reset in the next batch of an index. The older it is, the fewer resets the index has.
/// `None` if the index has fewer than [`BATCH_SIZE`] resets.
async fn load_batch_end(
    db: &Db,
    way: &IndexChoice,
    asked: &ResetQuery,
    before: &SearchCursor,
) -> Result<Option<String>, StoreError> {
    const BY_TERMS: &str =
        newest_of_terms!("SELECT reset_id FROM (", ") AS all_words ORDER BY reset_id DESC LIMIT 1 OFFSET 199");
    const BY_COLUMN: [&str; 3] = [
        newest_by_column!("id", "state", "LIMIT 1 OFFSET 199"),
        newest_by_column!("id", "cause", "LIMIT 1 OFFSET 199"),
        newest_of_all!("id", "LIMIT 1 OFFSET 199"),
    ];
    let row: Option<(String,)> = match way {
        IndexChoice::Terms(words) => {
            let (newest, oldest) = id_range(asked, before);
            on_db!(db, |pool| {
                let query = sqlx::query_as(BY_TERMS).bind(&newest).bind(&oldest);
                term_slots(words).fold(query, QueryAs::bind).fetch_optional(pool).await
            })?
        }
        way => {
            let (sql, value) = sql_and_value(way, BY_COLUMN);
            let oldest = asked.from.map_or(i64::MIN, Timestamp::as_millisecond);
            select_optional!(db, sql, before.at, oldest, value, &before.id)?
        }
    };
    Ok(row.map(|(id,)| id))
}

/// Returns the SQL and the bound value for an index other than terms.
fn sql_and_value<'a>(way: &'a IndexChoice, [state, cause, all]: [&'static str; 3]) -> (&'static str, &'a str) {
    match way {
        IndexChoice::State(wanted) => (state, wanted.as_str()),
        IndexChoice::Cause(code) => (cause, code),
        IndexChoice::All | IndexChoice::Terms(_) => (all, ""),
    }
}

/// Returns the terms, padded with empty ones to [`MAX_LOOKUP_TERMS`].
fn term_slots(words: &[String]) -> impl Iterator<Item = &str> {
    words.iter().map(String::as_str).chain(std::iter::repeat("")).take(MAX_LOOKUP_TERMS)
}

/// Returns the upper and lower id of a term scan. Ids are in order of time.
fn id_range(asked: &ResetQuery, before: &SearchCursor) -> (String, String) {
    let newest = match before {
        SearchCursor { at: i64::MAX, .. } => "z".to_owned(),
        SearchCursor { at: millis, id } if id.is_empty() => {
            ResetId::lower_bound_at(timestamp_from_millis(*millis)).to_string()
        }
        SearchCursor { id, .. } => id.clone(),
    };
    (newest, asked.from.map(|from| ResetId::lower_bound_at(from).to_string()).unwrap_or_default())
}

/// Loads the resets with a matching ticket, which the row itself does not contain.
async fn load_ticket_matches(
    db: &Db,
    asked: &ResetQuery,
    before: &SearchCursor,
) -> Result<BTreeSet<String>, StoreError> {
    const SQL: &str = "SELECT reset_id FROM search_words WHERE word = $3 AND reset_id < $1 AND reset_id >= $2
        ORDER BY reset_id DESC LIMIT 200";
    let Some(text) = &asked.text else { return Ok(BTreeSet::new()) };
    let (newest, oldest) = id_range(asked, before);
    let rows: Vec<(String,)> = select_all!(db, SQL, &newest, &oldest, text.ticket_term())?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Loads the newest resets that are not indexed, after a position.
async fn load_unindexed_before(db: &Db, before: &SearchCursor, count: usize) -> Result<Vec<ResetSummary>, StoreError> {
    const SQL: &str = "SELECT id, reference, name, upn, state, cause, created_at, object FROM resets
        WHERE searchable IS NULL AND (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3";
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let rows: Vec<ResetSummaryRow> = select_all!(db, SQL, before.at, &before.id, count)?;
    rows.into_iter().map(summary_from_row).collect()
}
