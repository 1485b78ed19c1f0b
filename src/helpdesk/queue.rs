//! The reset list: every reset, newest first, with a search by what a caller can tell an agent.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::base::{ObjectId, ReferenceCode};
use crate::reset::desk::{
    self as resets, ListCursor, ResetCause, ResetQuery, ResetSearchPage, ResetState, ResetSummary, SearchContinuation,
    SearchText,
};
use crate::signin::{StaffMember, ViewHelpdesk, at_work};
use crate::state::AppState;
use crate::store::StoreError;
use crate::troubles;
use crate::web::{PageContext, WebError, draw, duration, moment};

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

struct SelectOption {
    value: &'static str,
    text: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "helpdesk/queue.html")]
struct ResetListPage {
    f: PageContext,
    change: String,
    troubles: Vec<HealthIssueItem>,
    asked: ResetListQuery,
    states: Vec<SelectOption>,
    causes: Vec<SelectOption>,
    rows: Vec<ResetListItem>,
    wrong: Option<InvalidFilter>,
    /// Address of the next page.
    older: Option<String>,
    /// Time at which the search stopped, if older resets may match: as text and in ISO format.
    looked_back: Option<(String, String)>,
    gathering: bool,
    first: bool,
}

/// Search input that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InvalidFilter {
    Text,
    From,
    To,
}

impl ResetListPage {
    fn is(&self, wrong: InvalidFilter) -> bool {
        self.wrong == Some(wrong)
    }

    /// Returns whether a search text matched nothing, so that the page explains what can be searched.
    fn nothing_typed_fits(&self) -> bool {
        self.rows.is_empty()
            && !self.asked.q.trim().is_empty()
            && !self.is(InvalidFilter::From)
            && !self.is(InvalidFilter::To)
    }
}

pub(super) async fn page(
    State(app): State<AppState>,
    frame: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    Query(asked): Query<ResetListQuery>,
) -> Result<Response, WebError> {
    if let Ok(reference) = asked.q.parse::<ReferenceCode>()
        && resets::file(&app, &reference).await?.is_some()
    {
        return Ok(Redirect::to(&format!("/helpdesk/resets/{reference}")).into_response());
    }
    let change = changed(&app).await?;
    let troubles = troubles::standing(&app.db).await?;
    let (found, wrong) = match question(&asked) {
        Ok(question) => (resets::search(&app.db, &question).await?, None),
        Err(wrong) => {
            (ResetSearchPage { lines: Vec::new(), rest: SearchContinuation::Nothing, gathering: false }, Some(wrong))
        }
    };
    let f = at_work(frame, &staff.login);
    let (older, looked_back) = match found.rest {
        SearchContinuation::Nothing => (None, None),
        SearchContinuation::More(place) => (Some(link(&asked, place)), None),
        SearchContinuation::Unseen(place) => {
            (Some(link(&asked, place)), Some((moment(&f.lang, &place.at), place.at.to_string())))
        }
    };
    Ok(draw(&ResetListPage {
        change,
        troubles: troubles.into_iter().map(|trouble| wrongs(&f, &trouble)).collect(),
        states: states(&f, &asked.state),
        causes: causes(&asked.cause),
        rows: found.lines.into_iter().map(|reset| row(&f, reset, app.now())).collect(),
        wrong,
        older,
        looked_back,
        gathering: found.gathering,
        first: asked.after.is_empty(),
        asked,
        f,
    }))
}

/// Returns a token that changes with every reset and health issue, for the automatic refresh. `GET /helpdesk/change`.
pub(super) async fn change(State(app): State<AppState>, _staff: StaffMember<ViewHelpdesk>) -> Result<String, WebError> {
    changed(&app).await.map_err(WebError::from)
}

/// Loads the change token of the list: it changes with every change of a reset or of a health issue.
async fn changed(app: &AppState) -> Result<String, StoreError> {
    Ok(format!("{}.{}", resets::newest_change(&app.db).await?, troubles::change(&app.db).await?))
}

