//! Microsoft Graph: the calls of v1.0 that a password reset portal needs, and `validatePassword` of beta.

mod audits;
mod caller;
pub(super) mod error;
mod mail;
mod membership;
mod methods;
mod organization;
mod permissions;
mod policies;
mod query;
mod reach;
mod reports;
mod reset;
mod roles;
mod users;
mod validate;

pub use permissions::{PermissionRule, TABLE};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use self::error::ODataError;
use super::EmulatedTenant;

/// Id of the password authentication method, which is the same for every account.
const PASSWORD_METHOD: &str = "28c10230-6103-485e-b985-444c60001490";

/// Returns the routes below `/v1.0`.
pub(super) fn router() -> Router<EmulatedTenant> {
    Router::new()
        .route("/me", get(users::me))
        .route("/users", get(users::list))
        .route("/users/$count", get(users::count))
        .route("/users/{id}", get(users::one))
        .route("/users/{id}/manager", get(users::manager))
        .route("/users/{id}/registeredDevices", get(users::devices))
        .route("/users/{id}/transitiveMemberOf", get(membership::all))
        .route("/users/{id}/transitiveMemberOf/microsoft.graph.directoryRole", get(membership::roles))
        .route("/users/{id}/transitiveMemberOf/microsoft.graph.group", get(membership::groups))
        .route("/users/{id}/revokeSignInSessions", post(users::revoke))
        .route("/users/{id}/authentication/methods", get(methods::list))
        .route("/users/{id}/authentication/methods/{method}/resetPassword", post(reset::reset))
        .route("/users/{id}/authentication/operations/{operation}", get(reset::operation))
        .route("/users/{id}/authentication/temporaryAccessPassMethods", get(methods::passes).post(methods::issue))
        .route(
            "/users/{id}/authentication/temporaryAccessPassMethods/{pass}",
            get(methods::pass).delete(methods::withdraw),
        )
        .route("/users/{id}/sendMail", post(mail::send))
        .route("/organization", get(organization::list))
        .route("/auditLogs/directoryAudits", get(audits::list))
        .route("/roleManagement/directory/roleAssignments", get(roles::assignments))
        .route("/roleManagement/directory/roleEligibilityScheduleInstances", get(roles::eligibilities))
        .route("/roleManagement/directory/roleDefinitions/{id}", get(roles::definition))
        .route("/reports/authenticationMethods/userRegistrationDetails/{id}", get(reports::registration))
        .route("/identityProtection/riskyUsers/{id}", get(reports::risk))
        .route("/identityProtection/riskyUsers/dismiss", post(reports::dismiss))
        .route("/identity/conditionalAccess/policies", get(policies::list))
        .route("/policies/authenticationStrengthPolicies/{id}", get(policies::strength))
        .fallback(unknown)
}

/// Returns the routes below `/beta`.
pub(super) fn beta() -> Router<EmulatedTenant> {
    Router::new().route("/users/validatePassword", post(validate::validate)).fallback(unknown)
}

async fn unknown(State(tenant): State<EmulatedTenant>) -> Response {
    ODataError::new(StatusCode::BAD_REQUEST, "BadRequest", "Resource not found for the segment.").answer(&tenant)
}
