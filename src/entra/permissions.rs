//! Compares the permissions that the portal needs with those it was granted.
//!
//! Doctor, setup and the contract tests share these lists.
//!
//! - The result is only reported. No decision depends on it.

use std::fmt::Display;

use super::wire_value::wire_enum;
use crate::config::NotifyKind;

wire_enum! {
    /// Application permission at Graph (claim `roles` of the application's token).
    AppPermission, exact {
        UserReadAll = "User.Read.All",
        OrganizationReadAll = "Organization.Read.All",
        AuditLogReadAll = "AuditLog.Read.All",
        PolicyReadAll = "Policy.Read.All",
        RoleManagementReadDirectory = "RoleManagement.Read.Directory",
        GroupMemberReadAll = "GroupMember.Read.All",
        DeviceReadAll = "Device.Read.All",
        MailSend = "Mail.Send",
        IdentityRiskyUserReadAll = "IdentityRiskyUser.Read.All",
        IdentityRiskyUserReadWriteAll = "IdentityRiskyUser.ReadWrite.All",
        UserAuthenticationMethodReadWriteAll = "UserAuthenticationMethod.ReadWrite.All",
        UserPasswordProfileReadWriteAll = "User-PasswordProfile.ReadWrite.All",
    }
}

impl AppPermission {
    /// Returns true if the permission includes reading risks in Identity Protection.
    pub(crate) fn can_read_user_risk(&self) -> bool {
        matches!(self, Self::IdentityRiskyUserReadAll | Self::IdentityRiskyUserReadWriteAll)
    }
}

wire_enum! {
    /// Scope of a sign-in: a delegated permission at Graph, or a scope of OpenID Connect.
    GraphScope, exact {
        OpenId = "openid",
        Profile = "profile",
        Email = "email",
        OfflineAccess = "offline_access",
        UserRead = "User.Read",
        UserReadWrite = "User.ReadWrite",
        UserAuthenticationMethodReadWriteAll = "UserAuthenticationMethod.ReadWrite.All",
        UserRevokeSessionsAll = "User.RevokeSessions.All",
    }
}

/// Application permissions that the portal needs, each with its reason.
pub(crate) static APPLICATION_PERMISSIONS: [(AppPermission, &str); 7] = [
    (AppPermission::UserReadAll, "who somebody is, where the password lives, who speaks for them"),
    (AppPermission::OrganizationReadAll, "when the directory was last synchronised"),
    (AppPermission::AuditLogReadAll, "who carried a password, and new ways to sign in"),
    (AppPermission::PolicyReadAll, "whether the policy behind the context proves anything"),
    (AppPermission::RoleManagementReadDirectory, "who holds a role that protects them"),
    (AppPermission::GroupMemberReadAll, "who is in a role-assignable group"),
    (AppPermission::DeviceReadAll, "which last steps fit somebody's devices"),
];
/// Application permissions that optional features need: notices by Graph (`notify.kind = "graph"`), risk at the
/// helpdesk and for approvals, and dismissing a risk after a reset (both Entra ID P2).
static OPTIONAL_APPLICATION_PERMISSIONS: [AppPermission; 3] =
    [AppPermission::MailSend, AppPermission::IdentityRiskyUserReadAll, AppPermission::IdentityRiskyUserReadWriteAll];
/// Permissions that the application must not hold. As application permissions they also cover administrators, so that
/// anyone who takes over the portal would control the tenant.
pub(crate) static FORBIDDEN_APPLICATION_PERMISSIONS: [AppPermission; 2] =
    [AppPermission::UserAuthenticationMethodReadWriteAll, AppPermission::UserPasswordProfileReadWriteAll];
/// Delegated permissions that the operator needs, each with its reason.
pub(crate) static DELEGATED_PERMISSIONS: [(GraphScope, &str); 2] = [
    (
        GraphScope::UserAuthenticationMethodReadWriteAll,
        "the reset itself, asking how it stands, Temporary Access Passes",
    ),
    (GraphScope::UserRevokeSessionsAll, "signing somebody out everywhere"),
];
/// Scopes that are accepted on the operator's token without being needed: every sign-in brings some of them.
static SIGN_IN_SCOPES: [GraphScope; 6] = [
    GraphScope::OpenId,
    GraphScope::Profile,
    GraphScope::Email,
    GraphScope::OfflineAccess,
    GraphScope::UserRead,
    GraphScope::UserReadWrite,
];

/// Differences between granted and expected permissions, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PermissionReview {
    pub(crate) missing: Vec<String>,
    pub(crate) unneeded: Vec<String>,
    pub(crate) forbidden: Vec<String>,
}

