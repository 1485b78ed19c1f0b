//! Erases personal data of resets after the configured retention period: names and helpdesk notes.

use jiff::Timestamp;

use super::store;
use crate::audit::AuditedTransaction;
use crate::store::StoreError;

/// Erases the names of ended resets and deletes notes from before a time, one batch per call. Returns the number of
/// resets and notes. Call it again until both are 0.
pub(crate) async fn forget_people(
    ledger: &mut AuditedTransaction,
    before: Timestamp,
) -> Result<(u64, u64), StoreError> {
    let named = store::named(ledger.tx(), before).await?;
    let resets = u64::try_from(named.len()).unwrap_or(u64::MAX);
    for id in named {
        store::unname(ledger.tx(), id).await?;
    }
    Ok((resets, store::forget_notes(ledger.tx(), before).await?))
}
