//! Dismissal of a user risk at Microsoft after a proved reset.
//!
//! - Only a risk that Microsoft detected before the reset was sent can be dismissed.

use axum::extract::{FromRef as _, Path, State};
use axum::response::Response;

use super::reset_access::{load_reset_detail, redirect_to_reset};
use crate::audit::AuditEvent;
use crate::people::PeopleService;
use crate::reset::queries::{EvidenceStatus, ResetDetail, ResetState};
use crate::signin::{StaffMember, WorkCases};
use crate::state::AppState;
use crate::web::{ClientAddress, WebError};

/// Returns whether this reset may have ended a user risk.
///
/// Microsoft detected the risk before the password was sent, and the new password is proved.
pub(super) async fn has_dismissible_risk(app: &AppState, file: &ResetDetail) -> bool {
    let proved = file.evidence_status() == EvidenceStatus::Proved
        && matches!(file.reset.state, ResetState::Written | ResetState::Finished);
    let (Some(_), true, Some(sent)) = (&app.config.risk, proved, file.reset.dispatched_at) else { return false };
    match PeopleService::from_ref(app).fetch_active_risk(file.reset.person.object).await {
        Ok(found) => found.is_some_and(|risk| risk.updated_at.is_some_and(|at| at < sent)),
        Err(error) => {
            tracing::warn!(error = ?error, "user risk request failed");
            false
        }
    }
}

/// Dismisses the user risk at Microsoft. `POST …/risk`.
pub(super) async fn dismiss_risk(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    address: ClientAddress,
    Path(reference): Path<String>,
) -> Result<Response, WebError> {
    let file = load_reset_detail(&app, &address, &reference).await?;
    if !has_dismissible_risk(&app, &file).await {
        return Ok(redirect_to_reset(&file.reset, "risk-not"));
    }
    if let Err(error) = app.entra.graph.dismiss_risk(file.reset.person.object).await {
        tracing::warn!(error = ?error, "dismissing user risk failed");
        return Ok(redirect_to_reset(&file.reset, "risk-kept"));
    }
    app.risk_cache.invalidate(&file.reset.person.object);
    let mut transaction = app.audit_log.begin().await?;
    transaction.record_event(
        AuditEvent::new("risk.dismissed", staff.audit_actor())
            .with_subject(file.reset.person)
            .with_reset(file.reset.id),
    );
    transaction.commit().await?;
    Ok(redirect_to_reset(&file.reset, "risk-told"))
}
