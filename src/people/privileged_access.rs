//! Assesses whether a person is privileged.
//!
//! A person is privileged who holds a role, can activate one, is a member of a role-assignable group, or is on the
//! organisation's list (`helpdesk.privileged`). A privileged person needs a second person at the helpdesk.
//!
//! - Fails closed: roles or groups that cannot be fetched make the person privileged.
//! - Does not detect who can *become* a member of a role-assignable group (Privileged Identity Management for Groups).
//!   That needs a permission that the portal does not request.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::PersonProfile;
use crate::entra::{AssignmentKind, DirectoryScope, EntraRole, RoleAssignment};
use crate::state::AppState;

/// Reason why a person counts as privileged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PrivilegeReason {
    /// Holds the role.
    ActiveRole {
        name: String,
        scope: DirectoryScope,
    },
    /// Can activate the role.
    EligibleRole {
        name: String,
        scope: DirectoryScope,
    },
    RoleAssignableGroup {
        name: String,
    },
    /// Is on the organisation's list.
    Listed,
    /// Roles or groups cannot be fetched now.
    Unreadable,
}

impl PrivilegeReason {
    /// Returns the stable name of the reason. A role for only a part of the tenant is `scoped-role`.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::ActiveRole { scope, .. } if !scope.is_entire_tenant() => "scoped-role",
            Self::ActiveRole { .. } => "active-role",
            Self::EligibleRole { .. } => "eligible-role",
            Self::RoleAssignableGroup { .. } => "group",
            Self::Listed => "listed",
            Self::Unreadable => "unreadable",
        }
    }

    /// Returns the display name of the role or group.
    pub(crate) fn role_or_group_name(&self) -> Option<&str> {
        match self {
            Self::ActiveRole { name, .. } | Self::EligibleRole { name, .. } | Self::RoleAssignableGroup { name } => {
                Some(name)
            }
            Self::Listed | Self::Unreadable => None,
        }
    }
}

/// Reasons why a person counts as privileged. Empty if they do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PrivilegeAssessment {
    pub(crate) reasons: Vec<PrivilegeReason>,
}

impl PrivilegeAssessment {
    pub(crate) fn is_privileged(&self) -> bool {
        !self.reasons.is_empty()
    }
}

/// Fetches roles and groups and collects the reasons.
pub(super) async fn assess_privilege(app: &AppState, facts: &PersonProfile) -> PrivilegeAssessment {
    let graph = &app.entra.graph;
    let mut reasons = Vec::new();
    if is_listed(&app.config.helpdesk.privileged, facts) {
        reasons.push(PrivilegeReason::Listed);
    }
    let (roles, groups) = tokio::join!(graph.fetch_role_assignments(facts.id), graph.fetch_memberships(facts.id));
    let mut unreadable = false;
    match roles {
        Ok(held) => reasons.extend(role_reasons(app, held).await),
        Err(error) => {
            tracing::warn!(error = ?error, "role assignments unavailable: treating the person as privileged");
            unreadable = true;
        }
    }
    match groups {
        Ok(groups) => {
            let names = groups.role_assignable_groups.into_iter();
            reasons.extend(names.map(|name| PrivilegeReason::RoleAssignableGroup { name }));
        }
        Err(error) => {
            tracing::warn!(error = ?error, "group memberships unavailable: treating the person as privileged");
            unreadable = true;
        }
    }
    reasons.extend(unreadable.then_some(PrivilegeReason::Unreadable));
    PrivilegeAssessment { reasons }
}

/// Returns whether the list has the person's object id or user principal name.
fn is_listed(list: &[String], facts: &PersonProfile) -> bool {
    let (id, upn) = (facts.id.to_string(), facts.upn.to_lowercase());
    list.iter().map(|entry| entry.trim().to_lowercase()).any(|entry| entry == id || entry == upn)
}

/// Converts role assignments to reasons with display names. A role whose name cannot be fetched keeps its template id.
async fn role_reasons(app: &AppState, held: Vec<RoleAssignment>) -> Vec<PrivilegeReason> {
    let roles: BTreeSet<&EntraRole> = held.iter().map(|assignment| &assignment.role).collect();
    let names = join_all(roles.into_iter().map(|role| async move {
        let name = app.entra.graph.fetch_role_name(role).await.ok();
        (role, name.unwrap_or_else(|| role.to_string()))
    }))
    .await;
    let name = |role: &EntraRole| {
        names.iter().find(|(known, _)| *known == role).map_or_else(String::new, |(_, name)| name.clone())
    };
    let reason = |assignment: &RoleAssignment| {
        let (name, scope) = (name(&assignment.role), assignment.scope.clone());
        match assignment.kind {
            AssignmentKind::Eligible => PrivilegeReason::EligibleRole { name, scope },
            AssignmentKind::Active => PrivilegeReason::ActiveRole { name, scope },
        }
    };
    held.iter().map(reason).collect()
}
