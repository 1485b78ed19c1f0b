//! `validatePassword` (beta): checks a password against the organisation's policy, without a person
//! (<https://learn.microsoft.com/graph/api/user-validatepassword?view=graph-rest-beta>, read 2026-11-23). The rule
//! names and messages are those of that page and of responses recorded in the tests of pnp/cli-microsoft365 (read
//! 2026-11-23).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::ApiCaller;
use super::error::{ODataError, success_response};
use crate::EmulatedTenant;
use crate::password::{PasswordRefusal, check_password, count_character_classes};
use passback_foundation::Secret;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidatePasswordBody {
    password: Secret,
}

pub(super) async fn validate_password(State(tenant): State<EmulatedTenant>, _: ApiCaller, body: Bytes) -> Response {
    match serde_json::from_slice::<ValidatePasswordBody>(&body) {
        Ok(asked) => {
            success_response(&tenant, StatusCode::OK, &validation_json(&tenant, asked.password.expose_secret()))
        }
        Err(_) => ODataError::bad_request("The request body is not valid.").to_response(&tenant),
    }
}

/// Returns the validation result. Checks length first, then character classes (3 of 4, by
/// <https://learn.microsoft.com/entra/identity/authentication/concept-sspr-policy>), then banned words.
fn validation_json(tenant: &EmulatedTenant, password: &str) -> Value {
    let state = tenant.lock_state();
    let organization = &state.seed.organization;
    let length = password.chars().count();
    let (name, message) = match check_password(password, &[&organization.name], &organization.banned_words) {
        _ if length < 8 => ("password_too_short", format!("Password is too short, length: {length}.")),
        Err(PasswordRefusal::LengthOrCharacters) => complexity_failure(),
        _ if count_character_classes(password) < 3 => complexity_failure(),
        Err(PasswordRefusal::Banned) => ("password_banned", "Password is too weak and can not be used.".to_owned()),
        Ok(()) => ("AllChecks", "Password meets all validation requirements.".to_owned()),
    };
    let passed = name == "AllChecks";
    json!({
        "@odata.context": format!("{}/beta/$metadata#microsoft.graph.passwordValidationInformation", tenant.0.urls.base_url()),
        "isValid": passed,
        "validationResults": [{ "ruleName": name, "validationPassed": passed, "message": message }],
    })
}

fn complexity_failure() -> (&'static str, String) {
    ("password_not_meet_complexity", "Password does not meet complexity requirements.".to_owned())
}
