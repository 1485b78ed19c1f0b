//! Checks a password with Microsoft before it is set: Graph's beta `validatePassword`.
//!
//! Used only with `policy.microsoft_check`. Delegated permission only, at least `User.ReadWrite`, no role needed,
//! global cloud only (<https://learn.microsoft.com/graph/api/user-validatepassword?view=graph-rest-beta>, read
//! 2026-11-23).

use std::time::Duration;

use reqwest::header;
use serde::{Deserialize, Serialize};

use super::deadline_body::DeadlineBody;
use super::{OperatorClient, OperatorError};
use crate::base::Password;
use crate::entra::graph::GraphError;

/// Timeout of the check. A person is waiting, and the reset itself returns the same result later.
const VALIDATION_TIMEOUT: Duration = Duration::from_secs(2);

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

/// Result of one of Microsoft's rules. The list of rule names is not published.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValidationRule {
    #[serde(default)]
    pub(crate) rule_name: String,
    #[serde(default)]
    pub(crate) validation_passed: bool,
    /// Message for people, in English.
    #[serde(default)]
    pub(crate) message: String,
}

impl OperatorClient {
    /// Checks a password, once.
    ///
    /// The password is sent as in a reset: over a new connection, with a [`DeadlineBody`].
    pub(crate) async fn validate_password(&self, password: &Password) -> Result<PasswordValidation, OperatorError> {
        // Outside the timeout: an interrupted refresh would block the token for other replicas for 30 seconds.
        let (operator, token) = self.access_token().await?;
        let body = serde_json::to_vec(&ValidatePasswordRequest { password: password.expose_password() })
            .map_err(|e| GraphError::Unreadable(e.to_string()))?;
        let clock = self.graph.clock.clone();
        let (body, _) = DeadlineBody::new(body, clock.elapsed().saturating_add(VALIDATION_TIMEOUT), clock);
        let request = self.graph.unpooled_http.post(self.graph.beta_url(&["users", "validatePassword"]));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(reqwest::Body::wrap(body));
        let done = tokio::time::timeout(VALIDATION_TIMEOUT, self.graph.send(request, &token)).await;
        let answer = done.map_err(|_| OperatorError::TimedOut)?;
        if let Err(error) = &answer {
            self.detect_challenge(&operator, error).await?;
        }
        let done = answer?;
        Ok(serde_json::from_slice(&done.body).map_err(|e| GraphError::Unreadable(e.to_string()))?)
    }
}
