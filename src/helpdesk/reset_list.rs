//! The reset list: every reset, newest first, with a search by what a caller can tell an agent.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::select_option::{SelectOption, build_options};
use crate::admin::{PauseNotice, load_pause_notice};
use crate::base::{ObjectId, ReferenceCode};
use crate::eligibility::ResetPause;
use crate::health;
use crate::reset::queries::{
    self as resets, ListCursor, ResetCause, ResetQuery, ResetSearchPage, ResetState, ResetSummary, SearchContinuation,
    SearchText,
};
use crate::signin::{StaffMember, ViewHelpdesk, with_staff_navigation};
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::{PageContext, WebError, format_duration, format_timestamp, render_page};

#[derive(Deserialize)]
pub(super) struct ResetListQuery {
    /// A name, a UPN, a reference, the beginning of one of these, or a ticket number.
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    cause: String,
    /// First day of the period; `to` is the last day.
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    /// Cursor: the last reset of the previous page, as milliseconds since 1970 and the id.
    #[serde(default)]
    after: String,
}

/// A reset in a list.
pub(super) struct ResetListItem {
    pub(super) reference: String,
    pub(super) object: ObjectId,
    pub(super) name: String,
    pub(super) upn: String,
    pub(super) state: &'static str,
    pub(super) state_text: String,
    pub(super) cause: String,
    pub(super) begun: String,
    pub(super) begun_iso: String,
    pub(super) age: String,
}

#[derive(Template)]
#[template(path = "helpdesk/reset_list.html")]
struct ResetListPage {
    ctx: PageContext,
    change: String,
    pause: Option<PauseNotice>,
    health_issues: Vec<HealthIssueItem>,
    query: ResetListQuery,
    states: Vec<SelectOption>,
    causes: Vec<SelectOption>,
    rows: Vec<ResetListItem>,
    invalid_filter: Option<InvalidFilter>,
    /// Address of the next page.
    older: Option<String>,
    /// Time at which the search stopped, if older resets may match: as text and in ISO format.
    searched_back_to: Option<(String, String)>,
    is_indexing: bool,
    is_first_page: bool,
}

/// Search input that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InvalidFilter {
    Text,
    From,
    To,
}

impl ResetListPage {
    fn is_invalid(&self, wrong: InvalidFilter) -> bool {
        self.invalid_filter == Some(wrong)
    }

    /// Returns whether a search text matched nothing, so that the page explains what can be searched.
    fn has_no_text_matches(&self) -> bool {
        self.rows.is_empty()
            && !self.query.q.trim().is_empty()
            && !self.is_invalid(InvalidFilter::From)
            && !self.is_invalid(InvalidFilter::To)
    }
}

pub(super) async fn show_reset_list(
    State(app): State<AppState>,
    ctx: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    Query(asked): Query<ResetListQuery>,
) -> Result<Response, WebError> {
    if let Ok(reference) = asked.q.parse::<ReferenceCode>()
        && resets::load_detail(&app, &reference).await?.is_some()
    {
        return Ok(Redirect::to(&format!("/helpdesk/resets/{reference}")).into_response());
    }
    let change = load_change_token(&app).await?;
    let troubles = health::load_open_issues(&app.db).await?;
    let (found, wrong) = match parse_query(&asked) {
        Ok(question) => (resets::search_resets(&app.db, &question).await?, None),
        Err(wrong) => (
            ResetSearchPage { resets: Vec::new(), continuation: SearchContinuation::End, is_index_incomplete: false },
            Some(wrong),
        ),
    };
    let ctx = with_staff_navigation(ctx, &staff.login);
    let (older, looked_back) = match found.continuation {
        SearchContinuation::End => (None, None),
        SearchContinuation::More(place) => (Some(next_page_link(&asked, place)), None),
        SearchContinuation::ScanLimitReached(place) => {
            (Some(next_page_link(&asked, place)), Some((format_timestamp(&ctx.lang, &place.at), place.at.to_string())))
        }
    };
    Ok(render_page(&ResetListPage {
        change,
        pause: load_pause_notice(&app, &ctx).await?,
        health_issues: troubles.into_iter().map(|trouble| build_health_issue_item(&ctx, &trouble)).collect(),
        states: build_options(ResetState::ALL, ResetState::from_name(&asked.state), |state| {
            (state.as_str(), state_text(&ctx, state))
        }),
        causes: build_options(ResetCause::ALL, ResetCause::from_name(&asked.cause), |cause| {
            (cause.as_str(), cause.as_str().to_owned())
        }),
        rows: found.resets.into_iter().map(|reset| build_reset_item(&ctx, reset, app.now())).collect(),
        invalid_filter: wrong,
        older,
        searched_back_to: looked_back,
        is_indexing: found.is_index_incomplete,
        is_first_page: asked.after.is_empty(),
        query: asked,
        ctx,
    }))
}

