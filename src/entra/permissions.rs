//! Compares the permissions that the portal needs with those it was granted.
//!
//! Doctor, setup and the contract tests share these lists. Granted permissions are read from the access tokens.
//! Microsoft says that clients must not read their access tokens
//! (<https://learn.microsoft.com/entra/identity-platform/access-tokens>, read 2026-11-25), but offers no other way to
//! see an application's own permissions without a further permission.
//!
//! - The result is only reported. No decision depends on it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::graph::{GraphClient, GraphError};
use super::operator::{OperatorClient, OperatorError};
use crate::base::Secret;

/// Application permissions that the portal needs, each with its reason.
pub(crate) const APPLICATION_PERMISSIONS: [(&str, &str); 7] = [
    ("User.Read.All", "who somebody is, where the password lives, who speaks for them"),
    ("Organization.Read.All", "when the directory was last synchronised"),
    ("AuditLog.Read.All", "who carried a password, and new ways to sign in"),
    ("Policy.Read.All", "whether the policy behind the context proves anything"),
    ("RoleManagement.Read.Directory", "who holds a role that protects them"),
    ("GroupMember.Read.All", "who is in a role-assignable group"),
    ("Device.Read.All", "which last steps fit somebody's devices"),
];
/// Application permissions that optional features need, each with its reason.
pub(crate) const OPTIONAL_APPLICATION_PERMISSIONS: [(&str, &str); 3] = [
    ("Mail.Send", "notices by Graph (notify.kind = \"graph\")"),
    ("IdentityRiskyUser.Read.All", "risk at the desk and for approvals (Entra ID P2)"),
    ("IdentityRiskyUser.ReadWrite.All", "dismissing a risk after a reset (Entra ID P2)"),
];
/// Delegated permissions that the operator needs, each with its reason.
pub(crate) const DELEGATED_PERMISSIONS: [(&str, &str); 2] = [
    ("UserAuthenticationMethod.ReadWrite.All", "the reset itself, asking how it stands, Temporary Access Passes"),
    ("User.RevokeSessions.All", "signing somebody out everywhere"),
];
/// Scopes that are accepted on the operator's token without being needed: every sign-in brings some of them.
const SIGN_IN_SCOPES: [&str; 6] = ["openid", "profile", "email", "offline_access", "User.Read", "User.ReadWrite"];
/// Permissions that the application must not hold. As application permissions they also cover administrators, so that
/// anyone who takes over the portal would control the tenant.
pub(crate) const FORBIDDEN_APPLICATION_PERMISSIONS: [&str; 2] =
    ["UserAuthenticationMethod.ReadWrite.All", "User-PasswordProfile.ReadWrite.All"];

/// Differences between granted and expected permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PermissionReview {
    pub(crate) missing: Vec<String>,
    pub(crate) unneeded: Vec<String>,
    pub(crate) forbidden: Vec<String>,
}

/// Compares granted permissions with those that are needed, allowed and forbidden.
pub(crate) fn review_permissions(
    granted: &[String],
    needed: &[&str],
    allowed: &[&str],
    forbidden: &[&str],
) -> PermissionReview {
    let has = |name: &&&str| granted.iter().any(|granted| granted == **name);
    PermissionReview {
        missing: needed.iter().filter(|name| !has(name)).map(|name| (*name).to_owned()).collect(),
        forbidden: forbidden.iter().filter(has).map(|name| (*name).to_owned()).collect(),
        unneeded: granted
            .iter()
            .filter(|name| ![needed, allowed, forbidden].iter().any(|list| list.contains(&name.as_str())))
            .cloned()
            .collect(),
    }
}

/// Reviews the application's own permissions. `Mail.Send` is needed only if mail is sent through Graph.
pub(crate) fn review_application_permissions(granted: &[String], by_graph_mail: bool) -> PermissionReview {
    let mut needed: Vec<&str> = APPLICATION_PERMISSIONS.iter().map(|(name, _)| *name).collect();
    if by_graph_mail {
        needed.push("Mail.Send");
    }
    let allowed: Vec<&str> =
        OPTIONAL_APPLICATION_PERMISSIONS.iter().map(|(name, _)| *name).filter(|name| *name != "Mail.Send").collect();
    review_permissions(granted, &needed, &allowed, &FORBIDDEN_APPLICATION_PERMISSIONS)
}

