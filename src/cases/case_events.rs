//! Audit events and alerts about a case.

use super::error::CaseRefusal;
use super::participants::StaffActor;
use super::store::HelpdeskCase;
use crate::audit::AuditEvent;
use crate::state::AppState;
use crate::store::StoreError;

/// Returns an audit event by a staff member about a case.
pub(super) fn case_event(kind: &'static str, staff: &StaffActor, case: &HelpdeskCase) -> AuditEvent {
    with_case(AuditEvent::new(kind, staff.audit_actor()), case)
}

/// Adds the case, its action, its reset and its person to an audit event.
pub(super) fn with_case(event: AuditEvent, case: &HelpdeskCase) -> AuditEvent {
    let event = event.with_detail("case", case.reference.to_string()).with_detail("action", case.action.as_str());
    let event = if let Some(reset) = case.reset { event.with_reset(reset) } else { event };
    if let Some(person) = case.person { event.with_subject(person) } else { event }
}

/// Records a refusal in the audit log.
pub(crate) async fn record_refusal(
    app: &AppState,
    staff: &StaffActor,
    case: &HelpdeskCase,
    refusal: CaseRefusal,
) -> Result<(), StoreError> {
    app.audit_log.append(case_event("case.refused", staff, case).with_detail("code", refusal.as_str())).await
}

/// Logs and counts a helpdesk alert. The audit log has its own event for the same incident.
pub(super) fn raise_helpdesk_alert(app: &AppState, kind: &'static str, case: &HelpdeskCase) {
    tracing::error!(kind, case.reference = %case.reference, "helpdesk alert raised");
    app.metrics.count_alert(kind);
}
