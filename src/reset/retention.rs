//! Forgetting, after the time that the organisation keeps names: whose a reset was, and what the desk wrote of it.

use jiff::Timestamp;

use super::store;
use crate::audit::Ledger;
use crate::store::StoreError;

/// Empties names of ended resets and deletes notes from before a time, some of them: as long as any are, there may be
/// more.
pub(crate) async fn forget_people(ledger: &mut Ledger, before: Timestamp) -> Result<(u64, u64), StoreError> {
    let named = store::named(ledger.tx(), before).await?;
    let resets = u64::try_from(named.len()).unwrap_or(u64::MAX);
    for id in named {
        store::unname(ledger.tx(), id).await?;
    }
    Ok((resets, store::forget_notes(ledger.tx(), before).await?))
}
