//! Temporary Access Passes for persons whom the helpdesk has verified.
//!
//! <https://learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods> (read 2026-08): HTTP 201 with
//! the pass in `temporaryAccessPass`. Each user has one pass, and a new one replaces it.
//!
//! - A pass is shown once and never stored.

use reqwest::{StatusCode, header};
use serde::{Deserialize, Serialize};

use super::client::OperatorClient;
use super::error::OperatorError;
use crate::base::{ObjectId, Secret};
use crate::entra::acting_identity::ActingIdentity;
use crate::entra::graph_error::{GraphError, UnreadableResponse};
use crate::entra::wire_value::wire_enum;

/// Minimum lifetime that Graph accepts.
const MIN_PASS_MINUTES: i64 = 10;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatePassRequest {
    is_usable_once: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifetime_in_minutes: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreatePassResponse {
    id: String,
    temporary_access_pass: Secret,
    lifetime_in_minutes: i64,
}

wire_enum! {
    /// Why a pass is usable or not (`methodUsabilityReason`).
    ///
    /// <https://learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethod> (read 2026-11-25)
    PassUsability, ignore_case {
        EnabledByPolicy = "EnabledByPolicy",
        DisabledByPolicy = "DisabledByPolicy",
        Expired = "Expired",
        NotYetValid = "NotYetValid",
        OneTimeUsed = "OneTimeUsed",
    }
}

/// Status of a Temporary Access Pass at Microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassStatus {
    /// Not used yet and valid now or later.
    Usable,
    /// Used for its one sign-in.
    Used,
    /// Expired, deleted, or replaced by another.
    Ended,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PassStatusResponse {
    #[serde(default)]
    is_usable: Option<bool>,
    #[serde(default)]
    method_usability_reason: Option<PassUsability>,
}

impl From<PassStatusResponse> for PassStatus {
    fn from(read: PassStatusResponse) -> Self {
        match (read.method_usability_reason, read.is_usable) {
            (Some(PassUsability::OneTimeUsed), _) => Self::Used,
            (_, Some(true)) | (Some(PassUsability::NotYetValid), _) => Self::Usable,
            _ => Self::Ended,
        }
    }
}

/// New Temporary Access Pass. Its code is shown to one person only.
pub(crate) struct TemporaryAccessPass {
    pub(crate) id: String,
    pub(crate) code: Secret,
    pub(crate) lifetime_minutes: i64,
}

impl OperatorClient {
    /// Creates a pass for one sign-in, with the shortest lifetime that the tenant's policy allows.
    pub(crate) async fn create_pass(
        &self,
        person: ObjectId,
        identity: ActingIdentity<'_>,
    ) -> Result<TemporaryAccessPass, OperatorError> {
        match self.request_pass(person, Some(MIN_PASS_MINUTES), identity).await {
            // The tenant's policy has a longer minimum, which only policy administrators can read: use its default.
            Err(OperatorError::Graph(GraphError::ErrorResponse(refusal)))
                if refusal.status == StatusCode::BAD_REQUEST =>
            {
                self.request_pass(person, None, identity).await
            }
            made => made,
        }
    }

    /// Requests a pass, once. Without a lifetime, the tenant's default applies.
    async fn request_pass(
        &self,
        person: ObjectId,
        lifetime_in_minutes: Option<i64>,
        identity: ActingIdentity<'_>,
    ) -> Result<TemporaryAccessPass, OperatorError> {
        let (operator, token) = self.token_for(identity).await?;
        let url = self.graph.url(&["users", &person.to_string(), "authentication", "temporaryAccessPassMethods"]);
        let body = serde_json::to_vec(&CreatePassRequest { is_usable_once: true, lifetime_in_minutes })
            .map_err(GraphError::Request)?;
        // Sent once: a second request would replace a pass that an agent may be reading out.
        let request = self.graph.unpooled_http.post(url).header(header::CONTENT_TYPE, "application/json").body(body);
        let answer = self.map_result(operator.as_ref(), self.graph.send(request, &token).await).await?;
        // The error contains the position only, because the body contains the pass.
        let made: CreatePassResponse = serde_json::from_slice(&answer.body)
            .map_err(|e| GraphError::Unreadable(UnreadableResponse::Pass { column: e.column() }))?;
        Ok(TemporaryAccessPass {
            id: made.id,
            code: made.temporary_access_pass,
            lifetime_minutes: made.lifetime_in_minutes,
        })
    }

    /// Fetches the status of a pass.
    pub(crate) async fn fetch_pass_status(&self, person: ObjectId, pass: &str) -> Result<PassStatus, OperatorError> {
        let (operator, token) = self.access_token().await?;
        let segments = ["users", &person.to_string(), "authentication", "temporaryAccessPassMethods", pass];
        let answer = match self.graph.send(self.graph.http.get(self.graph.url(&segments)), &token).await {
            Ok(answer) => answer,
            Err(error) if error.is_not_found() => return Ok(PassStatus::Ended),
            Err(error) => {
                self.detect_challenge(&operator, &error).await?;
                return Err(error.into());
            }
        };
        let read: PassStatusResponse = serde_json::from_slice(&answer.body).map_err(GraphError::unreadable_json)?;
        Ok(read.into())
    }

    /// Deletes a pass. Succeeds if it no longer exists.
    pub(crate) async fn delete_pass(&self, person: ObjectId, pass: &str) -> Result<(), OperatorError> {
        let (operator, token) = self.access_token().await?;
        let segments = ["users", &person.to_string(), "authentication", "temporaryAccessPassMethods", pass];
        match self.graph.send_ignoring_body(self.graph.http.delete(self.graph.url(&segments)), &token).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => {
                self.detect_challenge(&operator, &error).await?;
                Err(error.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

    #[test]
    fn pass_status_follows_reason_then_usability() {
        check_wire_values::<PassUsability>();
        assert!(accepts_any_case::<PassUsability>());
        let status = |usable: Value, reason: Value| -> PassStatus {
            let response = json!({ "isUsable": usable, "methodUsabilityReason": reason });
            serde_json::from_value::<PassStatusResponse>(response).unwrap().into()
        };
        assert_eq!(status(json!(true), json!("oneTimeUsed")), PassStatus::Used);
        assert_eq!(status(json!(false), json!("OneTimeUsed")), PassStatus::Used);
        for (usable, reason) in [(true, json!("EnabledByPolicy")), (true, Value::Null), (false, json!("NotYetValid"))] {
            assert_eq!(status(json!(usable), reason.clone()), PassStatus::Usable, "{usable} {reason}");
        }
        for reason in [json!("Expired"), json!("DisabledByPolicy"), json!("addedLater"), Value::Null] {
            assert_eq!(status(json!(false), reason.clone()), PassStatus::Ended, "{reason}");
            assert_eq!(status(Value::Null, reason.clone()), PassStatus::Ended, "{reason}");
        }
        let empty: PassStatusResponse = serde_json::from_value(json!({})).unwrap();
        assert_eq!(PassStatus::from(empty), PassStatus::Ended);
    }
}
