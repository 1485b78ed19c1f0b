//! What Microsoft says of a password before it is set: Graph's beta `validatePassword`. Only for a portal that asks for
//! it (`policy.microsoft_check`). Delegated only, `User.ReadWrite` at least, no role needed, global cloud only
//! (<https://learn.microsoft.com/graph/api/user-validatepassword?view=graph-rest-beta>, read 2026-11-23).

use std::time::Duration;

use reqwest::header;
use serde::{Deserialize, Serialize};

use super::last_moment::LastMoment;
use super::{OperatorError, Operators};
use crate::base::Password;
use crate::entra::graph::GraphError;

/// Somebody waits, and the reset itself brings the same answer later.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Body<'a> {
    password: &'a str,
}

/// Microsoft's verdict.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasswordVerdict {
    pub(crate) is_valid: bool,
    #[serde(default)]
    pub(crate) validation_results: Vec<PasswordRule>,
}

/// One rule of Microsoft's. Names are not published as a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasswordRule {
    #[serde(default)]
    pub(crate) rule_name: String,
    #[serde(default)]
    pub(crate) validation_passed: bool,
    /// English, for people.
    #[serde(default)]
    pub(crate) message: String,
}

impl Operators {
    /// Asks once. The password goes as it goes in a reset: at the last moment, over a connection of its own.
    pub(crate) async fn validate(&self, password: &Password) -> Result<PasswordVerdict, OperatorError> {
        // Outside of the time limit: a refresh that is cut short would keep the token from others for half a minute.
        let (operator, token) = self.token().await?;
        let body = serde_json::to_vec(&Body { password: password.expose_password() })
            .map_err(|e| GraphError::Unreadable(e.to_string()))?;
        let clock = self.graph.clock.clone();
        let (body, _) = LastMoment::new(body, clock.elapsed().saturating_add(PATIENCE), clock);
        let request = self.graph.once.post(self.graph.beta(&["users", "validatePassword"]));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(reqwest::Body::wrap(body));
        let done = tokio::time::timeout(PATIENCE, self.graph.send(request, &token)).await;
        let answer = done.map_err(|_| OperatorError::Late)?;
        if let Err(error) = &answer {
            self.heed(&operator, error).await?;
        }
        let done = answer?;
        Ok(serde_json::from_slice(&done.body).map_err(|e| GraphError::Unreadable(e.to_string()))?)
    }
}
