//! Search filter of the reset list, its results, and the position that a search has reached.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::listing::{ListCursor, ResetSummary};
use crate::base::ResetId;
use crate::reset::search_terms::SearchText;
use crate::reset::state::ResetState;

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

impl ResetQuery {
    /// Returns whether a reset matches every condition. `tickets` are the resets whose ticket matches the text, which
    /// the row itself does not contain.
    pub(super) fn is_match(&self, tickets: &BTreeSet<ResetId>, reset: &ResetSummary) -> bool {
        let is_text_match = |text: &SearchText| {
            text.is_match(&reset.name, &reset.upn, &without_hyphens(&reset.reference)) || tickets.contains(&reset.id)
        };
        self.state.is_none_or(|state| state == reset.state)
            && self.cause.as_ref().is_none_or(|cause| reset.cause.as_ref() == Some(cause))
            && self.from.is_none_or(|from| reset.created_at >= from)
            && self.until.is_none_or(|until| reset.created_at < until)
            && self.text.as_ref().is_none_or(is_text_match)
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SearchCursor {
    pub(super) at: Timestamp,
    id: Option<ResetId>,
}

impl From<ListCursor> for SearchCursor {
    fn from(cursor: ListCursor) -> Self {
        Self { at: cursor.at, id: Some(cursor.id) }
    }
}

impl SearchCursor {
    /// Returns the position at which a search starts.
    pub(super) fn start_of(query: &ResetQuery) -> Self {
        let after = query.after.map(Self::from);
        let until = query.until.map(|at| Self { at, id: None });
        after.into_iter().chain(until).min().unwrap_or(Self { at: Timestamp::MAX, id: None })
    }

    /// Returns the id as the SQL compares it: empty before every reset of the same millisecond.
    pub(super) fn id_text(self) -> String {
        self.id.map(|id| id.to_string()).unwrap_or_default()
    }

    /// Returns the upper and lower id of a scan by id. Ids are in order of time.
    pub(super) fn id_range(self, query: &ResetQuery) -> (String, String) {
        let newest = self.id.unwrap_or_else(|| ResetId::lower_bound_at(self.at));
        let oldest = query.from.map(|from| ResetId::lower_bound_at(from).to_string());
        (newest.to_string(), oldest.unwrap_or_default())
    }
}

/// Returns a reference as it is stored.
pub(super) fn without_hyphens(reference: &str) -> String {
    reference.chars().filter(|c| *c != '-').collect()
}
