//! Person search by the beginning of a name or by a complete address.
//!
//! The search runs at Graph. Nothing is stored except an audit event with the agent and the search text.

use askama::Template;
use axum::extract::{FromRef as _, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use serde::Deserialize;

use crate::audit::AuditEvent;
use crate::people::{FOUND, PeopleService, PersonSummary};
use crate::signin::{StaffMember, ViewHelpdesk, at_work};
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::{PageContext, WebError, draw_with};

/// Maximum number of searches by one agent. Reading entries out to a caller is slower than that.
const SEARCHES: RateLimit = RateLimit { count: 30, per: SignedDuration::from_mins(1) };

#[derive(Deserialize)]
pub(super) struct PersonSearchQuery {
    #[serde(default)]
    q: String,
}

/// Outcome of a person search.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PersonSearchOutcome {
    NotAsked,
    TooShort,
    Found,
    TooMany,
    Nobody,
    /// Graph did not answer.
    Unread,
}

impl PersonSearchOutcome {
    fn text(self, f: &PageContext) -> Option<String> {
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
struct PersonSearchPage {
    f: PageContext,
    q: String,
    said: Option<String>,
    found: Vec<PersonSummary>,
}

pub(super) async fn page(
    State(app): State<AppState>,
    frame: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    Query(asked): Query<PersonSearchQuery>,
) -> Result<Response, WebError> {
    let f = at_work(frame, &staff.login);
    let q: String = asked.q.trim().chars().take(120).collect();
    let (outcome, found) = match q.chars().count() {
        0 => (PersonSearchOutcome::NotAsked, Vec::new()),
        1 => (PersonSearchOutcome::TooShort, Vec::new()),
        _ => search(&app, &staff, &q).await?,
    };
    let status = if outcome == PersonSearchOutcome::Unread { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    Ok(draw_with(status, &PersonSearchPage { said: outcome.text(&f), q, found, f }))
}

async fn search(
    app: &AppState,
    staff: &StaffMember<ViewHelpdesk>,
    q: &str,
) -> Result<(PersonSearchOutcome, Vec<PersonSummary>), WebError> {
    let key = format!("people:{}", staff.login.key.object);
    app.limits.take(&key, SEARCHES, app.now()).await?.map_err(|refused| WebError::Limited(refused.wait))?;
    let read = PeopleService::from_ref(app).find(q).await;
    let count = read.as_ref().map_or(0, Vec::len);
    app.auditor
        .note(AuditEvent::new("desk.people_searched", staff.actor()).with("found", count).personal("typed", q))
        .await?;
    Ok(match read {
        Ok(found) if found.is_empty() => (PersonSearchOutcome::Nobody, found),
        Ok(mut found) if found.len() > FOUND => {
            found.truncate(FOUND);
            (PersonSearchOutcome::TooMany, found)
        }
        Ok(found) => (PersonSearchOutcome::Found, found),
        Err(error) => {
            tracing::warn!(error = ?error, "person search failed: Graph unavailable");
            (PersonSearchOutcome::Unread, Vec::new())
        }
    })
}
