//! Finishing sign-ins that have returned: checks whether Entra reports a password change after their start.

use axum::extract::FromRef as _;
use jiff::{SignedDuration, Timestamp};

use super::record::PasswordReset;
use super::{store, transition};
use crate::base::TimestampExt as _;
use crate::people::PeopleService;
use crate::signin::{FinishingOutcome, claim_due_finishings, end_finishing};
use crate::state::AppState;
use crate::store::StoreError;

/// Time after the person's return for which Entra is checked for a password change.
const FINISHING_TIMEOUT: SignedDuration = SignedDuration::from_secs(60);
/// Interval between two checks of a finishing sign-in.
const FINISHING_CHECK_INTERVAL: SignedDuration = SignedDuration::from_secs(2);

/// Checks at Entra whether the password has changed, for each person who returned from the finishing sign-in.
pub(super) async fn check_finishings(app: &AppState) -> Result<(), StoreError> {
    let again = app.now().later(FINISHING_CHECK_INTERVAL);
    for pending in claim_due_finishings(&app.db, app.now(), again).await? {
        let Some(reset) = store::load_by_id(&app.db, pending.reset_id).await? else { continue };
        let changed = match PeopleService::from_ref(app).fetch_password_changed_at(reset.person.object).await {
            // Entra's time is by Microsoft's clock.
            Ok(changed) => changed.filter(|at| *at > to_microsoft_clock(app, pending.started_at)),
            Err(error) => {
                tracing::warn!(error = ?error, "password change check failed: retrying");
                None
            }
        };
        match changed {
            Some(at) => transition::apply_finishing(app, &reset, at).await?,
            None if app.now().duration_since(pending.returned_at) > FINISHING_TIMEOUT => {
                record_unchanged(app, &reset).await?;
            }
            None => {}
        }
    }
    Ok(())
}

/// Converts the start of a finishing sign-in to Microsoft's clock.
fn to_microsoft_clock(app: &AppState, started_at: Timestamp) -> Timestamp {
    started_at.later(app.entra.graph.clock_skew())
}

/// Ends a finishing sign-in that did not confirm the password.
async fn record_unchanged(app: &AppState, reset: &PasswordReset) -> Result<(), StoreError> {
    let mut transaction = app.audit_log.begin().await?;
    end_finishing(transaction.tx(), reset.id, FinishingOutcome::Unchanged).await?;
    transition::commit_change(app, transaction, reset.id, app.now()).await
}
