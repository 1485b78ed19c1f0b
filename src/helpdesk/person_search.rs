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
use crate::people::{MAX_SEARCH_RESULTS, PeopleService, PersonSummary};
use crate::signin::{StaffMember, ViewHelpdesk, with_staff_navigation};
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::{PageContext, WebError, render_page_with_status};

/// Maximum number of searches by one agent. Reading entries out to a caller is slower than that.
const PERSON_SEARCH_LIMIT: RateLimit = RateLimit { count: 30, window: SignedDuration::from_mins(1) };

#[derive(Deserialize)]
pub(super) struct PersonSearchQuery {
    #[serde(default)]
    q: String,
}

/// Outcome of a person search.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PersonSearchOutcome {
    NoQuery,
    TooShort,
    Found,
    TooMany,
    NotFound,
    /// Graph did not answer.
    GraphUnavailable,
}

impl PersonSearchOutcome {
    fn notice_text(self, ctx: &PageContext) -> Option<String> {
        match self {
            Self::NoQuery | Self::Found => None,
            Self::TooShort => Some(ctx.t("desk-people-short")),
            Self::TooMany => Some(ctx.tv("desk-people-many", "n", &MAX_SEARCH_RESULTS.to_string())),
            Self::NotFound => Some(ctx.t("desk-people-nobody")),
            Self::GraphUnavailable => Some(ctx.t("desk-people-unread")),
        }
    }
}

#[derive(Template)]
#[template(path = "helpdesk/person_search.html")]
struct PersonSearchPage {
    ctx: PageContext,
    q: String,
    notice: Option<String>,
    results: Vec<PersonSummary>,
}

pub(super) async fn show_person_search(
    State(app): State<AppState>,
    ctx: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    Query(asked): Query<PersonSearchQuery>,
) -> Result<Response, WebError> {
    let ctx = with_staff_navigation(ctx, &staff.login);
    let q: String = asked.q.trim().chars().take(120).collect();
    let (outcome, found) = match q.chars().count() {
        0 => (PersonSearchOutcome::NoQuery, Vec::new()),
        1 => (PersonSearchOutcome::TooShort, Vec::new()),
        _ => search_people(&app, &staff, &q).await?,
    };
    let status =
        if outcome == PersonSearchOutcome::GraphUnavailable { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    Ok(render_page_with_status(status, &PersonSearchPage { notice: outcome.notice_text(&ctx), q, results: found, ctx }))
}

async fn search_people(
    app: &AppState,
    staff: &StaffMember<ViewHelpdesk>,
    q: &str,
) -> Result<(PersonSearchOutcome, Vec<PersonSummary>), WebError> {
    let key = format!("people:{}", staff.login.key.object);
    app.rate_limiter
        .try_acquire(&key, PERSON_SEARCH_LIMIT, app.now())
        .await?
        .map_err(|refused| WebError::RateLimited(refused.retry_after))?;
    let read = PeopleService::from_ref(app).search(q).await;
    let count = read.as_ref().map_or(0, Vec::len);
    app.audit_log
        .append(
            AuditEvent::new("desk.people_searched", staff.audit_actor())
                .with_detail("found", count)
                .with_personal_detail("typed", q),
        )
        .await?;
    Ok(match read {
        Ok(found) if found.is_empty() => (PersonSearchOutcome::NotFound, found),
        Ok(mut found) if found.len() > MAX_SEARCH_RESULTS => {
            found.truncate(MAX_SEARCH_RESULTS);
            (PersonSearchOutcome::TooMany, found)
        }
        Ok(found) => (PersonSearchOutcome::Found, found),
        Err(error) => {
            tracing::warn!(error = ?error, "person search failed: Graph unavailable");
            (PersonSearchOutcome::GraphUnavailable, Vec::new())
        }
    })
}
