//! Searches resets, newest first, at a cost that does not depend on their number.

mod batches;
mod index;
mod query;
mod scan;
#[cfg(test)]
mod tests;

pub(in crate::reset) use batches::{MAX_UNINDEXED, load_unindexed};
pub(in crate::reset) use index::{TicketScope, delete_terms, index_terms, index_ticket};
pub(crate) use query::{ResetQuery, ResetSearchPage, SearchContinuation};
pub(in crate::reset) use scan::search_resets;
