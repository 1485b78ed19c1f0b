//! Handlers of the case page.

use axum::extract::{FromRef as _, Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::detail_items::PresentedDecision;
use super::detail_view::{CaseDetail, build_page};
use crate::account::CaseNotice;
use crate::base::PersonKey;
use crate::cases::{
    self, CaseActionOutcome, CaseError, CaseRefusal, CaseState, ExecutionViewer, HelpdeskCase, PersonSnapshot,
    RecordedDecision, load_case, load_status,
};
use crate::people::PeopleService;
use crate::signin::{StaffMember, ViewHelpdesk, with_staff_navigation};
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::{ClientAddress, PageContext, WebError, render_page};

#[derive(Deserialize)]
pub(in crate::helpdesk) struct CaseDetailQuery {
    said: Option<String>,
    /// Id of the decision that an approver read, if it is no longer the one that waits.
    read: Option<String>,
}

/// Returns the message for a code in the address. Unknown codes have no message.
fn notice_for(ctx: &PageContext, code: &str) -> Option<CaseNotice> {
    let notice = |code: &str, is_problem| CaseNotice { is_problem, text: ctx.t(&format!("case-said-{code}")) };
    if let Some(outcome) = CaseActionOutcome::from_name(code) {
        return Some(notice(code, outcome == CaseActionOutcome::ExecutionFailed));
    }
    let refusal = CaseRefusal::ALL.into_iter().find(|refusal| refusal.as_str().eq_ignore_ascii_case(code))?;
    Some(notice(&refusal.as_str().to_lowercase(), true))
}

pub(in crate::helpdesk) async fn show_case(
    State(app): State<AppState>,
    ctx: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    address: ClientAddress,
    Path(reference): Path<String>,
    Query(back): Query<CaseDetailQuery>,
) -> Result<Response, WebError> {
    let found = load_case(&app, &reference).await;
    if matches!(found, Err(CaseError::CaseNotFound)) {
        address.check_rate_limit(&app, "miss").await?;
    }
    let case = found?;
    let ctx = with_staff_navigation(ctx, &staff.login);
    let notice = back.said.as_deref().and_then(|code| notice_for(&ctx, code));
    let detail = Box::pin(load_detail(&app, case, staff.login.key, back.read.as_deref())).await?;
    Ok(render_page(&build_page(&app, ctx, &staff, detail, notice)))
}

/// Returns a number that grows with every change of the case, for the automatic refresh. `GET …/change`.
pub(in crate::helpdesk) async fn show_case_change(
    State(app): State<AppState>,
    _staff: StaffMember<ViewHelpdesk>,
    Path(reference): Path<String>,
) -> Result<String, WebError> {
    Ok(load_case(&app, &reference).await?.updated_at.as_millisecond().to_string())
}

/// Loads everything that the page shows. Without Graph, the status and the numbers are missing.
async fn load_detail(
    app: &AppState,
    case: HelpdeskCase,
    viewer: PersonKey,
    read: Option<&str>,
) -> Result<CaseDetail, StoreError> {
    let person = case.person.filter(|_| case.state == CaseState::Open).map(|key| PersonSnapshot::new(app, key));
    let (status, numbers) = match &person {
        Some(person) => {
            let status = load_status(app, &case, person, viewer).await.ok();
            let numbers = match person.profile().await {
                Ok(profile) => PeopleService::from_ref(app).load_phone_numbers(profile).await?,
                Err(_) => Vec::new(),
            };
            (status, numbers)
        }
        None => (None, Vec::new()),
    };
    let waiting = status.as_ref().and_then(|status| status.decision.clone());
    let read = match read {
        Some(id) => cases::load_decisions(&app.db, case.id).await?.into_iter().find(|one| one.decision.id == id),
        None => None,
    };
    Ok(CaseDetail {
        pending: load_presented(app, waiting).await?,
        read: load_presented(app, read).await?,
        status,
        numbers,
        requests: cases::load_requests(&app.db, case.id).await?,
        executions: cases::load_executions(&app.db, case.id).await?,
        notes: cases::load_notes(&app.db, case.id).await?,
        case,
    })
}

/// Loads the verifications that a decision rests on, so that an approver reads all of it.
async fn load_presented(
    app: &AppState,
    decision: Option<RecordedDecision>,
) -> Result<Option<PresentedDecision>, StoreError> {
    let Some(recorded) = decision else { return Ok(None) };
    let evidence = cases::load_evidence(&app.db, &recorded.decision.id).await?;
    let manager = match recorded.decision.viewer {
        ExecutionViewer::Manager(manager) => PeopleService::from_ref(app).fetch_profile(manager).await.ok(),
        ExecutionViewer::NoOne | ExecutionViewer::Agent => None,
    };
    let viewer_name = manager.map(|found| found.name);
    Ok(Some(PresentedDecision { recorded, evidence, viewer_name }))
}
