//! Permissions that each call requires. A contract test compares every rule with Microsoft's permission tables.

/// The permissions of one call: method, path below `/v1.0` (or with `/beta`), delegated permissions and application
/// permissions. Any one permission of the list suffices; an empty list permits no token of that kind.
pub type PermissionRule = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const METHODS_READ: &[&str] = &[
    "UserAuthenticationMethod.Read",
    "UserAuthenticationMethod.Read.All",
    "UserAuthenticationMethod.ReadWrite",
    "UserAuthenticationMethod.ReadWrite.All",
];
const USER_READ_ALL: &[&str] =
    &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
const MEMBER_READ: &[&str] =
    &["GroupMember.Read.All", "User.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"];
const SESSIONS_REVOKE: &[&str] = &["User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"];
const PASS_WRITE: &[&str] = &["UserAuthenticationMethod.ReadWrite.All", "UserAuthMethod-TAP.ReadWrite.All"];
const AUDIT_LOG_READ: &[&str] = &["AuditLog.Read.All"];
const ORGANIZATION_READ: &[&str] = &["Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All"];
const ROLES_READ: &[&str] = &["RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All"];
const ELIGIBILITY_READ: &[&str] =
    &["RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"];
const POLICY_READ: &[&str] = &["Policy.Read.All"];
const RISK_READ: &[&str] = &["IdentityRiskyUser.Read.All", "IdentityRiskyUser.ReadWrite.All"];
const RISK_WRITE: &[&str] = &["IdentityRiskyUser.ReadWrite.All"];
const DEVICES_READ: &[&str] = &["Device.Read.All", "Directory.Read.All"];

/// The permissions of all calls. A call without a rule is rejected with 400.
pub const PERMISSION_RULES: &[PermissionRule] = &[
    ("GET", "/me", &["User.Read", "User.ReadBasic.All", "User.Read.All"], &[]),
    ("GET", "/users", &["User.ReadBasic.All", "User.Read.All", "Directory.Read.All"], USER_READ_ALL),
    ("GET", "/users/$count", &["User.Read.All", "Directory.Read.All"], USER_READ_ALL),
    ("GET", "/users/{id}", &["User.Read", "User.ReadBasic.All", "User.Read.All", "Directory.Read.All"], USER_READ_ALL),
    ("GET", "/users/{id}/manager", &["User.Read.All", "Directory.Read.All"], USER_READ_ALL),
    ("GET", "/users/{id}/registeredDevices", DEVICES_READ, DEVICES_READ),
    ("GET", "/users/{id}/transitiveMemberOf", MEMBER_READ, MEMBER_READ),
    ("GET", "/users/{id}/transitiveMemberOf/microsoft.graph.directoryRole", MEMBER_READ, MEMBER_READ),
    ("GET", "/users/{id}/transitiveMemberOf/microsoft.graph.group", MEMBER_READ, MEMBER_READ),
    ("POST", "/users/{id}/revokeSignInSessions", SESSIONS_REVOKE, SESSIONS_REVOKE),
    (
        "GET",
        "/users/{id}/authentication/methods",
        METHODS_READ,
        &["UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"],
    ),
    (
        "POST",
        "/users/{id}/authentication/methods/{method}/resetPassword",
        &["UserAuthenticationMethod.ReadWrite.All"],
        &[],
    ),
    ("GET", "/users/{id}/authentication/operations/{operation}", METHODS_READ, &[]),
    (
        "GET",
        "/users/{id}/authentication/temporaryAccessPassMethods",
        METHODS_READ,
        &["UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"],
    ),
    ("POST", "/users/{id}/authentication/temporaryAccessPassMethods", PASS_WRITE, PASS_WRITE),
    (
        "GET",
        "/users/{id}/authentication/temporaryAccessPassMethods/{pass}",
        METHODS_READ,
        &["UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"],
    ),
    ("DELETE", "/users/{id}/authentication/temporaryAccessPassMethods/{pass}", PASS_WRITE, PASS_WRITE),
    ("POST", "/users/{id}/sendMail", &["Mail.Send"], &["Mail.Send"]),
    ("POST", "/beta/users/validatePassword", &["User.ReadWrite", "User.ReadWrite.All"], &[]),
    ("GET", "/organization", ORGANIZATION_READ, ORGANIZATION_READ),
    ("GET", "/auditLogs/directoryAudits", AUDIT_LOG_READ, AUDIT_LOG_READ),
    ("GET", "/roleManagement/directory/roleAssignments", ROLES_READ, ROLES_READ),
    ("GET", "/roleManagement/directory/roleEligibilityScheduleInstances", ELIGIBILITY_READ, ELIGIBILITY_READ),
    ("GET", "/roleManagement/directory/roleDefinitions/{id}", ROLES_READ, ROLES_READ),
    ("GET", "/reports/authenticationMethods/userRegistrationDetails/{id}", AUDIT_LOG_READ, AUDIT_LOG_READ),
    ("GET", "/identityProtection/riskyUsers/{id}", RISK_READ, RISK_READ),
    ("POST", "/identityProtection/riskyUsers/dismiss", RISK_WRITE, RISK_WRITE),
    ("GET", "/identity/conditionalAccess/policies", POLICY_READ, POLICY_READ),
    ("GET", "/policies/authenticationStrengthPolicies/{id}", POLICY_READ, POLICY_READ),
];

/// Finds the rule of a call by method and matched route.
pub(super) fn find_rule(method: &str, path: &str) -> Option<&'static PermissionRule> {
    PERMISSION_RULES.iter().find(|(m, p, _, _)| *m == method && *p == path)
}

/// Returns whether reading a user property requires `User.Read.All` or a higher permission.
pub(super) fn needs_read_all(property: &str) -> bool {
    property.starts_with("onPremises") || property == "lastPasswordChangeDateTime"
}
