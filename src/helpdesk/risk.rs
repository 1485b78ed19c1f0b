//! Dismissal of a user risk at Microsoft after a proved reset.
//!
//! - Only a risk that Microsoft detected before the reset was sent can be dismissed.

use axum::extract::{FromRef as _, Path, State};
use axum::response::Response;

use super::file::{find, to_page};
use crate::audit::AuditEvent;
use crate::people::PeopleService;
use crate::reset::desk::{EvidenceStatus, ResetDetail, ResetState};
use crate::signin::{StaffMember, WorkCases};
use crate::state::AppState;
use crate::web::{ClientAddress, WebError};

/// Returns whether this reset may have ended a user risk.
///
/// Microsoft detected the risk before the password was sent, and the new password is proved.
pub(super) async fn may_be_over(app: &AppState, file: &ResetDetail) -> bool {
    let proved = file.verified() == EvidenceStatus::Yes
        && matches!(file.reset.state, ResetState::Written | ResetState::Finished);
    let (Some(_), true, Some(sent)) = (&app.config.risk, proved, file.reset.dispatched_at) else { return false };
    match PeopleService::from_ref(app).standing_risk(file.reset.person.object).await {
        Ok(found) => found.is_some_and(|risk| risk.updated_at.is_some_and(|at| at < sent)),
        Err(error) => {
            tracing::warn!(error = ?error, "user risk request failed");
            false
        }
    }
}

/// Dismisses the user risk at Microsoft. `POST …/risk`.
pub(super) async fn dismiss(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    address: ClientAddress,
    Path(reference): Path<String>,
) -> Result<Response, WebError> {
    let file = find(&app, &address, &reference).await?;
    if !may_be_over(&app, &file).await {
        return Ok(to_page(&file.reset, "risk-not"));
    }
    if let Err(error) = app.entra.graph.dismiss_risk(file.reset.person.object).await {
        tracing::warn!(error = ?error, "dismissing user risk failed");
        return Ok(to_page(&file.reset, "risk-kept"));
    }
    app.risks.forget(&file.reset.person.object);
    let mut ledger = app.auditor.begin().await?;
    ledger.record(AuditEvent::new("risk.dismissed", staff.actor()).about(file.reset.person).reset(file.reset.id));
    ledger.commit().await?;
    Ok(to_page(&file.reset, "risk-told"))
}
