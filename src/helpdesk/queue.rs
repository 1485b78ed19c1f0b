//! The queue: every reset, the newest first, with a search by what a caller can say.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::base::Reference;
use crate::reset::desk::{self as resets, By, Cause, Listed, PAGE, Place, ResetState, Wanted};
use crate::signin::{Look, Staff, at_work};
use crate::state::App;
use crate::web::{Error, Frame, draw, duration, moment};

#[derive(Deserialize)]
pub(super) struct Asked {
    /// A reference, whole or how it begins.
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    cause: String,
    /// The line that this page comes after: milliseconds since 1970 and the id.
    #[serde(default)]
    after: String,
}

/// A reset as a line.
pub(super) struct Row {
    pub(super) reference: String,
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
    change: i64,
    q: String,
    states: Vec<Choice>,
    causes: Vec<Choice>,
    rows: Vec<Row>,
    /// What was typed can be no reference.
    unreadable: bool,
    /// Where the next page begins.
    older: Option<String>,
    first: bool,
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
    let change = resets::newest_change(&app.db).await?;
    let wanted = wanted(&asked);
    let mut found = match &wanted {
        Some(wanted) => resets::list(&app.db, wanted).await?,
        None => Vec::new(),
    };
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let older = found.last().filter(|_| more).map(|last| link(&asked, last));
    let f = at_work(frame, &staff.login);
    Ok(draw(&QueuePage {
        change,
        states: states(&f, &asked.state),
        causes: causes(&asked.cause),
        rows: found.into_iter().map(|reset| row(&f, reset, app.now())).collect(),
        unreadable: wanted.is_none(),
        older,
        first: asked.after.is_empty(),
        q: asked.q,
        f,
    }))
}

/// `GET /helpdesk/change`: a number that grows with every change, for the queue that renews itself.
pub(super) async fn change(State(app): State<App>, _staff: Staff<Look>) -> Result<String, Error> {
    Ok(resets::newest_change(&app.db).await?.to_string())
}

/// `None`: what was typed can be no reference.
fn wanted(asked: &Asked) -> Option<Wanted> {
    let typed = asked.q.trim();
    let by = match (typed, ResetState::read(&asked.state), Cause::read(&asked.cause)) {
        ("", Some(state), _) => By::State(state),
        ("", None, Some(cause)) => By::Cause(cause.code().to_owned()),
        ("", None, None) => By::All,
        _ => By::Reference(Reference::beginning(typed)?),
    };
    Some(Wanted { by, after: place(&asked.after) })
}

/// What is not ours begins at the newest again.
fn place(text: &str) -> Option<Place> {
    let (at, id) = text.split_once('.')?;
    Some(Place { at: Timestamp::from_millisecond(at.parse().ok()?).ok()?, id: id.parse().ok()? })
}

fn link(asked: &Asked, last: &Listed) -> String {
    let values = [("q", asked.q.trim()), ("state", &asked.state), ("cause", &asked.cause)];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(values.into_iter().filter(|(_, value)| !value.is_empty()));
    query.append_pair("after", &format!("{}.{}", last.created_at.as_millisecond(), last.id));
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
        name: reset.name,
        upn: reset.upn,
    }
}
