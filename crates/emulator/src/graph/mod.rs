//! Microsoft Graph: the calls of v1.0 that a password reset portal needs, and `validatePassword` of beta.

mod audits;
mod authentication_methods;
mod caller;
pub(super) mod error;
mod mail;
mod membership;
mod odata_query;
mod organization;
mod permissions;
mod policies;
mod reports;
mod reset;
mod role_reach;
mod roles;
mod users;
mod validate_password;

pub use permissions::{PERMISSION_RULES, PermissionRule};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use self::error::ODataError;
use super::EmulatedTenant;

/// Id of the password authentication method, which is the same for every account.
const PASSWORD_METHOD_ID: &str = "28c10230-6103-485e-b985-444c60001490";

/// Returns the routes below `/v1.0`.
pub(super) fn router() -> Router<EmulatedTenant> {
    Router::new()
        .route("/me", get(users::get_me))
        .route("/users", get(users::list_users))
        .route("/users/$count", get(users::count_users))
        .route("/users/{id}", get(users::get_user))
        .route("/users/{id}/manager", get(users::get_manager))
        .route("/users/{id}/registeredDevices", get(users::list_devices))
        .route("/users/{id}/transitiveMemberOf", get(membership::list_memberships))
        .route("/users/{id}/transitiveMemberOf/microsoft.graph.directoryRole", get(membership::list_directory_roles))
        .route("/users/{id}/transitiveMemberOf/microsoft.graph.group", get(membership::list_groups))
        .route("/users/{id}/revokeSignInSessions", post(users::revoke_sessions))
        .route("/users/{id}/authentication/methods", get(authentication_methods::list_methods))
        .route("/users/{id}/authentication/methods/{method}/resetPassword", post(reset::reset_password))
        .route("/users/{id}/authentication/operations/{operation}", get(reset::get_operation))
        .route(
            "/users/{id}/authentication/temporaryAccessPassMethods",
            get(authentication_methods::list_passes).post(authentication_methods::create_pass),
        )
        .route(
            "/users/{id}/authentication/temporaryAccessPassMethods/{pass}",
            get(authentication_methods::get_pass).delete(authentication_methods::delete_pass),
        )
        .route("/users/{id}/sendMail", post(mail::send_mail))
        .route("/organization", get(organization::list_organizations))
        .route("/auditLogs/directoryAudits", get(audits::list_directory_audits))
        .route("/roleManagement/directory/roleAssignments", get(roles::list_role_assignments))
        .route("/roleManagement/directory/roleEligibilityScheduleInstances", get(roles::list_role_eligibilities))
        .route("/roleManagement/directory/roleDefinitions/{id}", get(roles::get_role_definition))
        .route("/reports/authenticationMethods/userRegistrationDetails/{id}", get(reports::get_registration_details))
        .route("/identityProtection/riskyUsers/{id}", get(reports::get_risky_user))
        .route("/identityProtection/riskyUsers/dismiss", post(reports::dismiss_risky_users))
        .route("/identity/conditionalAccess/policies", get(policies::list_policies))
        .route("/policies/authenticationStrengthPolicies/{id}", get(policies::get_strength))
        .fallback(reject_unknown_path)
}

/// Returns the routes below `/beta`.
pub(super) fn beta_router() -> Router<EmulatedTenant> {
    Router::new()
        .route("/users/validatePassword", post(validate_password::validate_password))
        .fallback(reject_unknown_path)
}

async fn reject_unknown_path(State(tenant): State<EmulatedTenant>) -> Response {
    ODataError::new(StatusCode::BAD_REQUEST, "BadRequest", "Resource not found for the segment.").to_response(&tenant)
}
