//! Validates authorization requests as Entra does, and evaluates Conditional Access for authentication contexts.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::error::AadstsError;
use crate::EmulatedTenant;
use crate::seed::{AuthenticationStrength, EmulatedPolicy};
use crate::state::{CloudAccount, EmulatedSignInMethod, TenantState};

/// The parameters of an authorization request, as received.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AuthorizeParameters {
    pub(super) client_id: String,
    pub(super) response_type: String,
    pub(super) redirect_uri: String,
    pub(super) response_mode: String,
    pub(super) scope: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) prompt: String,
    pub(super) login_hint: String,
    pub(super) code_challenge: String,
    pub(super) code_challenge_method: String,
    pub(super) claims: String,
}

/// A valid authorization request.
pub(super) struct ValidatedAuthorizeRequest {
    pub(super) client_id: Uuid,
    pub(super) app_name: String,
    pub(super) parameters: AuthorizeParameters,
    /// Authentication contexts requested with the parameter `claims`.
    pub(super) contexts: Vec<String>,
    /// Earliest acceptable sign-in time in Unix seconds, after a claims challenge.
    pub(super) not_before: Option<i64>,
    /// Whether the redirect URI belongs to a single-page application.
    pub(super) is_spa: bool,
}

/// The rejection of an authorization request.
pub(super) enum AuthorizeRefusal {
    /// Shown to the person, because the redirect URI is not trusted.
    ErrorPage(AadstsError),
    /// Sent to the redirect URI.
    RedirectToApp(AadstsError),
}

impl ValidatedAuthorizeRequest {
    /// Validates the parameters of a request to the tenant `name`.
    pub(super) fn from_parameters(
        tenant: &EmulatedTenant,
        name: &str,
        raw: AuthorizeParameters,
    ) -> Result<Self, AuthorizeRefusal> {
        if !tenant.is_named(name) {
            return Err(AuthorizeRefusal::ErrorPage(AadstsError::unknown_tenant(name)));
        }
        let unknown = || AuthorizeRefusal::ErrorPage(AadstsError::unknown_app(&raw.client_id));
        let client_id = Uuid::parse_str(&raw.client_id).map_err(|_| unknown())?;
        let (app, known, spa) = {
            let state = tenant.lock_state();
            let app = state.find_app(client_id).ok_or_else(unknown)?;
            let listed = |list: &[String]| list.contains(&raw.redirect_uri);
            (app.name.clone(), listed(&app.redirect_uris), listed(&app.spa_redirect_uris))
        };
        if !known && !spa {
            let text = format!(
                "The redirect URI '{}' specified in the request does not match the redirect URIs configured for the application '{client_id}'.",
                raw.redirect_uri
            );
            return Err(AuthorizeRefusal::ErrorPage(AadstsError::new(50011, "invalid_request", text)));
        }
        let back =
            |code, text: &str| Err(AuthorizeRefusal::RedirectToApp(AadstsError::new(code, "invalid_request", text)));
        if raw.response_type != "code" {
            return back(700_054, "response_type 'id_token' is not enabled for the application.");
        }
        if !raw.scope.split(' ').any(|s| s == "openid") {
            return back(900_144, "The request must contain the scope 'openid'.");
        }
        if raw.code_challenge_method != "S256" || raw.code_challenge.len() != 43 {
            return back(50147, "Missing or invalid code challenge; only the method S256 is accepted.");
        }
        if !matches!(raw.prompt.as_str(), "" | "login" | "none" | "consent" | "select_account") {
            return back(90023, "Unsupported prompt value.");
        }
        if raw.prompt == "select_account" && !raw.login_hint.is_empty() {
            return back(90023, "login_hint cannot be used with prompt=select_account.");
        }
        let contexts = parse_contexts(&raw.claims).map_err(|()| {
            AuthorizeRefusal::RedirectToApp(AadstsError::new(
                50_131,
                "invalid_request",
                "The claims parameter is not valid JSON.",
            ))
        })?;
        let not_before = parse_not_before(&raw.claims);
        Ok(Self { client_id, app_name: app, parameters: raw, contexts, not_before, is_spa: spa })
    }
}

