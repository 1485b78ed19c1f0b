//! Reads the granted permissions from the access tokens.
//!
//! Microsoft says that clients must not read their access tokens
//! (<https://learn.microsoft.com/entra/identity-platform/access-tokens>, read 2026-11-25), but offers no other way to
//! see an application's own permissions without a further permission.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::graph::GraphClient;
use super::graph_error::GraphError;
use super::operator::{OperatorClient, OperatorError};
use super::permissions::{AppPermission, GraphScope};
use crate::base::Secret;

#[derive(Deserialize)]
struct AccessTokenClaims {
    #[serde(default)]
    roles: Vec<AppPermission>,
    /// Scopes, separated by blanks.
    #[serde(default)]
    scp: String,
}

fn decode_access_token(token: &Secret) -> Option<AccessTokenClaims> {
    let payload = token.expose_secret().split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

impl AccessTokenClaims {
    fn scopes(&self) -> Vec<GraphScope> {
        self.scp.split_whitespace().map(|scope| scope.to_owned().into()).collect()
    }
}

impl GraphClient {
    /// Returns the permissions in the application's own token, fetching one if needed. `None` if it cannot be decoded.
    pub(crate) async fn fetch_application_permissions(&self) -> Result<Option<Vec<AppPermission>>, GraphError> {
        let token = self.app_token.access_token().await.map_err(GraphError::Token)?;
        Ok(decode_access_token(&token).map(|claims| claims.roles))
    }
}

impl OperatorClient {
    /// Returns the permissions in the operator's stored access token. `None` if there is no valid token or it cannot be
    /// decoded. Renews nothing.
    pub(crate) async fn load_delegated_permissions(&self) -> Result<Option<Vec<GraphScope>>, OperatorError> {
        let Some(token) = self.load_stored_token().await? else { return Ok(None) };
        Ok(decode_access_token(&token).map(|claims| claims.scopes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undecodable_token_has_no_permissions() {
        let token = |text: &str| decode_access_token(&Secret::new(text.to_owned())).map(|claims| claims.roles);
        let body = URL_SAFE_NO_PAD.encode(r#"{"roles":["A"],"scp":"b c"}"#);
        assert_eq!(token(&format!("x.{body}.y")), Some(vec![AppPermission::Other("A".to_owned())]));
        for none in ["", "x", "x.y.z", "x.e30=.y..", "ünsinn.ß.ß"] {
            assert!(token(none).is_none_or(|roles| roles.is_empty()), "{none}");
        }
    }

    #[test]
    fn scopes_are_separated_by_blanks() {
        let body = URL_SAFE_NO_PAD.encode(r#"{"scp":"openid  User.RevokeSessions.All x"}"#);
        let claims = decode_access_token(&Secret::new(format!("x.{body}.y"))).unwrap();
        let other = GraphScope::Other("x".to_owned());
        assert_eq!(claims.scopes(), [GraphScope::OpenId, GraphScope::UserRevokeSessionsAll, other]);
    }
}