/// Reviews the operator's delegated permissions.
pub(crate) fn review_operator_permissions(granted: &[String]) -> PermissionReview {
    let needed: Vec<&str> = DELEGATED_PERMISSIONS.iter().map(|(name, _)| *name).collect();
    review_permissions(granted, &needed, &SIGN_IN_SCOPES, &[])
}

#[derive(Deserialize)]
struct AccessTokenClaims {
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scp: String,
}

fn decode_access_token(token: &Secret) -> Option<AccessTokenClaims> {
    let payload = token.expose_secret().split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

impl GraphClient {
    /// Returns the permissions in the application's own token, fetching one if needed. `None` if it cannot be decoded.
    pub(crate) async fn fetch_application_permissions(&self) -> Result<Option<Vec<String>>, GraphError> {
        let token = self.app_token.access_token().await.map_err(GraphError::Token)?;
        Ok(decode_access_token(&token).map(|claims| claims.roles))
    }
}

impl OperatorClient {
    /// Returns the permissions in the operator's stored access token. `None` if there is no valid token or it cannot be
    /// decoded. Renews nothing.
    pub(crate) async fn load_delegated_permissions(&self) -> Result<Option<Vec<String>>, OperatorError> {
        let Some(token) = self.load_stored_token().await? else { return Ok(None) };
        Ok(decode_access_token(&token).map(|claims| claims.scp.split_whitespace().map(str::to_owned).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required_permissions() -> Vec<String> {
        APPLICATION_PERMISSIONS.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    #[test]
    fn permission_review_separates_missing_unneeded_and_forbidden() {
        assert_eq!(review_application_permissions(&required_permissions(), false), PermissionReview::default());
        let few: Vec<String> = required_permissions().into_iter().filter(|name| name != "Policy.Read.All").collect();
        assert_eq!(review_application_permissions(&few, false).missing, ["Policy.Read.All"]);
        let many = [
            required_permissions(),
            vec!["Directory.ReadWrite.All".to_owned(), FORBIDDEN_APPLICATION_PERMISSIONS[1].to_owned()],
        ]
        .concat();
        let consent = review_application_permissions(&many, false);
        assert_eq!(
            (consent.unneeded, consent.forbidden),
            (vec!["Directory.ReadWrite.All".to_owned()], vec![FORBIDDEN_APPLICATION_PERMISSIONS[1].to_owned()])
        );
        let risk = [required_permissions(), vec!["IdentityRiskyUser.Read.All".to_owned()]].concat();
        assert_eq!(review_application_permissions(&risk, false), PermissionReview::default(), "optional");
        let mail = [required_permissions(), vec!["Mail.Send".to_owned()]].concat();
        assert_eq!(
            review_application_permissions(&mail, false).unneeded,
            ["Mail.Send"],
            "only where mail goes that way"
        );
        assert_eq!(review_application_permissions(&mail, true), PermissionReview::default());
        assert_eq!(review_application_permissions(&required_permissions(), true).missing, ["Mail.Send"]);
        let operator = ["openid", "UserAuthenticationMethod.ReadWrite.All"].map(str::to_owned);
        assert_eq!(review_operator_permissions(&operator).missing, ["User.RevokeSessions.All"]);
    }

    #[test]
    fn undecodable_token_has_no_permissions() {
        let token = |text: &str| decode_access_token(&Secret::new(text.to_owned())).map(|claims| claims.roles);
        let body = URL_SAFE_NO_PAD.encode(r#"{"roles":["A"],"scp":"b c"}"#);
        assert_eq!(token(&format!("x.{body}.y")), Some(vec!["A".to_owned()]));
        for none in ["", "x", "x.y.z", "x.e30=.y..", "ünsinn.ß.ß"] {
            assert!(token(none).is_none_or(|roles| roles.is_empty()), "{none}");
        }
    }
}