/// Returns a token that changes with every reset, health issue and pause, for the automatic refresh. `GET /helpdesk/change`.
pub(super) async fn show_list_change(
    State(app): State<AppState>,
    _staff: StaffMember<ViewHelpdesk>,
) -> Result<String, WebError> {
    load_change_token(&app).await.map_err(WebError::from)
}

/// Loads the change token of the list: it changes with every change of a reset, of a health issue or of the pause.
async fn load_change_token(app: &AppState) -> Result<String, StoreError> {
    let reset_change = resets::load_newest_change(&app.db).await?;
    let issue_change = health::load_change_counter(&app.db).await?;
    let paused_since = ResetPause::new(app.db.clone()).load_since().await?.map_or(0, Timestamp::as_millisecond);
    Ok(format!("{reset_change}.{issue_change}.{paused_since}"))
}

/// An open health issue, as staff pages show it.
pub(super) struct HealthIssueItem {
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) remedy: String,
    pub(super) since: String,
    pub(super) since_iso: String,
    pub(super) detail: String,
}

pub(super) fn build_health_issue_item(ctx: &PageContext, trouble: &health::OpenHealthIssue) -> HealthIssueItem {
    let key = format!("trouble-{}", trouble.kind.as_str());
    HealthIssueItem {
        kind: trouble.kind.as_str(),
        text: ctx.t(&key),
        remedy: ctx.t(&format!("{key}-do")),
        since: ctx.tv("trouble-since", "time", &format_timestamp(&ctx.lang, &trouble.since)),
        since_iso: trouble.since.to_string(),
        detail: trouble.detail.clone(),
    }
}

/// Converts the query string to a search. Unknown states and causes are ignored, because the form offers none.
fn parse_query(asked: &ResetListQuery) -> Result<ResetQuery, InvalidFilter> {
    let text = match asked.q.trim() {
        "" => None,
        typed => Some(SearchText::parse(typed).ok_or(InvalidFilter::Text)?),
    };
    Ok(ResetQuery {
        text,
        state: ResetState::from_name(&asked.state),
        cause: ResetCause::from_name(&asked.cause).map(|cause| cause.as_str().to_owned()),
        from: parse_day(&asked.from, DayBoundary::Start).map_err(|()| InvalidFilter::From)?,
        until: parse_day(&asked.to, DayBoundary::End).map_err(|()| InvalidFilter::To)?,
        after: parse_cursor(&asked.after),
    })
}

/// Boundary of a day in a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayBoundary {
    Start,
    End,
}

/// Parses a date and returns the start or the end of that day in UTC, as all times in the search.
pub(super) fn parse_day(text: &str, boundary: DayBoundary) -> Result<Option<Timestamp>, ()> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let day: Date = text.trim().parse().map_err(|_| ())?;
    let day = match boundary {
        DayBoundary::Start => day,
        DayBoundary::End => day.tomorrow().map_err(|_| ())?,
    };
    Ok(Some(day.to_zoned(TimeZone::UTC).map_err(|_| ())?.timestamp()))
}

/// Parses the cursor. An invalid cursor means the first page.
fn parse_cursor(text: &str) -> Option<ListCursor> {
    let (at, id) = text.split_once('.')?;
    Some(ListCursor { at: Timestamp::from_millisecond(at.parse().ok()?).ok()?, id: id.parse().ok()? })
}

fn next_page_link(asked: &ResetListQuery, last: ListCursor) -> String {
    let values = [
        ("q", asked.q.trim()),
        ("state", &asked.state),
        ("cause", &asked.cause),
        ("from", &asked.from),
        ("to", &asked.to),
    ];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(values.into_iter().filter(|(_, value)| !value.is_empty()));
    query.append_pair("after", &format!("{}.{}", last.at.as_millisecond(), last.id));
    format!("/helpdesk?{}", query.finish())
}

pub(super) fn state_text(ctx: &PageContext, state: ResetState) -> String {
    ctx.t(&format!("desk-state-{}", state.as_str().replace('_', "-")))
}

/// Returns the name, or a placeholder if retention has erased it.
pub(super) fn display_name(ctx: &PageContext, name: String) -> String {
    if name.is_empty() { ctx.t("desk-name-erased") } else { name }
}

pub(super) fn build_reset_item(ctx: &PageContext, reset: ResetSummary, now: Timestamp) -> ResetListItem {
    let age = now.duration_since(reset.created_at).max(SignedDuration::ZERO);
    ResetListItem {
        state: reset.state.as_str(),
        state_text: state_text(ctx, reset.state),
        cause: reset.cause.unwrap_or_default(),
        begun: format_timestamp(&ctx.lang, &reset.created_at),
        begun_iso: reset.created_at.to_string(),
        age: ctx.tv("desk-age", "span", &format_duration(&ctx.lang, age)),
        reference: reset.reference,
        object: reset.object,
        name: display_name(ctx, reset.name),
        upn: reset.upn,
    }
}
