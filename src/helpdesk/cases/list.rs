//! Handlers for the case list and for opening a case.

use askama::Template;
use axum::extract::{FromRef as _, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::lines::{ActionOption, action_text, actions};
use super::open;
use super::rules::CaseAction;
use super::store::{self, CaseOrigin, CaseState, HelpdeskCase};
use crate::audit::AuditEvent;
use crate::base::{ObjectId, PersonKey, ReferenceCode};
use crate::people::PeopleService;
use crate::reset::desk as resets;
use crate::signin::{StaffMember, StaffPermission as _, ViewHelpdesk, WorkCases, at_work};
use crate::state::AppState;
use crate::web::{PageContext, WebError, draw, duration, moment};

/// Maximum number of cases on a page. The store loads one more to detect a next page.
const PAGE: usize = 50;

/// A case in a list.
pub(in crate::helpdesk) struct CaseListItem {
    pub(in crate::helpdesk) reference: String,
    pub(in crate::helpdesk) name: String,
    pub(in crate::helpdesk) upn: String,
    pub(in crate::helpdesk) action: String,
    pub(in crate::helpdesk) state: &'static str,
    pub(in crate::helpdesk) state_text: String,
    pub(in crate::helpdesk) internet: bool,
    pub(in crate::helpdesk) owner: String,
    pub(in crate::helpdesk) begun: String,
    pub(in crate::helpdesk) begun_iso: String,
    pub(in crate::helpdesk) age: String,
}

#[derive(Template)]
#[template(path = "helpdesk/cases.html")]
struct CaseListPage {
    f: PageContext,
    states: Vec<ActionOption>,
    rows: Vec<CaseListItem>,
    older: Option<String>,
    first: bool,
    /// The viewer may open a case.
    assists: bool,
    actions: Vec<ActionOption>,
    who: String,
    /// The entered person was not found, or the input was not unique.
    unknown: bool,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct CaseListQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
    /// Set after a redirect because the entered person was not found.
    #[serde(default)]
    unknown: Option<String>,
    /// Person to open a case about, from a link on their page.
    #[serde(default)]
    who: String,
}

pub(in crate::helpdesk) async fn list(
    State(app): State<AppState>,
    frame: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    Query(asked): Query<CaseListQuery>,
) -> Result<Response, WebError> {
    let state = CaseState::read(&asked.state).unwrap_or(CaseState::Open);
    let mut found = store::list(&app.db, state, place(&asked.after)).await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let older = found.last().filter(|_| more).map(|last| {
        let origin = if last.origin == CaseOrigin::Desk { "d" } else { "i" };
        format!(
            "/helpdesk/cases?state={}&after={origin}.{}.{}",
            state.name(),
            last.created_at.as_millisecond(),
            last.id
        )
    });
    let f = at_work(frame, &staff.login);
    let choice = |one: CaseState| ActionOption {
        value: one.name(),
        text: f.t(&format!("case-state-{}", one.name())),
        chosen: one == state,
    };
    Ok(draw(&CaseListPage {
        states: CaseState::ALL.into_iter().map(choice).collect(),
        rows: found.iter().map(|case| row(&f, case, app.now())).collect(),
        older,
        first: asked.after.is_empty(),
        assists: staff.login.may(WorkCases::ROLES),
        actions: actions(&f, Some(CaseAction::Grant)),
        unknown: asked.unknown.is_some(),
        who: asked.who,
        f,
    }))
}

pub(in crate::helpdesk) fn row(f: &PageContext, case: &HelpdeskCase, now: Timestamp) -> CaseListItem {
    let age = now.duration_since(case.created_at).max(SignedDuration::ZERO);
    CaseListItem {
        reference: case.reference.to_string(),
        name: case.name.clone(),
        upn: case.upn.clone(),
        action: action_text(f, case.action),
        state: case.state.name(),
        state_text: f.t(&format!("case-state-{}", case.state.name())),
        internet: case.origin == CaseOrigin::Internet,
        owner: case.owner_name.clone(),
        begun: moment(&f.lang, &case.created_at),
        begun_iso: case.created_at.to_string(),
        age: f.tv("desk-age", "span", &duration(&f.lang, age)),
    }
}

/// Parses the cursor of a page: origin, time and id of the last case. An invalid cursor means the first page.
fn place(text: &str) -> Option<(CaseOrigin, Timestamp, crate::base::CaseId)> {
    let mut parts = text.splitn(3, '.');
    let origin = match parts.next()? {
        "d" => CaseOrigin::Desk,
        "i" => CaseOrigin::Internet,
        _ => return None,
    };
    let at = Timestamp::from_millisecond(parts.next()?.parse().ok()?).ok()?;
    Some((origin, at, parts.next()?.parse().ok()?))
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct OpenCaseForm {
    /// Object id or UPN.
    person: String,
    action: String,
    /// Reference of the reset that the case is about.
    #[serde(default)]
    reset: String,
}

/// Opens a case. `POST /helpdesk/cases`.
pub(in crate::helpdesk) async fn opened(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Form(begun): Form<OpenCaseForm>,
) -> Result<Response, WebError> {
    let action = CaseAction::read(&begun.action).ok_or(WebError::NotFound)?;
    let Some(object) = whom(&app, &begun.person).await? else {
        return Ok(Redirect::to("/helpdesk/cases?unknown=1").into_response());
    };
    let person = PersonKey { tenant: app.config.tenant(), object };
    if person == staff.login.key || open::too_often(&app, person).await? {
        let why = if person == staff.login.key { super::CaseRefusal::Yourself } else { super::CaseRefusal::TooOften };
        let refusal = AuditEvent::new("case.refused", staff.actor()).about(person).with("code", why.code());
        app.auditor.note(refusal).await?;
        return Err(WebError::Refused(crate::web::CodedRefusal {
            code: why.code(),
            status: axum::http::StatusCode::CONFLICT,
            again: Some("/helpdesk/cases"),
        }));
    }
    let reset = match begun.reset.parse::<ReferenceCode>() {
        // Ignores a reset of another person.
        Ok(reference) => resets::whose(&app.db, &reference).await?.filter(|(_, whose)| *whose == person),
        Err(_) => None,
    };
    let reference = open::open(&app, &staff, object, action, reset.map(|(id, _)| id)).await?;
    Ok(Redirect::to(&format!("/helpdesk/cases/{reference}")).into_response())
}

/// Resolves a person of the tenant by object id or complete UPN.
pub(super) async fn whom(app: &AppState, typed: &str) -> Result<Option<ObjectId>, WebError> {
    let typed = typed.trim();
    if let Ok(object) = typed.parse() {
        return Ok(Some(object));
    }
    if typed.is_empty() || typed.len() > 256 {
        return Ok(None);
    }
    let found = PeopleService::from_ref(app).find(typed).await.map_err(|error| WebError::unavailable(&error))?;
    Ok(found.into_iter().find(|one| one.upn.eq_ignore_ascii_case(typed)).map(|one| one.id))
}

/// Loads the cases about a person, for that person's page.
pub(in crate::helpdesk) async fn of_person(
    app: &AppState,
    f: &PageContext,
    person: PersonKey,
) -> Result<Vec<CaseListItem>, WebError> {
    let cases = store::of_person(&app.db, person).await?;
    Ok(cases.iter().map(|case| row(f, case, app.now())).collect())
}

/// Loads the cases about a reset, for that reset's page.
pub(in crate::helpdesk) async fn of_reset(
    app: &AppState,
    f: &PageContext,
    reset: crate::base::ResetId,
) -> Result<Vec<CaseListItem>, WebError> {
    let cases = store::of_reset(&app.db, reset).await?;
    Ok(cases.iter().map(|case| row(f, case, app.now())).collect())
}
