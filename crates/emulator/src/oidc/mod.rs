//! Entra's OAuth 2.0 and OpenID Connect endpoints, version 2.0 only.

mod authorize;
mod authorize_request;
mod client_authentication;
mod device;
mod discovery;
mod error;
mod keys;
mod logout;
mod refresh_token;
mod token_endpoint;

pub(super) use keys::{SigningKeyError, SigningKeys, generate_signing_key};

use axum::Router;
use axum::routing::{get, post};

use super::EmulatedTenant;

/// Application id of Microsoft Graph, which is the audience of its access tokens.
pub(super) const GRAPH_APP_ID: &str = "00000003-0000-0000-c000-000000000000";

pub(super) fn router() -> Router<EmulatedTenant> {
    Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery::openid_configuration))
        .route("/{tenant}/discovery/v2.0/keys", get(discovery::list_signing_keys))
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize::show_sign_in).post(authorize::submit_sign_in))
        .route("/{tenant}/oauth2/v2.0/devicecode", post(device::create_device_code))
        .route("/devicelogin", get(device::show_device_code).post(device::submit_device_code))
        .route("/{tenant}/oauth2/v2.0/token", post(token_endpoint::issue_tokens))
        .route("/{tenant}/oauth2/v2.0/logout", get(logout::sign_out))
}

impl EmulatedTenant {
    /// Returns whether `name` in a path is this tenant's id or domain.
    fn is_named(&self, name: &str) -> bool {
        let state = self.lock_state();
        let organization = &state.seed.organization;
        name.eq_ignore_ascii_case(&organization.domain)
            || uuid::Uuid::parse_str(name).is_ok_and(|id| id == organization.id)
    }

    pub(super) fn tenant_id(&self) -> uuid::Uuid {
        self.lock_state().seed.organization.id
    }

    /// Returns the issuer of id tokens.
    fn issuer(&self) -> String {
        format!("{}/{}/v2.0", self.0.urls.base_url(), self.tenant_id())
    }
}
