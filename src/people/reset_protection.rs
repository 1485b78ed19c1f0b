//! Applies Microsoft's table "Who can reset passwords" to the two roles that an operator can have.
//!
//! The portal applies the table itself, whatever Graph would allow. Source:
//! <https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions> (read 2026-08).

use crate::entra::{DirectoryScope, EntraRole, ResetRole, RoleAssignment};

/// Reason why an operator must not reset a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResetProtection {
    PrivilegedRole,
    RoleAssignableGroup,
    RestrictedUnit,
    /// The operator's role covers one administrative unit, and the person is not a member of it.
    OutsideUnit,
}

/// Returns whether a role with this scope does not cover a member of these administrative units. Unknown units do not
/// count as outside, because Graph rejects such a reset itself.
pub(super) fn is_outside_unit(scope: &DirectoryScope, units: Option<&[String]>) -> bool {
    let unit = scope.administrative_unit();
    unit.zip(units).is_some_and(|(unit, units)| !units.iter().any(|known| known.eq_ignore_ascii_case(unit)))
}

/// Roles whose holders an Authentication Administrator may reset.
static RESETTABLE_ROLES: [EntraRole; 7] = [
    EntraRole::DirectoryReaders,
    EntraRole::GuestInviter,
    EntraRole::PasswordAdministrator,
    EntraRole::MessageCenterReader,
    EntraRole::ReportsReader,
    EntraRole::UsageSummaryReportsReader,
    EntraRole::AuthenticationAdministrator,
];

/// Returns why an operator with this role must not reset a person with these role assignments and flags.
pub(super) fn protection_for_roles(
    operator_role: &ResetRole,
    held: &[RoleAssignment],
    role_assignable: bool,
    restricted: bool,
) -> Option<ResetProtection> {
    if *operator_role == ResetRole::PrivilegedAuthenticationAdministrator {
        return None;
    }
    if role_assignable {
        return Some(ResetProtection::RoleAssignableGroup);
    }
    if restricted {
        return Some(ResetProtection::RestrictedUnit);
    }
    held.iter()
        .any(|assignment| !RESETTABLE_ROLES.contains(&assignment.role))
        .then_some(ResetProtection::PrivilegedRole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::AssignmentKind;

    fn role_assignment(role: EntraRole, kind: AssignmentKind) -> RoleAssignment {
        RoleAssignment { role, scope: DirectoryScope::entire_tenant(), kind }
    }

    #[test]
    fn authentication_administrator_may_reset_only_roles_in_table() {
        use AssignmentKind::{Active, Eligible};
        let by = |held: &[RoleAssignment], group, restricted| {
            protection_for_roles(&ResetRole::AuthenticationAdministrator, held, group, restricted)
        };
        assert_eq!(by(&[], false, false), None);
        assert_eq!(by(&[role_assignment(RESETTABLE_ROLES[0].clone(), Active)], false, false), None);
        assert_eq!(
            by(&[role_assignment(EntraRole::GlobalAdministrator, Active)], false, false),
            Some(ResetProtection::PrivilegedRole)
        );
        assert_eq!(
            by(&[role_assignment(EntraRole::GlobalAdministrator, Eligible)], false, false),
            Some(ResetProtection::PrivilegedRole),
            "eligible counts as active"
        );
        let custom = EntraRole::Other("a-custom-role".to_owned());
        assert_eq!(by(&[role_assignment(custom, Active)], false, false), Some(ResetProtection::PrivilegedRole));
        assert_eq!(by(&[], true, false), Some(ResetProtection::RoleAssignableGroup));
        assert_eq!(by(&[], false, true), Some(ResetProtection::RestrictedUnit));
    }

    #[test]
    fn unit_scoped_role_protects_non_members_but_not_unknown_units() {
        let units = ["A".to_owned(), "b".to_owned()];
        let is_outside = |scope: &str, units: Option<&[String]>| is_outside_unit(&scope.to_owned().into(), units);
        assert!(!is_outside("/administrativeUnits/a", Some(&units)));
        assert!(is_outside("/administrativeUnits/c", Some(&units)));
        assert!(is_outside("/administrativeUnits/c", Some(&[])));
        assert!(!is_outside("/administrativeUnits/c", None));
        assert!(!is_outside("/", Some(&units)), "a tenant-wide scope");
    }
}
