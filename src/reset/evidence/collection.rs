//! Checks the due resets against all sources of evidence and schedules their next check.

use jiff::{SignedDuration, Timestamp};

use super::audit_log::{self, AuditLogRead};
use super::domain_controller;
use crate::reset::record::PasswordReset;
use crate::reset::state::{EVIDENCE_PERIOD, SourceStatus};
use crate::reset::store;
use crate::state::AppState;
use crate::store::StoreError;

/// Returns the time of the next evidence check: after a quarter of the age of the settled state, at least 2 seconds and
/// at most 15 minutes. `None` after [`EVIDENCE_PERIOD`].
fn next_check_at(reset: &PasswordReset, now: Timestamp) -> Option<Timestamp> {
    let age = now.duration_since(reset.settled_at.unwrap_or(reset.created_at));
    if age > EVIDENCE_PERIOD {
        return None;
    }
    let pause = (age / 4).clamp(SignedDuration::from_secs(2), SignedDuration::from_mins(15));
    now.saturating_add(pause).ok()
}

/// Checks all due resets, with one request to the audit log and one directory query per reset.
pub(in crate::reset) async fn collect_evidence(app: &AppState, due: Vec<PasswordReset>) -> Result<(), StoreError> {
    let (log, landed) =
        tokio::join!(audit_log::fetch_audit_log(app, &due), domain_controller::check_domain_controllers(app, &due));
    let (log, landed) = (log?, landed?);
    for (reset, landed) in due.iter().zip(landed) {
        // The domain controller check may have changed its state.
        let Some(reset) = store::load_by_id(&app.db, reset.id).await? else { continue };
        let now = app.now();
        let next = match &log {
            AuditLogRead::Records(records) => {
                let statuses = [audit_log::match_reset(app, records, &reset).await?, landed];
                statuses.contains(&SourceStatus::Pending).then(|| next_check_at(&reset, now)).flatten()
            }
            AuditLogRead::RetryAfter(wait) => now.saturating_add(*wait).ok(),
        };
        store::schedule_evidence_check(&app.db, reset.id, &app.instance_id, next).await?;
    }
    Ok(())
}
