//! Handlers for the case list and for opening a case.

use askama::Template;
use axum::extract::{FromRef as _, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::response::case_actor;
use crate::account::action_text;
use crate::admin::{PauseNotice, load_pause_notice};
use crate::base::{ObjectId, PersonKey, ResetId};
use crate::cases::{self, CaseAction, CaseOrigin, CaseState, HelpdeskCase, ListPosition};
use crate::helpdesk::select_option::{SelectOption, action_options, build_options};
use crate::people::PeopleService;
use crate::signin::{StaffMember, StaffPermission as _, ViewHelpdesk, WorkCases, with_staff_navigation};
use crate::state::AppState;
use crate::web::{PageContext, WebError, format_duration, format_timestamp, render_page};

/// Maximum number of cases on a page. The store loads one more to detect a next page.
const CASES_PER_PAGE: usize = 50;

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
#[template(path = "helpdesk/case_list.html")]
struct CaseListPage {
    ctx: PageContext,
    pause: Option<PauseNotice>,
    states: Vec<SelectOption>,
    rows: Vec<CaseListItem>,
    older: Option<String>,
    is_first_page: bool,
    /// The viewer may open a case.
    can_work_cases: bool,
    actions: Vec<SelectOption>,
    typed_person: String,
    /// The entered person was not found, or the input was not unique.
    person_unknown: bool,
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

pub(in crate::helpdesk) async fn show_case_list(
    State(app): State<AppState>,
    ctx: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    Query(asked): Query<CaseListQuery>,
) -> Result<Response, WebError> {
    let state = CaseState::from_name(&asked.state).unwrap_or(CaseState::Open);
    let mut found = cases::load_case_page(&app.db, state, parse_cursor(&asked.after)).await?;
    let more = found.len() > CASES_PER_PAGE;
    found.truncate(CASES_PER_PAGE);
    let older = found.last().filter(|_| more).map(|last| {
        let origin = if last.origin == CaseOrigin::Helpdesk { "d" } else { "i" };
        format!(
            "/helpdesk/cases?state={}&after={origin}.{}.{}",
            state.as_str(),
            last.created_at.as_millisecond(),
            last.id
        )
    });
    let ctx = with_staff_navigation(ctx, &staff.login);
    let state_option = |one: CaseState| (one.as_str(), ctx.t(&format!("case-state-{}", one.as_str())));
    Ok(render_page(&CaseListPage {
        pause: load_pause_notice(&app, &ctx).await?,
        states: build_options(CaseState::ALL, Some(state), state_option),
        rows: found.iter().map(|case| build_case_item(&ctx, case, app.now())).collect(),
        older,
        is_first_page: asked.after.is_empty(),
        can_work_cases: staff.login.has_any_role(WorkCases::ROLES),
        actions: action_options(&ctx, Some(CaseAction::AllowReset)),
        person_unknown: asked.unknown.is_some(),
        typed_person: asked.who,
        ctx,
    }))
}

fn build_case_item(ctx: &PageContext, case: &HelpdeskCase, now: Timestamp) -> CaseListItem {
    let age = now.duration_since(case.created_at).max(SignedDuration::ZERO);
    CaseListItem {
        reference: case.reference.to_string(),
        name: case.name.clone(),
        upn: case.upn.clone(),
        action: action_text(ctx, case.action),
        state: case.state.as_str(),
        state_text: ctx.t(&format!("case-state-{}", case.state.as_str())),
        internet: case.origin == CaseOrigin::Internet,
        owner: case.owner_name.clone(),
        begun: format_timestamp(&ctx.lang, &case.created_at),
        begun_iso: case.created_at.to_string(),
        age: ctx.tv("desk-age", "span", &format_duration(&ctx.lang, age)),
    }
}

/// Parses the cursor of a page: origin, time and id of the last case. An invalid cursor means the first page.
fn parse_cursor(text: &str) -> Option<ListPosition> {
    let mut parts = text.splitn(3, '.');
    let origin = match parts.next()? {
        "d" => CaseOrigin::Helpdesk,
        "i" => CaseOrigin::Internet,
        _ => return None,
    };
    let at = Timestamp::from_millisecond(parts.next()?.parse().ok()?).ok()?;
    Some(ListPosition { origin, at, id: parts.next()?.parse().ok()? })
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
pub(in crate::helpdesk) async fn open_case(
    State(app): State<AppState>,
    staff: StaffMember<WorkCases>,
    Form(begun): Form<OpenCaseForm>,
) -> Result<Response, WebError> {
    let action = CaseAction::from_name(&begun.action).ok_or(WebError::NotFound)?;
    let Some(object) = resolve_person(&app, &begun.person).await? else {
        return Ok(Redirect::to("/helpdesk/cases?unknown=1").into_response());
    };
    let reset = begun.reset.parse().ok();
    let reference = cases::open_case(&app, &case_actor(&staff), object, action, reset.as_ref()).await?;
    Ok(Redirect::to(&format!("/helpdesk/cases/{reference}")).into_response())
}

/// Resolves a person of the tenant by object id or complete UPN.
pub(super) async fn resolve_person(app: &AppState, typed: &str) -> Result<Option<ObjectId>, WebError> {
    let typed = typed.trim();
    if let Ok(object) = typed.parse() {
        return Ok(Some(object));
    }
    if typed.is_empty() || typed.len() > 256 {
        return Ok(None);
    }
    let found = PeopleService::from_ref(app).search(typed).await.map_err(|error| WebError::unavailable(&error))?;
    Ok(found.into_iter().find(|one| one.upn.eq_ignore_ascii_case(typed)).map(|one| one.id))
}

/// Loads the cases about a person, for that person's page.
pub(in crate::helpdesk) async fn load_person_items(
    app: &AppState,
    ctx: &PageContext,
    person: PersonKey,
) -> Result<Vec<CaseListItem>, WebError> {
    let cases = cases::load_cases_of_person(&app.db, person).await?;
    Ok(cases.iter().map(|case| build_case_item(ctx, case, app.now())).collect())
}

/// Loads the cases about a reset, for that reset's page.
pub(in crate::helpdesk) async fn load_reset_items(
    app: &AppState,
    ctx: &PageContext,
    reset: ResetId,
) -> Result<Vec<CaseListItem>, WebError> {
    let cases = cases::load_cases_of_reset(&app.db, reset).await?;
    Ok(cases.iter().map(|case| build_case_item(ctx, case, app.now())).collect())
}
