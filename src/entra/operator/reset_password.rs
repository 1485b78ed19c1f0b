//! Graph calls for resets: `resetPassword`, polling its operation, and `revokeSignInSessions`.
//!
//! - Only the operator resets passwords and polls. An agent's own token may revoke sessions.
//! - A reset is sent once. Nothing here retries it.

use jiff::SignedDuration;
use reqwest::{StatusCode, header};
use serde::{Deserialize, Serialize};

use super::client::OperatorClient;
use super::dispatch_permit::DispatchPermit;
use super::error::OperatorError;
use super::send_deadline::DeadlineRequestBody;
use super::tokens::ReadyOperator;
use crate::base::{ObjectId, Password};
use crate::entra::acting_identity::ActingIdentity;
use crate::entra::graph_error::{GraphError, GraphRefusal, header_text, parse_retry_after};
use crate::entra::operation_url::OperationUrl;
use crate::entra::wire_value::wire_enum;

/// Id of the password authentication method, the same for all users.
const PASSWORD_METHOD_ID: &str = "28c10230-6103-485e-b985-444c60001490";

wire_enum! {
    /// Status of a long-running operation (`status`).
    OperationStatus, ignore_case {
        NotStarted = "notStarted",
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        Skipped = "skipped",
    }
}

/// Outcome of sending a reset, as far as the response to the POST shows.
#[derive(Debug)]
pub(crate) enum DispatchOutcome {
    /// HTTP 202. `operation_url` is `None` if the `Location` header was missing or not a Graph URL: then only evidence
    /// shows the result.
    Accepted { operation_url: Option<OperationUrl>, retry_after: Option<SignedDuration>, request_id: Option<String> },
    /// HTTP 401 or 429 with Graph's own error body: nothing was processed. The reset may be sent again with a new token
    /// or after a wait.
    Retryable { refusal: GraphRefusal },
    /// Nothing was processed, and sending again would not help.
    Refused { refusal: GraphRefusal },
    /// The password was not sent: connecting failed, or the deadline had passed.
    NotSent,
    /// The reset may have been processed.
    NoAnswer { status: Option<u16>, request_id: Option<String> },
}

/// Result of polling an operation.
#[derive(Debug)]
pub(crate) enum OperationPoll {
    Operation {
        status: OperationStatus,
        detail: Option<String>,
        retry_after: Option<SignedDuration>,
        request_id: Option<String>,
    },
    /// HTTP 404: the outcome is unknown.
    NotFound,
    /// HTTP 429.
    Throttled { retry_after: Option<SignedDuration> },
    /// HTTP 401: concerns the token, not the operation.
    Unauthorized,
    /// Any other response, or none: the state of the operation is not known.
    Inconclusive { status: Option<u16> },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResetPasswordRequest<'a> {
    new_password: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LongRunningOperation {
    status: OperationStatus,
    #[serde(default)]
    status_detail: Option<String>,
}

impl OperatorClient {
    /// Sends a reset, once. Nothing below this call retries.
    pub(crate) async fn reset_password(
        &self,
        ready: &ReadyOperator,
        permit: &DispatchPermit,
        password: &Password,
    ) -> Result<DispatchOutcome, OperatorError> {
        // Graph refuses this too, but a changed operator password would stop resets for everyone.
        if permit.object == ready.operator.object {
            return Err(OperatorError::SelfReset);
        }
        let id = permit.object.to_string();
        let url = self.graph.url(&["users", &id, "authentication", "methods", PASSWORD_METHOD_ID, "resetPassword"]);
        let body = serde_json::to_vec(&ResetPasswordRequest { new_password: password.expose_password() })
            .map_err(GraphError::Request)?;
        let (body, sent) = DeadlineRequestBody::new(body, permit.send_deadline, self.graph.clock.clone());
        let request = self.graph.unpooled_http.post(url).header(header::CONTENT_TYPE, "application/json");
        let answer = self.graph.send_ignoring_body(request.body(reqwest::Body::wrap(body)), &ready.access_token).await;
        if let Err(error) = &answer {
            self.detect_challenge(&ready.operator, error).await?;
        }
        Ok(match answer {
            Ok(done) if done.status == StatusCode::ACCEPTED => DispatchOutcome::Accepted {
                operation_url: location_header(&done.headers)
                    .and_then(|l| OperationUrl::parse(&l, &self.graph.base_url)),
                retry_after: parse_retry_after(&done.headers),
                request_id: header_text(&done.headers, "request-id"),
            },
            // A success status other than 202 is not documented: the outcome is unknown.
            Ok(done) => DispatchOutcome::NoAnswer {
                status: Some(done.status.as_u16()),
                request_id: header_text(&done.headers, "request-id"),
            },
            Err(GraphError::ErrorResponse(refusal)) => classify_response(refusal),
            // The password never left this process.
            Err(GraphError::Http(_)) if !sent.is_set() => DispatchOutcome::NotSent,
            Err(GraphError::Http(_)) => DispatchOutcome::NoAnswer { status: None, request_id: None },
            Err(error) => return Err(error.into()),
        })
    }

