//! Person search by the beginning of a name or by a complete address.
//!
//! The search runs at Graph. Nothing is stored except an audit event with the agent and the search text.

use askama::Template;
use axum::extract::{FromRef as _, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use serde::Deserialize;

use crate::audit::Event;
use crate::people::{FOUND, Found, People};
use crate::signin::{Look, Staff, at_work};
use crate::state::App;
use crate::store::Limit;
use crate::web::{Error, Frame, draw_with};

/// Maximum number of searches by one agent. Reading entries out to a caller is slower than that.
const SEARCHES: Limit = Limit { count: 30, per: SignedDuration::from_mins(1) };

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
}

/// Outcome of a person search.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    NotAsked,
    TooShort,
    Found,
    TooMany,
    Nobody,
    /// Graph did not answer.
    Unread,
}

impl Outcome {
    fn text(self, f: &Frame) -> Option<String> {
        match self {
            Self::NotAsked | Self::Found => None,
            Self::TooShort => Some(f.t("desk-people-short")),
            Self::TooMany => Some(f.tv("desk-people-many", "n", &FOUND.to_string())),
            Self::Nobody => Some(f.t("desk-people-nobody")),
            Self::Unread => Some(f.t("desk-people-unread")),
        }
    }
}

#[derive(Template)]
#[template(path = "helpdesk/people.html")]
struct PeoplePage {
    f: Frame,
    q: String,
    said: Option<String>,
    found: Vec<Found>,
}

pub(super) async fn page(
    State(app): State<App>,
    frame: Frame,
    staff: Staff<Look>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let f = at_work(frame, &staff.login);
    let q: String = asked.q.trim().chars().take(120).collect();
    let (outcome, found) = match q.chars().count() {
        0 => (Outcome::NotAsked, Vec::new()),
        1 => (Outcome::TooShort, Vec::new()),
        _ => search(&app, &staff, &q).await?,
    };
    let status = if outcome == Outcome::Unread { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    Ok(draw_with(status, &PeoplePage { said: outcome.text(&f), q, found, f }))
}

async fn search(app: &App, staff: &Staff<Look>, q: &str) -> Result<(Outcome, Vec<Found>), Error> {
    let key = format!("people:{}", staff.login.key.object);
    app.limits.take(&key, SEARCHES, app.now()).await?.map_err(|refused| Error::Limited(refused.wait))?;
    let read = People::from_ref(app).find(q).await;
    let count = read.as_ref().map_or(0, Vec::len);
    app.auditor
        .note(Event::new("desk.people_searched", staff.actor()).with("found", count).personal("typed", q))
        .await?;
    Ok(match read {
        Ok(found) if found.is_empty() => (Outcome::Nobody, found),
        Ok(mut found) if found.len() > FOUND => {
            found.truncate(FOUND);
            (Outcome::TooMany, found)
        }
        Ok(found) => (Outcome::Found, found),
        Err(error) => {
            tracing::warn!(error = ?error, "person search failed: Graph unavailable");
            (Outcome::Unread, Vec::new())
        }
    })
}
