//! The OpenID provider configuration and the JSON Web Key Set.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::error::AadstsError;
use crate::EmulatedTenant;

pub(super) async fn openid_configuration(State(tenant): State<EmulatedTenant>, Path(name): Path<String>) -> Response {
    if !tenant.is_named(&name) {
        return AadstsError::unknown_tenant(&name).to_response(&tenant);
    }
    let base = format!("{}/{}", tenant.0.urls.base_url(), tenant.tenant_id());
    Json(json!({
        "issuer": tenant.issuer(),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "userinfo_endpoint": format!("{}/oidc/userinfo", tenant.0.urls.base_url()),
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "response_modes_supported": ["query", "form_post"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "oid", "roles"],
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "request_uri_parameter_supported": false,
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
    }))
    .into_response()
}

pub(super) async fn list_signing_keys(State(tenant): State<EmulatedTenant>, Path(name): Path<String>) -> Response {
    if !tenant.is_named(&name) {
        return AadstsError::unknown_tenant(&name).to_response(&tenant);
    }
    Json(tenant.0.keys.jwk_set(&tenant.issuer())).into_response()
}