/// Compares granted permissions with those that are needed, allowed and forbidden.
fn review_permissions<P: PartialEq + Display>(
    granted: &[P],
    needed: &[&P],
    allowed: &[&P],
    forbidden: &[&P],
) -> PermissionReview {
    let names = |list: &[&P], is_granted: bool| {
        list.iter().filter(|p| granted.contains(**p) == is_granted).map(ToString::to_string).collect()
    };
    PermissionReview {
        missing: names(needed, false),
        forbidden: names(forbidden, true),
        unneeded: granted
            .iter()
            .filter(|granted| ![needed, allowed, forbidden].iter().any(|list| list.contains(granted)))
            .map(ToString::to_string)
            .collect(),
    }
}

/// Reviews the application's own permissions. `Mail.Send` is needed only if mail is sent through Graph.
pub(crate) fn review_application_permissions(granted: &[AppPermission], mail: NotifyKind) -> PermissionReview {
    let mut needed: Vec<&AppPermission> = APPLICATION_PERMISSIONS.iter().map(|(permission, _)| permission).collect();
    if mail == NotifyKind::Graph {
        needed.push(&AppPermission::MailSend);
    }
    let allowed: Vec<&AppPermission> =
        OPTIONAL_APPLICATION_PERMISSIONS.iter().filter(|p| **p != AppPermission::MailSend).collect();
    let forbidden: Vec<&AppPermission> = FORBIDDEN_APPLICATION_PERMISSIONS.iter().collect();
    review_permissions(granted, &needed, &allowed, &forbidden)
}

/// Reviews the operator's delegated permissions.
pub(crate) fn review_operator_permissions(granted: &[GraphScope]) -> PermissionReview {
    let needed: Vec<&GraphScope> = DELEGATED_PERMISSIONS.iter().map(|(scope, _)| scope).collect();
    review_permissions(granted, &needed, &SIGN_IN_SCOPES.iter().collect::<Vec<_>>(), &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

    const BY_GRAPH: NotifyKind = NotifyKind::Graph;
    const BY_SMTP: NotifyKind = NotifyKind::Smtp;

    fn required_permissions() -> Vec<AppPermission> {
        APPLICATION_PERMISSIONS.iter().map(|(permission, _)| permission.clone()).collect()
    }

    #[test]
    fn permissions_and_scopes_keep_their_text() {
        check_wire_values::<AppPermission>();
        check_wire_values::<GraphScope>();
        assert!(!accepts_any_case::<AppPermission>() && !accepts_any_case::<GraphScope>());
    }

    #[test]
    fn permission_review_separates_missing_unneeded_and_forbidden() {
        assert_eq!(review_application_permissions(&required_permissions(), BY_SMTP), PermissionReview::default());
        let few: Vec<AppPermission> =
            required_permissions().into_iter().filter(|name| *name != AppPermission::PolicyReadAll).collect();
        assert_eq!(review_application_permissions(&few, BY_SMTP).missing, ["Policy.Read.All"]);
        let many = [
            required_permissions(),
            vec![
                AppPermission::Other("Directory.ReadWrite.All".to_owned()),
                FORBIDDEN_APPLICATION_PERMISSIONS[1].clone(),
            ],
        ]
        .concat();
        let consent = review_application_permissions(&many, BY_SMTP);
        assert_eq!(
            (consent.unneeded, consent.forbidden),
            (vec!["Directory.ReadWrite.All".to_owned()], vec![FORBIDDEN_APPLICATION_PERMISSIONS[1].to_string()])
        );
        let risk = [required_permissions(), vec![AppPermission::IdentityRiskyUserReadAll]].concat();
        assert_eq!(review_application_permissions(&risk, BY_SMTP), PermissionReview::default(), "optional");
        let mail = [required_permissions(), vec![AppPermission::MailSend]].concat();
        assert_eq!(
            review_application_permissions(&mail, BY_SMTP).unneeded,
            ["Mail.Send"],
            "only where mail goes that way"
        );
        assert_eq!(review_application_permissions(&mail, BY_GRAPH), PermissionReview::default());
        assert_eq!(review_application_permissions(&required_permissions(), BY_GRAPH).missing, ["Mail.Send"]);
        let operator = [GraphScope::OpenId, GraphScope::UserAuthenticationMethodReadWriteAll];
        assert_eq!(review_operator_permissions(&operator).missing, ["User.RevokeSessions.All"]);
    }

    #[test]
    fn either_risk_permission_reads_risk() {
        let reading: Vec<&str> = OPTIONAL_APPLICATION_PERMISSIONS
            .iter()
            .filter(|p| p.can_read_user_risk())
            .map(AppPermission::as_str)
            .collect();
        assert_eq!(reading, ["IdentityRiskyUser.Read.All", "IdentityRiskyUser.ReadWrite.All"]);
    }
}
