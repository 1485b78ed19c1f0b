//! Erases personal data of resets after the configured retention period: names and helpdesk notes.

use jiff::Timestamp;

use super::store;
use crate::audit::AuditedTransaction;
use crate::store::StoreError;

/// Erases the names of ended resets and deletes notes from before a time, one batch per call. Returns the number of
/// resets and notes. Call it again until both are 0.
pub(crate) async fn erase_reset_names(
    transaction: &mut AuditedTransaction,
    before: Timestamp,
) -> Result<(u64, u64), StoreError> {
    let named = store::load_named(transaction.tx(), before).await?;
    let resets = u64::try_from(named.len()).unwrap_or(u64::MAX);
    for id in named {
        store::erase_name(transaction.tx(), id).await?;
    }
    Ok((resets, store::delete_notes(transaction.tx(), before).await?))
}
