//! The "this was not me" link of a reset notice: its secret, its address, and the report.

use url::Url;

use super::store::{self, LinkedReset};
use crate::base::ResetId;
use crate::eligibility::{HoldOutcome, place_hold};
use crate::state::AppState;
use crate::store::{KeyPurpose, Sealer, StoreError};

/// Returns the secret of the link. It is the same for every attempt to send a notice. The database has only its hash.
pub(super) fn not_me_token(sealer: &Sealer, reset: ResetId) -> String {
    sealer.compute_mac(KeyPurpose::NotMeLink, reset.to_string().as_bytes()).0
}

/// Returns the address of the link, always from `server.public_url` and never from a request.
pub(super) fn not_me_url(public: &Url, token: &str) -> String {
    format!("{}/not-me/{token}", public.as_str().trim_end_matches('/'))
}

/// Loads the reset behind a link, by the hash of its secret. `None`: the link is unknown or has expired.
pub(super) async fn find_linked_reset(app: &AppState, hash: &str) -> Result<Option<LinkedReset>, StoreError> {
    store::load_by_link(&app.db, hash, app.now()).await
}

/// Places a hold on the person and raises an alert. A link counts once.
pub(super) async fn report_not_me(app: &AppState, hash: &str, linked: &LinkedReset) -> Result<(), StoreError> {
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    if store::mark_link_used(transaction.tx(), hash, now).await? {
        let outcome = place_hold(&mut transaction, linked.person, linked.reset, now).await?;
        transaction.commit().await?;
        app.metrics.count_hold();
        let hold_placed = outcome == HoldOutcome::Placed;
        tracing::error!(reset.id = %linked.reset, hold_placed, "alarm: reset reported as not requested");
    } else {
        // Writes nothing, but waits for the concurrent report that used the link first.
        transaction.commit().await?;
    }
    Ok(())
}
