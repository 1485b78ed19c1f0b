//! Authenticates Graph requests and checks their permissions.
//!
//! Every handler takes an [`ApiCaller`]. A handler without one would accept requests without a token.

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::error::ODataError;
use super::permissions;
use crate::EmulatedTenant;
use crate::oidc::GRAPH_APP_ID;

/// The caller of a Graph request, whose token permits the call.
pub(super) struct ApiCaller {
    /// The signed-in account; `None` for an application token.
    pub(super) account_id: Option<Uuid>,
    permissions: Vec<String>,
}

/// The claims of an access token that Graph evaluates.
#[derive(Clone, Deserialize)]
struct BearerTokenClaims {
    exp: i64,
    iat: i64,
    idtyp: String,
    oid: Uuid,
    #[serde(default)]
    scp: String,
    #[serde(default)]
    roles: Vec<String>,
    /// Client capabilities. `cp1`: the client can handle claims challenges.
    #[serde(default)]
    xms_cc: Vec<String>,
    /// Authentication methods of the sign-in.
    #[serde(default)]
    amr: Vec<String>,
}

impl ApiCaller {
    /// Returns whether the token has this permission.
    pub(super) fn has_permission(&self, permission: &str) -> bool {
        self.permissions.iter().any(|p| p == permission)
    }

    /// Rejects a `$select` with properties that the token may not read, as Graph does.
    pub(super) fn check_selected_properties(&self, select: Option<&[String]>) -> Result<(), ODataError> {
        let all = self.has_permission("User.Read.All")
            || self.has_permission("User.ReadWrite.All")
            || self.has_permission("Directory.Read.All");
        let asked = select.unwrap_or_default();
        if !all && asked.iter().any(|p| permissions::needs_read_all(p)) { Err(ODataError::denied()) } else { Ok(()) }
    }
}

impl FromRequestParts<EmulatedTenant> for ApiCaller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, tenant: &EmulatedTenant) -> Result<Self, Response> {
        authenticate_caller(parts, tenant).map_err(|error| error.to_response(tenant))
    }
}

/// Verifies the bearer token and looks up the permissions of the route.
fn authenticate_caller(parts: &Parts, tenant: &EmulatedTenant) -> Result<ApiCaller, ODataError> {
    let bearer =
        parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
    let bearer = bearer.ok_or_else(|| ODataError::unauthenticated("Access token is empty."))?;
    let claims: BearerTokenClaims = tenant
        .0
        .keys
        .decode_token(bearer, GRAPH_APP_ID)
        .ok_or_else(|| ODataError::unauthenticated("CompactToken validation failed."))?;
    if claims.exp <= tenant.clock().now().as_second() {
        return Err(ODataError::unauthenticated("Lifetime validation failed, the token is expired."));
    }
    let person = claims.idtyp == "user";
    if person {
        evaluate_continuous_access(tenant, &claims)?;
    }
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let path = path.strip_prefix("/v1.0").unwrap_or(path);
    let Some((_, _, delegated, application)) = permissions::find_rule(parts.method.as_str(), path) else {
        return Err(ODataError::bad_request("The request is not supported."));
    };
    let permissions: Vec<String> =
        if person { claims.scp.split(' ').map(str::to_owned).collect() } else { claims.roles };
    let wanted = if person { delegated } else { application };
    if !permissions.iter().any(|p| wanted.contains(&p.as_str())) {
        return Err(ODataError::denied());
    }
    Ok(ApiCaller { account_id: person.then_some(claims.oid), permissions })
}

/// Applies continuous access evaluation to a person's token.
///
/// A token that declares `cp1` gets a claims challenge if the account was disabled, if its sessions were revoked or,
/// after a password sign-in, if the password was changed. Any other token stays valid until it expires
/// (<https://learn.microsoft.com/entra/identity/conditional-access/concept-continuous-access-evaluation>, read
/// 2026-11-25). Graph takes up to 15 minutes; the emulator does it immediately.
fn evaluate_continuous_access(tenant: &EmulatedTenant, claims: &BearerTokenClaims) -> Result<(), ODataError> {
    let state = tenant.lock_state();
    let gone = || ODataError::unauthenticated("The identity of the calling user was not found.");
    let account = state.account_by_id(claims.oid).ok_or_else(gone)?;
    let ended = claims.iat < account.tokens_valid_from.as_second();
    let since = |from: Timestamp| claims.iat < from.as_second();
    let by_password = claims.amr.iter().any(|how| how == "pwd");
    let over =
        !account.seed.enabled || since(account.sessions_valid_from) || (by_password && since(account.password_set_at));
    match () {
        () if ended => Err(ODataError::unauthenticated("Lifetime validation failed, the token is expired.")),
        () if over && claims.xms_cc.iter().any(|can| can == "cp1") => {
            Err(ODataError::claims_challenge(account.sessions_valid_from.max(account.password_set_at).as_second()))
        }
        () => Ok(()),
    }
}
