//! Graph resources `unifiedRoleAssignment` and `unifiedRoleDefinition`: Entra roles and who holds them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::graph::GraphClient;
use super::graph_error::GraphError;
use super::wire_value::wire_enum;
use crate::base::ObjectId;

wire_enum! {
    /// Entra role, by its template id, of which the product distinguishes these. A custom role is `Other`.
    ///
    /// <https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference>
    EntraRole, exact {
        GlobalAdministrator = "62e90394-69f5-4237-9190-012177145e10",
        AuthenticationAdministrator = "c4e39bd9-1100-46d3-8c65-fb160da0071f",
        PrivilegedAuthenticationAdministrator = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
        DirectoryReaders = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
        GuestInviter = "95e79109-95c0-4d8e-aee3-d01accf2d47b",
        PasswordAdministrator = "966707d0-3269-4727-9be2-8c3a10f19b9d",
        MessageCenterReader = "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",
        ReportsReader = "4a5d8f65-41da-4de4-8968-e035b65339cf",
        UsageSummaryReportsReader = "75934031-6c7e-415a-99d7-48dbd49e875e",
    }
}

wire_enum! {
    /// Role that may reset passwords *and* read operations, by the name under which it is shown and stored.
    ///
    /// <https://learn.microsoft.com/graph/api/authenticationmethod-resetpassword>,
    /// <https://learn.microsoft.com/graph/api/longrunningoperation-get>
    ResetRole, exact {
        AuthenticationAdministrator = "Authentication Administrator",
        PrivilegedAuthenticationAdministrator = "Privileged Authentication Administrator",
    }
}

impl ResetRole {
    /// Returns the reset role that an Entra role is. `None` if it may not reset passwords.
    fn from_role(role: &EntraRole) -> Option<Self> {
        match role {
            EntraRole::AuthenticationAdministrator => Some(Self::AuthenticationAdministrator),
            EntraRole::PrivilegedAuthenticationAdministrator => Some(Self::PrivilegedAuthenticationAdministrator),
            _ => None,
        }
    }
}

/// Part of the tenant in which a role is valid (`directoryScopeId`): `/` or `/administrativeUnits/{id}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct DirectoryScope(String);

impl DirectoryScope {
    /// Returns the scope of a role for the entire tenant.
    pub(crate) fn entire_tenant() -> Self {
        Self("/".to_owned())
    }

    pub(crate) fn is_entire_tenant(&self) -> bool {
        self.0 == "/"
    }

    /// Returns the id of the administrative unit, if the scope is one.
    pub(crate) fn administrative_unit(&self) -> Option<&str> {
        self.0.strip_prefix("/administrativeUnits/")
    }

    /// Returns the text as Graph writes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for DirectoryScope {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for DirectoryScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DirectoryScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Kind of a role assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AssignmentKind {
    Active,
    /// The person can activate the role.
    Eligible,
}

impl AssignmentKind {
    /// Returns the list of the role management API that contains these assignments.
    fn list_name(self) -> &'static str {
        match self {
            Self::Active => "roleAssignments",
            Self::Eligible => "roleEligibilityScheduleInstances",
        }
    }
}

/// Role that a person holds, or is eligible to activate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleAssignment {
    pub(crate) role: EntraRole,
    pub(crate) scope: DirectoryScope,
    pub(crate) kind: AssignmentKind,
}

