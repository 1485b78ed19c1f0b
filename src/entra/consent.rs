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
pub(crate) const APPLICATION: [(&str, &str); 7] = [
    ("User.Read.All", "who somebody is, where the password lives, who speaks for them"),
    ("Organization.Read.All", "when the directory was last synchronised"),
    ("AuditLog.Read.All", "who carried a password, and new ways to sign in"),
    ("Policy.Read.All", "whether the policy behind the context proves anything"),
    ("RoleManagement.Read.Directory", "who holds a role that protects them"),
    ("GroupMember.Read.All", "who is in a role-assignable group"),
    ("Device.Read.All", "which last steps fit somebody's devices"),
];
/// Application permissions that optional features need, each with its reason.
pub(crate) const OPTIONAL: [(&str, &str); 3] = [
    ("Mail.Send", "notices by Graph (notify.kind = \"graph\")"),
    ("IdentityRiskyUser.Read.All", "risk at the desk and for approvals (Entra ID P2)"),
    ("IdentityRiskyUser.ReadWrite.All", "dismissing a risk after a reset (Entra ID P2)"),
];
/// Delegated permissions that the operator needs, each with its reason.
pub(crate) const DELEGATED: [(&str, &str); 2] = [
    ("UserAuthenticationMethod.ReadWrite.All", "the reset itself, asking how it stands, Temporary Access Passes"),
    ("User.RevokeSessions.All", "signing somebody out everywhere"),
];
/// Scopes that are accepted on the operator's token without being needed: every sign-in brings some of them.
const ALONG: [&str; 6] = ["openid", "profile", "email", "offline_access", "User.Read", "User.ReadWrite"];
/// Permissions that the application must not hold. As application permissions they also cover administrators, so that
/// anyone who takes over the portal would control the tenant.
pub(crate) const FORBIDDEN: [&str; 2] =
    ["UserAuthenticationMethod.ReadWrite.All", "User-PasswordProfile.ReadWrite.All"];

/// Differences between granted and expected permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PermissionReview {
    pub(crate) missing: Vec<String>,
    pub(crate) unneeded: Vec<String>,
    pub(crate) forbidden: Vec<String>,
}

/// Compares granted permissions with those that are needed, allowed and forbidden.
pub(crate) fn judge(granted: &[String], needed: &[&str], allowed: &[&str], forbidden: &[&str]) -> PermissionReview {
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
pub(crate) fn of_application(granted: &[String], by_graph_mail: bool) -> PermissionReview {
    let mut needed: Vec<&str> = APPLICATION.iter().map(|(name, _)| *name).collect();
    if by_graph_mail {
        needed.push("Mail.Send");
    }
    let allowed: Vec<&str> = OPTIONAL.iter().map(|(name, _)| *name).filter(|name| *name != "Mail.Send").collect();
    judge(granted, &needed, &allowed, &FORBIDDEN)
}

/// Reviews the operator's delegated permissions.
pub(crate) fn of_operator(granted: &[String]) -> PermissionReview {
    let needed: Vec<&str> = DELEGATED.iter().map(|(name, _)| *name).collect();
    judge(granted, &needed, &ALONG, &[])
}

#[derive(Deserialize)]
struct AccessTokenClaims {
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scp: String,
}

fn claims(token: &Secret) -> Option<AccessTokenClaims> {
    let payload = token.expose_secret().split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

impl GraphClient {
    /// Returns the permissions in the application's own token, fetching one if needed. `None` if it cannot be decoded.
    pub(crate) async fn application_permissions(&self) -> Result<Option<Vec<String>>, GraphError> {
        let token = self.application.token().await.map_err(GraphError::Token)?;
        Ok(claims(&token).map(|claims| claims.roles))
    }
}

impl OperatorClient {
    /// Returns the permissions in the operator's stored access token. `None` if there is no valid token or it cannot be
    /// decoded. Renews nothing.
    pub(crate) async fn delegated_permissions(&self) -> Result<Option<Vec<String>>, OperatorError> {
        let Some(token) = self.kept_token().await? else { return Ok(None) };
        Ok(claims(&token).map(|claims| claims.scp.split_whitespace().map(str::to_owned).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<String> {
        APPLICATION.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    #[test]
    fn too_few_too_many_and_the_two_forbidden_ones_are_told_apart() {
        assert_eq!(of_application(&all(), false), PermissionReview::default());
        let few: Vec<String> = all().into_iter().filter(|name| name != "Policy.Read.All").collect();
        assert_eq!(of_application(&few, false).missing, ["Policy.Read.All"]);
        let many = [all(), vec!["Directory.ReadWrite.All".to_owned(), FORBIDDEN[1].to_owned()]].concat();
        let consent = of_application(&many, false);
        assert_eq!(
            (consent.unneeded, consent.forbidden),
            (vec!["Directory.ReadWrite.All".to_owned()], vec![FORBIDDEN[1].to_owned()])
        );
        let risk = [all(), vec!["IdentityRiskyUser.Read.All".to_owned()]].concat();
        assert_eq!(of_application(&risk, false), PermissionReview::default(), "optional");
        let mail = [all(), vec!["Mail.Send".to_owned()]].concat();
        assert_eq!(of_application(&mail, false).unneeded, ["Mail.Send"], "only where mail goes that way");
        assert_eq!(of_application(&mail, true), PermissionReview::default());
        assert_eq!(of_application(&all(), true).missing, ["Mail.Send"]);
        let operator = ["openid", "UserAuthenticationMethod.ReadWrite.All"].map(str::to_owned);
        assert_eq!(of_operator(&operator).missing, ["User.RevokeSessions.All"]);
    }

    #[test]
    fn a_token_that_is_none_tells_nothing() {
        let token = |text: &str| claims(&Secret::new(text.to_owned())).map(|claims| claims.roles);
        let body = URL_SAFE_NO_PAD.encode(r#"{"roles":["A"],"scp":"b c"}"#);
        assert_eq!(token(&format!("x.{body}.y")), Some(vec!["A".to_owned()]));
        for none in ["", "x", "x.y.z", "x.e30=.y..", "ünsinn.ß.ß"] {
            assert!(token(none).is_none_or(|roles| roles.is_empty()), "{none}");
        }
    }
}
