//! Staff permissions as types, the app roles that grant them, and the networks from which staff work.

use axum::http::request::Parts;

use crate::state::AppState;
use crate::web::is_client_in_networks;

/// App role in the id token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StaffRole {
    Agent,
    Approver,
    Auditor,
    Admin,
}

impl StaffRole {
    pub(crate) const ALL: [Self; 4] = [Self::Agent, Self::Approver, Self::Auditor, Self::Admin];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "Passback.Agent",
            Self::Approver => "Passback.Approver",
            Self::Auditor => "Passback.Auditor",
            Self::Admin => "Passback.Admin",
        }
    }
}

/// Permission that app roles grant.
pub(crate) trait StaffPermission: Send + Sync {
    const ROLES: &'static [StaffRole];
    /// Whether the sign-in must be as recent as for a reset (`signin.max_age_seconds`).
    const NEEDS_FRESH_SIGN_IN: bool = false;
}

/// Permission to view resets, cases and people.
pub(crate) struct ViewHelpdesk;

impl StaffPermission for ViewHelpdesk {
    const ROLES: &'static [StaffRole] = &[StaffRole::Agent, StaffRole::Approver, StaffRole::Auditor];
}

/// Permission to do an agent's work: work on cases, write notes, check a reset again.
pub(crate) struct WorkCases;

impl StaffPermission for WorkCases {
    const ROLES: &'static [StaffRole] = &[StaffRole::Agent];
}

/// Permission to approve actions as the second person.
pub(crate) struct ApproveActions;

impl StaffPermission for ApproveActions {
    const ROLES: &'static [StaffRole] = &[StaffRole::Approver];
}

/// Permission to search and export the audit log.
pub(crate) struct ViewAuditLog;

impl StaffPermission for ViewAuditLog {
    const ROLES: &'static [StaffRole] = &[StaffRole::Auditor, StaffRole::Admin];
}

/// Permission to view the insights.
pub(crate) struct ViewInsights;

impl StaffPermission for ViewInsights {
    const ROLES: &'static [StaffRole] = &[StaffRole::Agent, StaffRole::Approver, StaffRole::Auditor, StaffRole::Admin];
}

/// Permission to acknowledge security alerts.
pub(crate) struct AcknowledgeAlerts;

impl StaffPermission for AcknowledgeAlerts {
    const ROLES: &'static [StaffRole] = &[StaffRole::Agent, StaffRole::Admin];
}

/// Permission to link the reset operator.
pub(crate) struct ManageOperator;

impl StaffPermission for ManageOperator {
    const ROLES: &'static [StaffRole] = &[StaffRole::Admin];
    const NEEDS_FRESH_SIGN_IN: bool = true;
}

/// Permission to pause and resume all resets.
pub(crate) struct PauseResets;

impl StaffPermission for PauseResets {
    const ROLES: &'static [StaffRole] = &[StaffRole::Admin];
    const NEEDS_FRESH_SIGN_IN: bool = true;
}

/// Returns whether a request comes from a staff network. Without configured networks, every address is allowed.
pub(super) fn is_staff_network(parts: &Parts, app: &AppState) -> bool {
    let networks = &app.config.helpdesk.networks;
    networks.is_empty() || is_client_in_networks(parts, app, networks)
}
