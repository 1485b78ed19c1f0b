//! The two calls only the operator can make: the reset, and asking how it stands.

use jiff::SignedDuration;
use reqwest::{StatusCode, header};
use serde::{Deserialize, Serialize};

use super::last_moment::LastMoment;
use super::{OperatorError, Operators, Order, Ready};
use crate::base::{ObjectId, Password};
use crate::entra::agent::Hand;
use crate::entra::graph::{GraphError, Refusal, retry_after, text};
use crate::entra::location::Location;

/// The password's method id: the same for everybody.
const PASSWORD_METHOD: &str = "28c10230-6103-485e-b985-444c60001490";

/// What is known after the POST.
#[derive(Debug)]
pub(crate) enum Dispatch {
    /// 202. `location` is `None` if it was missing or not Graph's: then only evidence can tell.
    Accepted { location: Option<Location>, retry_after: Option<SignedDuration>, request_id: Option<String> },
    /// A Graph body proves that nothing was taken: a new token, or a wait, and it may be sent again.
    NotTaken { refusal: Refusal },
    /// Nothing was taken, and sending again would not help.
    Refused { refusal: Refusal },
    /// No connection was made.
    NotSent,
    /// It may have arrived.
    NoAnswer { status: Option<u16>, request_id: Option<String> },
}

/// What a poll says.
#[derive(Debug)]
pub(crate) enum Poll {
    /// `status` in lower case.
    Operation {
        status: String,
        detail: Option<String>,
        retry_after: Option<SignedDuration>,
        request_id: Option<String>,
    },
    /// 404.
    Lost,
    /// 429.
    Throttled { retry_after: Option<SignedDuration> },
    /// 401: the token, not the operation.
    Token,
    /// Nothing that tells anything.
    Nothing { status: Option<u16> },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    new_password: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    status: String,
    #[serde(default)]
    status_detail: Option<String>,
}

impl Operators {
    /// Sends a reset. Once: nothing below tries again.
    pub(crate) async fn reset(
        &self,
        with: &Ready,
        order: &Order,
        password: &Password,
    ) -> Result<Dispatch, OperatorError> {
        // Graph refuses it too; a mistake here would cost everybody their resets.
        if order.object == with.operator.object {
            return Err(OperatorError::Itself);
        }
        let id = order.object.to_string();
        let url = self.graph.url(&["users", &id, "authentication", "methods", PASSWORD_METHOD, "resetPassword"]);
        let body = serde_json::to_vec(&Body { new_password: password.expose_password() })
            .map_err(|e| GraphError::Unreadable(e.to_string()))?;
        let (body, left) = LastMoment::new(body, order.leaves_before, self.graph.clock.clone());
        let request = self.graph.once.post(url).header(header::CONTENT_TYPE, "application/json");
        let answer = self.graph.send_for_head(request.body(reqwest::Body::wrap(body)), &with.token).await;
        if let Err(error) = &answer {
            self.heed(&with.operator, error).await?;
        }
        Ok(match answer {
            Ok(done) if done.status == StatusCode::ACCEPTED => Dispatch::Accepted {
                location: text_whole(&done.headers).and_then(|l| Location::parse(&l, &self.graph.base)),
                retry_after: retry_after(&done.headers),
                request_id: text(&done.headers, "request-id"),
            },
            // A success that is not 202 is not described anywhere: what it did is unknown.
            Ok(done) => {
                Dispatch::NoAnswer { status: Some(done.status.as_u16()), request_id: text(&done.headers, "request-id") }
            }
            Err(GraphError::Answered(refusal)) => judge(refusal),
            // The password never left this process.
            Err(GraphError::Http(_)) if !left.get() => Dispatch::NotSent,
            Err(GraphError::Http(_)) => Dispatch::NoAnswer { status: None, request_id: None },
            Err(error) => return Err(error.into()),
        })
    }

    /// Asks how an operation stands.
    pub(crate) async fn poll(&self, location: &Location) -> Result<Poll, OperatorError> {
        let (operator, token) = self.token().await?;
        let answer = self.graph.send(self.graph.http.get(location.url().clone()), &token).await;
        if let Err(error) = &answer {
            self.heed(&operator, error).await?;
        }
        Ok(match answer {
            Ok(done) => match serde_json::from_slice::<Operation>(&done.body) {
                Ok(read) => Poll::Operation {
                    status: read.status.to_ascii_lowercase(),
                    detail: read.status_detail,
                    retry_after: retry_after(&done.headers),
                    request_id: text(&done.headers, "request-id"),
                },
                Err(_) => Poll::Nothing { status: Some(done.status.as_u16()) },
            },
            Err(GraphError::Answered(refusal)) => match refusal.status {
                // Somebody who lost the role may not ask either; the operation goes on without us meanwhile.
                StatusCode::FORBIDDEN => {
                    self.check_role().await?;
                    Poll::Nothing { status: Some(refusal.status.as_u16()) }
                }
                StatusCode::NOT_FOUND => Poll::Lost,
                StatusCode::TOO_MANY_REQUESTS => Poll::Throttled { retry_after: refusal.retry_after },
                StatusCode::UNAUTHORIZED => Poll::Token,
                status => Poll::Nothing { status: Some(status.as_u16()) },
            },
            Err(GraphError::Http(_) | GraphError::Unreadable(_)) => Poll::Nothing { status: None },
            Err(error) => return Err(error.into()),
        })
    }

    /// Ends every session of a person at Microsoft: it takes minutes there, up to an hour for tokens that are out
    /// (user-revokesigninsessions.md, read 2026-08).
    pub(crate) async fn revoke_sessions(&self, person: ObjectId, hand: Hand<'_>) -> Result<(), OperatorError> {
        let (operator, token) = self.token_of(hand).await?;
        let url = self.graph.url(&["users", &person.to_string(), "revokeSignInSessions"]);
        let request = self.graph.http.post(url).header(header::CONTENT_LENGTH, 0);
        let answer = self.graph.send_for_head(request, &token).await;
        self.heard(operator.as_ref(), answer).await.map(|_| ())
    }

    /// A stored address, checked again: the database is no more trusted than the network.
    pub(crate) fn location(&self, stored: &str) -> Option<Location> {
        Location::parse(stored, &self.graph.base)
    }
}

/// Design, "states": 4xx except 408 took nothing; 401 and 429 with Graph's own body may go again; all else is unknown.
fn judge(refusal: Refusal) -> Dispatch {
    let graphs_own = refusal.code.is_some();
    match refusal.status {
        // A new token would be challenged again.
        StatusCode::UNAUTHORIZED if refusal.challenge.is_some() => Dispatch::Refused { refusal },
        StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS if graphs_own => Dispatch::NotTaken { refusal },
        StatusCode::REQUEST_TIMEOUT => unknown(refusal),
        status if status.is_client_error() => Dispatch::Refused { refusal },
        _ => unknown(refusal),
    }
}

fn unknown(refusal: Refusal) -> Dispatch {
    Dispatch::NoAnswer { status: Some(refusal.status.as_u16()), request_id: refusal.request_id }
}

/// `Location`, not cut short: half an address is no address.
fn text_whole(headers: &reqwest::header::HeaderMap) -> Option<String> {
    Some(headers.get(reqwest::header::LOCATION)?.to_str().ok()?.to_owned())
}
