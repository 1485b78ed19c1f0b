//! The reset list: every reset, newest first, with a search by what a caller can tell an agent.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::base::{ObjectId, Reference};
use crate::reset::desk::{self as resets, Cause, Found, Listed, Place, Question, ResetState, Rest, Text};
use crate::signin::{Look, Staff, at_work};
use crate::state::App;
use crate::store::StoreError;
use crate::troubles;
use crate::web::{Error, Frame, draw, duration, moment};

#[derive(Deserialize)]
pub(super) struct Asked {
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
pub(super) struct Row {
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

struct Choice {
    value: &'static str,
    text: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "helpdesk/queue.html")]
struct QueuePage {
    f: Frame,
    change: String,
    troubles: Vec<Wrongs>,
    asked: Asked,
    states: Vec<Choice>,
    causes: Vec<Choice>,
    rows: Vec<Row>,
    wrong: Option<Wrong>,
    /// Address of the next page.
    older: Option<String>,
    /// Time at which the search stopped, if older resets may match: as text and in ISO format.
    looked_back: Option<(String, String)>,
    gathering: bool,
    first: bool,
}

/// Search input that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Text,
    From,
    To,
}

impl QueuePage {
    fn is(&self, wrong: Wrong) -> bool {
        self.wrong == Some(wrong)
    }

    /// Returns whether a search text matched nothing, so that the page explains what can be searched.
    fn nothing_typed_fits(&self) -> bool {
        self.rows.is_empty() && !self.asked.q.trim().is_empty() && !self.is(Wrong::From) && !self.is(Wrong::To)
    }
}

pub(super) async fn page(
    State(app): State<App>,
    frame: Frame,
    staff: Staff<Look>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    if let Ok(reference) = asked.q.parse::<Reference>()
        && resets::file(&app, &reference).await?.is_some()
    {
        return Ok(Redirect::to(&format!("/helpdesk/resets/{reference}")).into_response());
    }
    let change = changed(&app).await?;
    let troubles = troubles::standing(&app.db).await?;
    let (found, wrong) = match question(&asked) {
        Ok(question) => (resets::search(&app.db, &question).await?, None),
        Err(wrong) => (Found { lines: Vec::new(), rest: Rest::Nothing, gathering: false }, Some(wrong)),
    };
    let f = at_work(frame, &staff.login);
    let (older, looked_back) = match found.rest {
        Rest::Nothing => (None, None),
        Rest::More(place) => (Some(link(&asked, place)), None),
        Rest::Unseen(place) => (Some(link(&asked, place)), Some((moment(&f.lang, &place.at), place.at.to_string()))),
    };
    Ok(draw(&QueuePage {
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
pub(super) async fn change(State(app): State<App>, _staff: Staff<Look>) -> Result<String, Error> {
    changed(&app).await.map_err(Error::from)
}

/// Loads the change token of the list: it changes with every change of a reset or of a health issue.
async fn changed(app: &App) -> Result<String, StoreError> {
    Ok(format!("{}.{}", resets::newest_change(&app.db).await?, troubles::change(&app.db).await?))
}

/// An open health issue, as staff pages show it.
pub(super) struct Wrongs {
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) todo: String,
    pub(super) since: String,
    pub(super) since_iso: String,
    pub(super) detail: String,
}

pub(super) fn wrongs(f: &Frame, trouble: &troubles::Standing) -> Wrongs {
    let key = format!("trouble-{}", trouble.kind.name());
    Wrongs {
        kind: trouble.kind.name(),
        text: f.t(&key),
        todo: f.t(&format!("{key}-do")),
        since: f.tv("trouble-since", "time", &moment(&f.lang, &trouble.since)),
        since_iso: trouble.since.to_string(),
        detail: trouble.detail.clone(),
    }
}

/// Converts the query string to a search. Unknown states and causes are ignored, because the form offers none.
fn question(asked: &Asked) -> Result<Question, Wrong> {
    let text = match asked.q.trim() {
        "" => None,
        typed => Some(Text::read(typed).ok_or(Wrong::Text)?),
    };
    Ok(Question {
        text,
        state: ResetState::read(&asked.state),
        cause: Cause::read(&asked.cause).map(|cause| cause.code().to_owned()),
        from: day(&asked.from, false).map_err(|()| Wrong::From)?,
        until: day(&asked.to, true).map_err(|()| Wrong::To)?,
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
fn place(text: &str) -> Option<Place> {
    let (at, id) = text.split_once('.')?;
    Some(Place { at: Timestamp::from_millisecond(at.parse().ok()?).ok()?, id: id.parse().ok()? })
}

fn link(asked: &Asked, last: Place) -> String {
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

fn states(f: &Frame, chosen: &str) -> Vec<Choice> {
    let choice =
        |state: ResetState| Choice { value: state.name(), text: state_text(f, state), chosen: state.name() == chosen };
    ResetState::ALL.into_iter().map(choice).collect()
}

fn causes(chosen: &str) -> Vec<Choice> {
    let choice =
        |cause: Cause| Choice { value: cause.code(), text: cause.code().to_owned(), chosen: cause.code() == chosen };
    Cause::ALL.into_iter().map(choice).collect()
}

pub(super) fn state_text(f: &Frame, state: ResetState) -> String {
    f.t(&format!("desk-state-{}", state.name().replace('_', "-")))
}

/// Returns the name, or a placeholder if retention has erased it.
pub(super) fn named(f: &Frame, name: String) -> String {
    if name.is_empty() { f.t("desk-name-erased") } else { name }
}

pub(super) fn row(f: &Frame, reset: Listed, now: Timestamp) -> Row {
    let age = now.duration_since(reset.created_at).max(SignedDuration::ZERO);
    Row {
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
