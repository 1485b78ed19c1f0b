//! Temporary Access Passes: made for somebody whom the desk verified, shown once, kept nowhere.
//!
//! <https://learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods> (read 2026-08): 201 with the pass
//! in `temporaryAccessPass`; one per person, a new one replaces the old.

use reqwest::{StatusCode, header};
use serde::{Deserialize, Serialize};

use super::{GraphError, OperatorError, Operators};
use crate::base::{ObjectId, Secret};
use crate::entra::agent::Hand;

/// The shortest that Graph takes.
const SHORTEST_MINUTES: i64 = 10;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    is_usable_once: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifetime_in_minutes: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    id: String,
    temporary_access_pass: Secret,
    lifetime_in_minutes: i64,
}

/// How a pass stands, by Microsoft's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassStands {
    /// It waits to be used.
    Waiting,
    /// It was used for the sign-in that it was good for.
    Used,
    /// It ended, was taken back, or another replaced it.
    Over,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stands {
    #[serde(default)]
    is_usable: Option<bool>,
    #[serde(default)]
    method_usability_reason: Option<String>,
}

/// A pass, whose code goes to one pair of eyes.
pub(crate) struct Pass {
    pub(crate) id: String,
    pub(crate) code: Secret,
    pub(crate) minutes: i64,
}

impl Operators {
    /// Makes a pass for one sign-in, for as short as the tenant's policy lets it be.
    pub(crate) async fn create_pass(&self, person: ObjectId, hand: Hand<'_>) -> Result<Pass, OperatorError> {
        match self.wish(person, Some(SHORTEST_MINUTES), hand).await {
            // The tenant's policy has a longer minimum, which only policy administrators can read: its default then.
            Err(OperatorError::Graph(GraphError::Answered(refusal))) if refusal.status == StatusCode::BAD_REQUEST => {
                self.wish(person, None, hand).await
            }
            made => made,
        }
    }

    async fn wish(
        &self,
        person: ObjectId,
        lifetime_in_minutes: Option<i64>,
        hand: Hand<'_>,
    ) -> Result<Pass, OperatorError> {
        let (operator, token) = self.token_of(hand).await?;
        let url = self.graph.url(&["users", &person.to_string(), "authentication", "temporaryAccessPassMethods"]);
        let body = serde_json::to_vec(&Wish { is_usable_once: true, lifetime_in_minutes })
            .map_err(|e| GraphError::Unreadable(e.to_string()))?;
        // Sent once: a second one would replace a pass that somebody is reading out.
        let request = self.graph.once.post(url).header(header::CONTENT_TYPE, "application/json").body(body);
        let answer = self.heard(operator.as_ref(), self.graph.send(request, &token).await).await?;
        // The problem says where, never what: the body holds the pass.
        let made: Made = serde_json::from_slice(&answer.body)
            .map_err(|e| GraphError::Unreadable(format!("a pass, at column {}", e.column())))?;
        Ok(Pass { id: made.id, code: made.temporary_access_pass, minutes: made.lifetime_in_minutes })
    }

    /// Whether a pass was used. `methodUsabilityReason` says why one is not usable any more:
    /// <https://learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethod> (read 2026-11-25).
    pub(crate) async fn pass_stands(&self, person: ObjectId, pass: &str) -> Result<PassStands, OperatorError> {
        let (operator, token) = self.token().await?;
        let segments = ["users", &person.to_string(), "authentication", "temporaryAccessPassMethods", pass];
        let answer = match self.graph.send(self.graph.http.get(self.graph.url(&segments)), &token).await {
            Ok(answer) => answer,
            Err(error) if error.is_not_found() => return Ok(PassStands::Over),
            Err(error) => {
                self.heed(&operator, &error).await?;
                return Err(error.into());
            }
        };
        let read: Stands =
            serde_json::from_slice(&answer.body).map_err(|e| GraphError::Unreadable(format!("a pass: {e}")))?;
        let because =
            |reason: &str| read.method_usability_reason.as_deref().is_some_and(|r| r.eq_ignore_ascii_case(reason));
        Ok(match read.is_usable {
            _ if because("OneTimeUsed") => PassStands::Used,
            Some(true) => PassStands::Waiting,
            _ if because("NotYetValid") => PassStands::Waiting,
            _ => PassStands::Over,
        })
    }

    /// Takes a pass away. One that is gone already is gone.
    pub(crate) async fn delete_pass(&self, person: ObjectId, pass: &str) -> Result<(), OperatorError> {
        let (operator, token) = self.token().await?;
        let segments = ["users", &person.to_string(), "authentication", "temporaryAccessPassMethods", pass];
        match self.graph.send_for_head(self.graph.http.delete(self.graph.url(&segments)), &token).await {
            Ok(_) => Ok(()),
            Err(GraphError::Answered(refusal)) if refusal.status == StatusCode::NOT_FOUND => Ok(()),
            Err(error) => {
                self.heed(&operator, &error).await?;
                Err(error.into())
            }
        }
    }
}