/// An open health issue, as staff pages show it.
pub(super) struct HealthIssueItem {
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) todo: String,
    pub(super) since: String,
    pub(super) since_iso: String,
    pub(super) detail: String,
}

pub(super) fn wrongs(f: &PageContext, trouble: &troubles::OpenHealthIssue) -> HealthIssueItem {
    let key = format!("trouble-{}", trouble.kind.name());
    HealthIssueItem {
        kind: trouble.kind.name(),
        text: f.t(&key),
        todo: f.t(&format!("{key}-do")),
        since: f.tv("trouble-since", "time", &moment(&f.lang, &trouble.since)),
        since_iso: trouble.since.to_string(),
        detail: trouble.detail.clone(),
    }
}

/// Converts the query string to a search. Unknown states and causes are ignored, because the form offers none.
fn question(asked: &ResetListQuery) -> Result<ResetQuery, InvalidFilter> {
    let text = match asked.q.trim() {
        "" => None,
        typed => Some(SearchText::read(typed).ok_or(InvalidFilter::Text)?),
    };
    Ok(ResetQuery {
        text,
        state: ResetState::read(&asked.state),
        cause: ResetCause::read(&asked.cause).map(|cause| cause.code().to_owned()),
        from: day(&asked.from, false).map_err(|()| InvalidFilter::From)?,
        until: day(&asked.to, true).map_err(|()| InvalidFilter::To)?,
        after: place(&asked.after),
    })
}

/// Parses a date and returns the start or the end of that day in UTC, as all times in the search.
pub(super) fn day(text: &str, ends: bool) -> Result<Option<Timestamp>, ()> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let day: Date = text.trim().parse().map_err(|_| ())?;
    let day = if ends { day.tomorrow().map_err(|_| ())? } else { day };
    Ok(Some(day.to_zoned(TimeZone::UTC).map_err(|_| ())?.timestamp()))
}

/// Parses the cursor. An invalid cursor means the first page.
fn place(text: &str) -> Option<ListCursor> {
    let (at, id) = text.split_once('.')?;
    Some(ListCursor { at: Timestamp::from_millisecond(at.parse().ok()?).ok()?, id: id.parse().ok()? })
}

fn link(asked: &ResetListQuery, last: ListCursor) -> String {
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

fn states(f: &PageContext, chosen: &str) -> Vec<SelectOption> {
    let choice = |state: ResetState| SelectOption {
        value: state.name(),
        text: state_text(f, state),
        chosen: state.name() == chosen,
    };
    ResetState::ALL.into_iter().map(choice).collect()
}

fn causes(chosen: &str) -> Vec<SelectOption> {
    let choice = |cause: ResetCause| SelectOption {
        value: cause.code(),
        text: cause.code().to_owned(),
        chosen: cause.code() == chosen,
    };
    ResetCause::ALL.into_iter().map(choice).collect()
}

pub(super) fn state_text(f: &PageContext, state: ResetState) -> String {
    f.t(&format!("desk-state-{}", state.name().replace('_', "-")))
}

/// Returns the name, or a placeholder if retention has erased it.
pub(super) fn named(f: &PageContext, name: String) -> String {
    if name.is_empty() { f.t("desk-name-erased") } else { name }
}

pub(super) fn row(f: &PageContext, reset: ResetSummary, now: Timestamp) -> ResetListItem {
    let age = now.duration_since(reset.created_at).max(SignedDuration::ZERO);
    ResetListItem {
        state: reset.state.name(),
        state_text: state_text(f, reset.state),
        cause: reset.cause.unwrap_or_default(),
        begun: moment(&f.lang, &reset.created_at),
        begun_iso: reset.created_at.to_string(),
        age: f.tv("desk-age", "span", &duration(&f.lang, age)),
        reference: reset.reference,
        object: reset.object,
        name: named(f, reset.name),
        upn: reset.upn,
    }
}