    /// Polls an operation for its status.
    pub(crate) async fn poll_operation(&self, location: &OperationUrl) -> Result<OperationPoll, OperatorError> {
        let (operator, token) = self.access_token().await?;
        let answer = self.graph.send(self.graph.http.get(location.as_url().clone()), &token).await;
        if let Err(error) = &answer {
            self.detect_challenge(&operator, error).await?;
        }
        Ok(match answer {
            Ok(done) => match serde_json::from_slice::<LongRunningOperation>(&done.body) {
                Ok(read) => OperationPoll::Operation {
                    status: read.status,
                    detail: read.status_detail,
                    retry_after: parse_retry_after(&done.headers),
                    request_id: header_text(&done.headers, "request-id"),
                },
                Err(_) => OperationPoll::Inconclusive { status: Some(done.status.as_u16()) },
            },
            Err(GraphError::ErrorResponse(refusal)) => match refusal.status {
                // An operator without its role may not poll either. The operation continues meanwhile.
                StatusCode::FORBIDDEN => {
                    self.check_role().await?;
                    OperationPoll::Inconclusive { status: Some(refusal.status.as_u16()) }
                }
                StatusCode::NOT_FOUND => OperationPoll::NotFound,
                StatusCode::TOO_MANY_REQUESTS => OperationPoll::Throttled { retry_after: refusal.retry_after },
                StatusCode::UNAUTHORIZED => OperationPoll::Unauthorized,
                status => OperationPoll::Inconclusive { status: Some(status.as_u16()) },
            },
            Err(GraphError::Http(_) | GraphError::Unreadable(_)) => OperationPoll::Inconclusive { status: None },
            Err(error) => return Err(error.into()),
        })
    }

    /// Ends all of a person's sessions at Microsoft.
    ///
    /// It takes effect within minutes, and within an hour for access tokens already issued
    /// (<https://learn.microsoft.com/graph/api/user-revokesigninsessions>, read 2026-08).
    pub(crate) async fn revoke_sessions(
        &self,
        person: ObjectId,
        identity: ActingIdentity<'_>,
    ) -> Result<(), OperatorError> {
        let (operator, token) = self.token_for(identity).await?;
        let url = self.graph.url(&["users", &person.to_string(), "revokeSignInSessions"]);
        let request = self.graph.http.post(url).header(header::CONTENT_LENGTH, 0);
        let answer = self.graph.send_ignoring_body(request, &token).await;
        self.map_result(operator.as_ref(), answer).await.map(|_| ())
    }

    /// Parses a stored operation URL. It is validated again, because the database is trusted no more than the network.
    pub(crate) fn parse_operation_url(&self, stored: &str) -> Option<OperationUrl> {
        OperationUrl::parse(stored, &self.graph.base_url)
    }
}

/// Classifies an error response to a reset.
///
/// A 4xx status except 408 means that nothing was processed. After 401 and 429 with Graph's own body the reset may be
/// sent again. The outcome of any other status is unknown.
fn classify_response(refusal: GraphRefusal) -> DispatchOutcome {
    let graphs_own = refusal.code.is_some();
    match refusal.status {
        // A claims challenge: a new token would be challenged again.
        StatusCode::UNAUTHORIZED if refusal.challenge.is_some() => DispatchOutcome::Refused { refusal },
        StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS if graphs_own => {
            DispatchOutcome::Retryable { refusal }
        }
        StatusCode::REQUEST_TIMEOUT => unknown_outcome(refusal),
        status if status.is_client_error() => DispatchOutcome::Refused { refusal },
        _ => unknown_outcome(refusal),
    }
}

fn unknown_outcome(refusal: GraphRefusal) -> DispatchOutcome {
    DispatchOutcome::NoAnswer { status: Some(refusal.status.as_u16()), request_id: refusal.request_id }
}

/// Returns the `Location` header in full. [`header_text`] would cut it to 200 characters.
fn location_header(headers: &reqwest::header::HeaderMap) -> Option<String> {
    Some(headers.get(reqwest::header::LOCATION)?.to_str().ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

    #[test]
    fn operation_status_is_required_and_accepted_in_any_case() {
        check_wire_values::<OperationStatus>();
        assert!(accepts_any_case::<OperationStatus>());
        let parse = |operation: Value| serde_json::from_value::<LongRunningOperation>(operation);
        assert_eq!(parse(json!({ "status": "SUCCEEDED" })).unwrap().status, OperationStatus::Succeeded);
        let later = parse(json!({ "status": "unknownFutureValue", "statusDetail": null })).unwrap();
        assert_eq!(later.status, OperationStatus::Other("unknownFutureValue".to_owned()));
        assert!(parse(json!({ "status": null })).is_err() && parse(json!({})).is_err());
    }
}