/// Returns the authentication contexts in `claims`, such as `{"id_token":{"acrs":{"essential":true,"value":"c1"}}}`,
/// for the id token and the access token.
fn parse_contexts(claims: &str) -> Result<Vec<String>, ()> {
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let read: Value = serde_json::from_str(claims).map_err(|_| ())?;
    let mut found = Vec::new();
    for token in ["id_token", "access_token"] {
        let acrs = read.get(token).and_then(|t| t.get("acrs"));
        found.extend(acrs.and_then(|a| a.get("value")).and_then(Value::as_str).map(str::to_owned));
        let many = acrs.and_then(|a| a.get("values")).and_then(Value::as_array);
        found.extend(many.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    }
    found.dedup();
    Ok(found)
}

/// Returns the time in `{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}`.
fn parse_not_before(claims: &str) -> Option<i64> {
    let read: Value = serde_json::from_str(claims).ok()?;
    read.get("access_token")?.get("nbf")?.get("value")?.as_str()?.parse().ok()
}

/// Returns whether the client declares that it can handle claims challenges:
/// `{"access_token":{"xms_cc":{"values":["cp1"]}}}`.
pub(super) fn can_handle_challenges(claims: Option<&str>) -> bool {
    let read: Option<Value> = claims.and_then(|claims| serde_json::from_str(claims).ok());
    let values = read.as_ref().and_then(|read| read.get("access_token")?.get("xms_cc")?.get("values")?.as_array());
    values.is_some_and(|values| values.iter().any(|value| value == "cp1"))
}

/// Returns whether a sign-in satisfies every policy that applies to an authentication context.
///
/// A context without a policy is satisfied, as is one whose policies are in report-only mode or exclude the person.
/// Entra behaves the same.
pub(super) fn is_context_satisfied(
    state: &TenantState,
    account: &CloudAccount,
    method: EmulatedSignInMethod,
    context: &str,
) -> bool {
    applicable_policies(state, account, context).all(|policy| {
        let strength = policy.strength.as_ref().and_then(|id| state.seed.strengths.iter().find(|s| &s.id == id));
        let strong = |s: &AuthenticationStrength| s.combinations.iter().any(|c| c == method.combination_name());
        !policy.block && (policy.strength.is_none() || strength.is_some_and(strong))
    })
}

/// Returns the enabled policies for an authentication context that apply to this account.
pub(super) fn applicable_policies<'w>(
    state: &'w TenantState,
    account: &'w CloudAccount,
    context: &'w str,
) -> impl Iterator<Item = &'w EmulatedPolicy> {
    let behind =
        state.seed.policies.iter().filter(move |p| p.state == "enabled" && p.contexts.iter().any(|c| c == context));
    behind.filter(move |policy| {
        let by_name = policy.exclude_people.contains(&account.seed.upn);
        let by_group = state
            .seed
            .groups
            .iter()
            .any(|g| policy.exclude_groups.contains(&g.name) && g.members.contains(&account.seed.upn));
        let by_role = account.seed.roles.iter().any(|r| !r.eligible && policy.exclude_roles.contains(&r.template));
        // Sign-ins here meet no condition and every alternative control, so policies with either do not apply.
        !by_name && !by_group && !by_role && policy.conditions.is_empty() && policy.or_controls.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_parsed_from_claims_parameter() {
        let asked =
            r#"{"id_token":{"acrs":{"essential":true,"value":"c1"}},"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
        assert_eq!(parse_contexts(asked), Ok(vec!["c1".to_owned()]));
        assert_eq!(parse_contexts(""), Ok(vec![]));
        assert_eq!(parse_contexts("{"), Err(()));
    }
}
