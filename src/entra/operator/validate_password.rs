//! Checks a password with Microsoft before it is set: Graph's beta `validatePassword`.
//!
//! Used only with `policy.microsoft_check`. Delegated permission only, at least `User.ReadWrite`, no role needed,
//! global cloud only (<https://learn.microsoft.com/graph/api/user-validatepassword?view=graph-rest-beta>, read
//! 2026-11-23).

use std::time::Duration;

use reqwest::header;
use serde::{Deserialize, Serialize};

use super::client::OperatorClient;
use super::error::OperatorError;
use super::send_deadline::DeadlineRequestBody;
use crate::base::Password;
use crate::entra::graph_error::GraphError;
use crate::entra::wire_value::wire_enum;

/// Timeout of the check. A person is waiting, and the reset itself returns the same result later.
const VALIDATION_TIMEOUT: Duration = Duration::from_secs(2);

wire_enum! {
    /// Name of one of Microsoft's rules (`ruleName`). The list is not published.
    ///
    /// These names are from <https://learn.microsoft.com/graph/api/user-validatepassword?view=graph-rest-beta> and the
    /// tests of pnp/cli-microsoft365, read 2026-11-23.
    ValidationRuleName, exact {
        TooShort = "password_too_short",
        NotComplex = "password_not_meet_complexity",
        Banned = "password_banned",
    }
}

impl Default for ValidationRuleName {
    /// Returns the name of a rule without a name.
    fn default() -> Self {
        Self::Other(String::new())
    }
}

#[derive(Serialize)]
struct ValidatePasswordRequest<'a> {
    password: &'a str,
}

/// Microsoft's result for a password.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasswordValidation {
    pub(crate) is_valid: bool,
    #[serde(default)]
    pub(crate) validation_results: Vec<ValidationRule>,
}

/// Result of one of Microsoft's rules.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValidationRule {
    #[serde(default)]
    pub(crate) rule_name: ValidationRuleName,
    #[serde(default)]
    pub(crate) validation_passed: bool,
    /// Message for people, in English.
    #[serde(default)]
    pub(crate) message: String,
}

impl OperatorClient {
    /// Checks a password, once.
    ///
    /// The password is sent as in a reset: over a new connection, with a [`DeadlineRequestBody`].
    pub(crate) async fn validate_password(&self, password: &Password) -> Result<PasswordValidation, OperatorError> {
        // Outside the timeout: an interrupted refresh would block the token for other replicas for 30 seconds.
        let (operator, token) = self.access_token().await?;
        let body = serde_json::to_vec(&ValidatePasswordRequest { password: password.expose_password() })
            .map_err(GraphError::Request)?;
        let clock = self.graph.clock.clone();
        let (body, _) = DeadlineRequestBody::new(body, clock.elapsed().saturating_add(VALIDATION_TIMEOUT), clock);
        let request = self.graph.unpooled_http.post(self.graph.beta_url(&["users", "validatePassword"]));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(reqwest::Body::wrap(body));
        let done = tokio::time::timeout(VALIDATION_TIMEOUT, self.graph.send(request, &token)).await;
        let answer = done.map_err(|_| OperatorError::TimedOut)?;
        if let Err(error) = &answer {
            self.detect_challenge(&operator, error).await?;
        }
        let done = answer?;
        Ok(serde_json::from_slice(&done.body).map_err(GraphError::unreadable_json)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

    #[test]
    fn rule_name_may_be_missing_or_unknown() {
        check_wire_values::<ValidationRuleName>();
        assert!(!accepts_any_case::<ValidationRuleName>());
        let parse = |rule| serde_json::from_value::<ValidationRule>(rule).map(|rule| rule.rule_name);
        assert_eq!(parse(json!({})).unwrap(), ValidationRuleName::Other(String::new()));
        assert_eq!(parse(json!({ "ruleName": "password_banned" })).unwrap(), ValidationRuleName::Banned);
        assert!(parse(json!({ "ruleName": null })).is_err());
    }
}