/// Active assignment of a role that may reset passwords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResetRoleAssignment {
    pub(crate) role: ResetRole,
    pub(crate) scope: DirectoryScope,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleAssignmentResponse {
    role_definition_id: EntraRole,
    #[serde(default)]
    directory_scope_id: Option<DirectoryScope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleDefinition {
    display_name: String,
}

/// Returns true if the account holds, or is eligible for, the role Global Administrator.
///
/// Anyone with the portal's database and keys would then control the tenant.
pub(crate) fn is_overprivileged(held: &[RoleAssignment]) -> bool {
    held.iter().any(|assignment| assignment.role == EntraRole::GlobalAdministrator)
}

/// Returns an active role that may reset passwords. A scoped assignment is preferred to a tenant-wide one.
pub(crate) fn find_reset_role(held: &[RoleAssignment]) -> Option<ResetRoleAssignment> {
    let mut active: Vec<&RoleAssignment> = held.iter().filter(|a| a.kind == AssignmentKind::Active).collect();
    active.sort_by_key(|assignment| assignment.scope.is_entire_tenant());
    active.iter().find_map(|assignment| {
        let role = ResetRole::from_role(&assignment.role)?;
        Some(ResetRoleAssignment { role, scope: assignment.scope.clone() })
    })
}

impl GraphClient {
    /// Fetches all role assignments of a person: active and eligible, tenant-wide and scoped.
    pub(crate) async fn fetch_role_assignments(&self, id: ObjectId) -> Result<Vec<RoleAssignment>, GraphError> {
        let (mut held, eligible) = tokio::try_join!(
            self.fetch_assignments_of_kind(AssignmentKind::Active, id),
            self.fetch_assignments_of_kind(AssignmentKind::Eligible, id)
        )?;
        held.extend(eligible);
        Ok(held)
    }

    async fn fetch_assignments_of_kind(
        &self,
        kind: AssignmentKind,
        id: ObjectId,
    ) -> Result<Vec<RoleAssignment>, GraphError> {
        let mut url = self.url(&["roleManagement", "directory", kind.list_name()]);
        url.query_pairs_mut().append_pair("$filter", &format!("principalId eq '{id}'"));
        let found: Vec<RoleAssignmentResponse> = self.get_all_pages(url).await?;
        let held = |a: RoleAssignmentResponse| RoleAssignment {
            scope: a.directory_scope_id.unwrap_or_else(DirectoryScope::entire_tenant),
            role: a.role_definition_id,
            kind,
        };
        Ok(found.into_iter().map(held).collect())
    }

    /// Fetches the display name of a role.
    pub(crate) async fn fetch_role_name(&self, role: &EntraRole) -> Result<String, GraphError> {
        let mut url = self.url(&["roleManagement", "directory", "roleDefinitions", role.as_str()]);
        url.query_pairs_mut().append_pair("$select", "id,displayName");
        let role: RoleDefinition = self.get_json(url).await?;
        Ok(role.display_name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

    fn role_assignment(role: EntraRole, scope: &str, kind: AssignmentKind) -> RoleAssignment {
        RoleAssignment { role, scope: scope.to_owned().into(), kind }
    }

    #[test]
    fn scoped_role_is_preferred_and_eligible_role_is_ignored() {
        use AssignmentKind::{Active, Eligible};
        let role = || EntraRole::AuthenticationAdministrator;
        let both = [role_assignment(role(), "/", Active), role_assignment(role(), "/administrativeUnits/1", Active)];
        let found = find_reset_role(&both).unwrap();
        assert_eq!(
            (found.scope.as_str(), found.role),
            ("/administrativeUnits/1", ResetRole::AuthenticationAdministrator)
        );
        assert_eq!(find_reset_role(&[role_assignment(role(), "/", Eligible)]), None);
        assert_eq!(find_reset_role(&[role_assignment(EntraRole::GlobalAdministrator, "/", Active)]), None);
        let privileged = role_assignment(EntraRole::PrivilegedAuthenticationAdministrator, "/", Active);
        assert_eq!(find_reset_role(&[privileged]).unwrap().role, ResetRole::PrivilegedAuthenticationAdministrator);
    }

    #[test]
    fn global_administrator_is_overprivileged_also_if_eligible() {
        for kind in [AssignmentKind::Active, AssignmentKind::Eligible] {
            assert!(is_overprivileged(&[role_assignment(EntraRole::GlobalAdministrator, "/", kind)]));
        }
        let other = role_assignment(EntraRole::PrivilegedAuthenticationAdministrator, "/", AssignmentKind::Active);
        assert!(!is_overprivileged(&[other]));
    }

    #[test]
    fn roles_and_scope_keep_their_text() {
        check_wire_values::<EntraRole>();
        check_wire_values::<ResetRole>();
        assert!(!accepts_any_case::<EntraRole>() && !accepts_any_case::<ResetRole>());
        let parse = |response| serde_json::from_value::<RoleAssignmentResponse>(response).unwrap();
        let custom = parse(json!({ "roleDefinitionId": "a-custom-role", "directoryScopeId": null }));
        assert_eq!(custom.role_definition_id, EntraRole::Other("a-custom-role".to_owned()));
        assert_eq!(custom.directory_scope_id, None);
        let scoped = parse(json!({ "roleDefinitionId": "x", "directoryScopeId": "/administrativeUnits/7" }));
        let scope = scoped.directory_scope_id.unwrap();
        assert_eq!((scope.administrative_unit(), scope.is_entire_tenant()), (Some("7"), false));
        let tenant = DirectoryScope::entire_tenant();
        assert_eq!((tenant.to_string().as_str(), tenant.administrative_unit()), ("/", None));
        assert!(tenant.is_entire_tenant());
        assert!(serde_json::from_value::<RoleAssignmentResponse>(json!({ "directoryScopeId": "/" })).is_err());
    }
}
