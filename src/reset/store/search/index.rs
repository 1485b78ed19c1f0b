//! SQL that indexes the search terms of resets and deletes them.

use super::super::listing::ResetSummary;
use super::query::without_hyphens;
use crate::base::{PersonKey, ResetId};
use crate::reset::search_terms;
use crate::store::{StoreError, Tx, exec_tx, on_tx, select_all_tx, select_optional_tx};

/// Indexes the terms of resets that are not indexed. The row is marked first, so that no other replica indexes it, and
/// an erasure waits for this transaction.
pub(in crate::reset) async fn index_terms(tx: &mut Tx, resets: &[ResetSummary]) -> Result<(), StoreError> {
    const CLAIM_RESET: &str = "UPDATE resets SET searchable = 1 WHERE id = $1 AND searchable IS NULL";
    let mut pairs = Vec::new();
    for reset in resets {
        if exec_tx!(&mut *tx, CLAIM_RESET, reset.id)? == 1 {
            let terms = search_terms::terms_of_reset(&reset.name, &reset.upn, &without_hyphens(&reset.reference));
            pairs.extend(terms.into_iter().map(|term| (term, reset.id)));
        }
    }
    // Sorted, so that neighbouring index entries are written together.
    pairs.sort_unstable();
    insert_terms(tx, &pairs).await
}

async fn insert_terms(tx: &mut Tx, pairs: &[(String, ResetId)]) -> Result<(), StoreError> {
    const INSERT_ONE: &str =
        "INSERT INTO search_words (word, reset_id) VALUES ($1, $2) ON CONFLICT (word, reset_id) DO NOTHING";
    const INSERT_EIGHT: &str = "INSERT INTO search_words (word, reset_id)
        VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8), ($9, $10), ($11, $12), ($13, $14), ($15, $16)
        ON CONFLICT (word, reset_id) DO NOTHING";
    for chunk in pairs.chunks(8) {
        let (sql, each) = if chunk.len() == 8 { (INSERT_EIGHT, 8) } else { (INSERT_ONE, 1) };
        for pairs in chunk.chunks(each) {
            on_tx!(&mut *tx, |c| {
                let query = pairs.iter().fold(sqlx::query(sql), |query, (term, id)| query.bind(term).bind(*id));
                query.execute(c).await.map(|_| ())
            })?;
        }
    }
    Ok(())
}

/// Resets that a ticket is indexed for.
pub(crate) enum TicketScope<'a> {
    Resets(&'a [ResetId]),
    /// The newest resets of this person.
    Person(PersonKey),
}

/// Indexes a ticket, so that its resets are found by it after the commit.
pub(crate) async fn index_ticket(tx: &mut Tx, about: TicketScope<'_>, ticket: &str) -> Result<(), StoreError> {
    const SELECT_RESETS: &str =
        "SELECT id FROM resets WHERE tenant = $1 AND object = $2 ORDER BY created_at DESC, id DESC LIMIT 50";
    let ids: Vec<ResetId> = match about {
        TicketScope::Resets(ids) => ids.to_vec(),
        TicketScope::Person(key) => {
            let rows: Vec<(ResetId,)> = select_all_tx!(&mut *tx, SELECT_RESETS, key.tenant, key.object)?;
            rows.into_iter().map(|(id,)| id).collect()
        }
    };
    let term = search_terms::ticket_term(ticket);
    let pairs: Vec<(String, ResetId)> = ids.into_iter().map(|id| (term.clone(), id)).collect();
    insert_terms(tx, &pairs).await
}

/// Deletes the search terms and tickets of a reset, for retention. Call it before name and UPN are emptied, because the
/// terms are derived from them.
pub(in crate::reset) async fn delete_terms(tx: &mut Tx, id: ResetId) -> Result<(), StoreError> {
    const SELECT_RESET: &str = "SELECT name, upn, reference FROM resets WHERE id = $1";
    const DELETE_TERM: &str = "DELETE FROM search_words WHERE word = $1 AND reset_id = $2";
    const DELETE_TICKET_TERMS: &str = "DELETE FROM search_words WHERE reset_id = $1 AND substr(word, 1, 1) = '#'";
    // A concurrent indexer waits for this row, or finds it marked as indexed.
    const MARK_INDEXED: &str = "UPDATE resets SET searchable = 1 WHERE id = $1";
    exec_tx!(&mut *tx, MARK_INDEXED, id)?;
    let row: Option<(String, String, String)> = select_optional_tx!(&mut *tx, SELECT_RESET, id)?;
    for term in row.into_iter().flat_map(|(name, upn, reference)| search_terms::terms_of_reset(&name, &upn, &reference))
    {
        exec_tx!(&mut *tx, DELETE_TERM, &term, id)?;
    }
    exec_tx!(tx, DELETE_TICKET_TERMS, id)?;
    Ok(())
}
