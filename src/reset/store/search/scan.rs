//! Searches resets, newest first.
//!
//! A query scans one index: of a term, of a state, of a cause, or of all resets. Each index is in order of time. Of
//! several indexes, the search scans the one whose batch reaches furthest back in time. Each reset is compared with the
//! entire query. After [`MAX_SCANNED`] resets the scan stops and returns the position that it reached.

use super::super::listing::{PAGE_SIZE, ResetSummary};
use super::batches::{
    BATCH_SIZE, IndexChoice, MAX_UNINDEXED, load_batch, load_batch_end, load_ticket_matches, load_unindexed_before,
};
use super::query::{ResetQuery, ResetSearchPage, SearchContinuation, SearchCursor};
use crate::store::{Db, StoreError};

/// Maximum number of resets that are scanned for one page.
pub(super) const MAX_SCANNED: usize = 400;

pub(in crate::reset) async fn search_resets(db: &Db, query: &ResetQuery) -> Result<ResetSearchPage, StoreError> {
    let mut before = SearchCursor::start_of(query);
    // Loaded first: a reset that is indexed meanwhile is then found twice, and not missed.
    let unindexed = match &query.text {
        Some(_) => load_unindexed_before(db, before, MAX_UNINDEXED).await?,
        None => Vec::new(),
    };
    let is_index_incomplete = unindexed.len() == MAX_UNINDEXED;
    let tickets = load_ticket_matches(db, query, before).await?;
    let index = choose_index(db, query, before).await?;
    let is_match = |reset: &ResetSummary| query.is_match(&tickets, reset);
    let (mut resets, mut scanned, mut reached, mut ended) = (Vec::new(), 0, None, false);
    while !ended && resets.len() <= PAGE_SIZE && scanned < MAX_SCANNED {
        let batch = load_batch(db, &index, query, before).await?;
        ended = batch.len() < BATCH_SIZE;
        scanned += batch.len();
        if let Some(last) = batch.last().map(ResetSummary::cursor) {
            (before, reached) = (last.into(), Some(last));
        }
        resets.extend(batch.into_iter().filter(is_match));
    }
    let end = reached.filter(|_| !ended);
    for reset in unindexed.into_iter().filter(is_match) {
        if end.is_none_or(|end| end < reset.cursor()) && resets.iter().all(|known| known.id != reset.id) {
            resets.push(reset);
        }
    }
    resets.sort_by_key(|reset| std::cmp::Reverse(reset.cursor()));
    let has_more = resets.len() > PAGE_SIZE;
    resets.truncate(PAGE_SIZE);
    let continuation = match (resets.last().filter(|_| has_more), end) {
        (Some(last), _) => SearchContinuation::More(last.cursor()),
        (None, Some(end)) => SearchContinuation::ScanLimitReached(end),
        (None, None) => SearchContinuation::End,
    };
    Ok(ResetSearchPage { resets, continuation, is_index_incomplete })
}

/// Returns the index with the fewest resets per time.
async fn choose_index(db: &Db, query: &ResetQuery, before: SearchCursor) -> Result<IndexChoice, StoreError> {
    let mut choices = Vec::new();
    choices.extend(query.text.as_ref().map(|text| IndexChoice::Terms(text.lookup_terms().into_iter().collect())));
    choices.extend(query.cause.clone().map(IndexChoice::Cause));
    choices.extend(query.state.map(IndexChoice::State));
    if choices.len() < 2 {
        return Ok(choices.pop().unwrap_or(IndexChoice::All));
    }
    let mut furthest = None;
    for choice in choices {
        let Some(reached) = load_batch_end(db, &choice, query, before).await? else { return Ok(choice) };
        if furthest.as_ref().is_none_or(|(known, _)| reached < *known) {
            furthest = Some((reached, choice));
        }
    }
    Ok(furthest.map_or(IndexChoice::All, |(_, choice)| choice))
}
