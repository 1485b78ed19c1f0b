//! Applies Microsoft's table "Who can reset passwords" to the two roles that an operator can have.
//!
//! The portal applies the table itself, whatever Graph would allow. Source:
//! <https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions> (read 2026-08).

use crate::entra::RoleAssignment;

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
pub(super) fn is_outside_unit(scope: &str, units: Option<&[String]>) -> bool {
    let unit = scope.strip_prefix("/administrativeUnits/");
    unit.zip(units).is_some_and(|(unit, units)| !units.iter().any(|known| known.eq_ignore_ascii_case(unit)))
}

/// Template ids of the roles whose holders an Authentication Administrator may reset: Directory Readers, Guest Inviter,
/// Password Administrator, Message Center Reader, Reports Reader, Usage Summary Reports Reader, Authentication
/// Administrator.
const RESETTABLE_ROLES: [&str; 7] = [
    "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
    "95e79109-95c0-4d8e-aee3-d01accf2d47b",
    "966707d0-3269-4727-9be2-8c3a10f19b9d",
    "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",
    "4a5d8f65-41da-4de4-8968-e035b65339cf",
    "75934031-6c7e-415a-99d7-48dbd49e875e",
    "c4e39bd9-1100-46d3-8c65-fb160da0071f",
];

/// Returns why an operator with this role must not reset a person with these role assignments and flags.
pub(super) fn protection_for_roles(
    operator_role: &str,
    held: &[RoleAssignment],
    role_assignable: bool,
    restricted: bool,
) -> Option<ResetProtection> {
    if operator_role == "Privileged Authentication Administrator" {
        return None;
    }
    if role_assignable {
        return Some(ResetProtection::RoleAssignableGroup);
    }
    if restricted {
        return Some(ResetProtection::RestrictedUnit);
    }
    held.iter()
        .any(|role| !RESETTABLE_ROLES.contains(&role.role_template_id.as_str()))
        .then_some(ResetProtection::PrivilegedRole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

    fn role_assignment(template: &str, eligible: bool) -> RoleAssignment {
        RoleAssignment { role_template_id: template.to_owned(), scope: "/".to_owned(), is_eligible: eligible }
    }

    #[test]
    fn authentication_administrator_may_reset_only_roles_in_table() {
        let by = |held: &[RoleAssignment], group, restricted| {
            protection_for_roles("Authentication Administrator", held, group, restricted)
        };
        assert_eq!(by(&[], false, false), None);
        assert_eq!(by(&[role_assignment(RESETTABLE_ROLES[0], false)], false, false), None);
        assert_eq!(
            by(&[role_assignment(GLOBAL_ADMINISTRATOR, false)], false, false),
            Some(ResetProtection::PrivilegedRole)
        );
        assert_eq!(
            by(&[role_assignment(GLOBAL_ADMINISTRATOR, true)], false, false),
            Some(ResetProtection::PrivilegedRole),
            "eligible counts as active"
        );
        assert_eq!(by(&[role_assignment("a-custom-role", false)], false, false), Some(ResetProtection::PrivilegedRole));
        assert_eq!(by(&[], true, false), Some(ResetProtection::RoleAssignableGroup));
        assert_eq!(by(&[], false, true), Some(ResetProtection::RestrictedUnit));
    }

    #[test]
    fn unit_scoped_role_protects_non_members_but_not_unknown_units() {
        let units = ["A".to_owned(), "b".to_owned()];
        assert!(!is_outside_unit("/administrativeUnits/a", Some(&units)));
        assert!(is_outside_unit("/administrativeUnits/c", Some(&units)));
        assert!(is_outside_unit("/administrativeUnits/c", Some(&[])));
        assert!(!is_outside_unit("/administrativeUnits/c", None));
        assert!(!is_outside_unit("/", Some(&units)), "a tenant-wide scope");
    }
}
