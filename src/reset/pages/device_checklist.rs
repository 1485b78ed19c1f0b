//! Device checklist on the status page, and the handlers for its forms.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use jiff::SignedDuration;
use serde::Deserialize;

use super::access::{ResetPageRequest, is_own_reset, load_visible_reset};
use crate::reset::checklist_actions::{ChecklistAnswer, revoke_sessions, save_answers};
use crate::reset::device_checklist::{ChecklistStep, DeviceChecklist, LaptopAnswer, StepStatus, has_checklist};
use crate::reset::record::PasswordReset;
use crate::signin::ResetViewer;
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::{PageContext, WebError, format_time};

/// Rate limit per person for signing out everywhere.
const SIGN_OUT_LIMIT: RateLimit = RateLimit { count: 3, window: SignedDuration::from_hours(1) };

/// Checklist step as the page shows it.
pub(super) struct ChecklistStepItem {
    pub(super) code: &'static str,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) done: bool,
}

/// Device checklist as the page shows it.
#[expect(clippy::struct_excessive_bools, reason = "each flag is an independent fact")]
pub(super) struct ChecklistView {
    /// The question about the laptop is open.
    pub(super) needs_laptop_answer: bool,
    pub(super) has_laptop_answer: bool,
    pub(super) is_laptop_updated_automatically: bool,
    pub(super) steps: Vec<ChecklistStepItem>,
    pub(super) signed_out: Option<String>,
    /// The page is the person's own, with forms. The helpdesk can only read it.
    pub(super) is_own: bool,
}

pub(super) fn build_checklist_view(
    ctx: &PageContext,
    checklist: &DeviceChecklist,
    viewer: &ResetViewer,
    reset: &PasswordReset,
) -> ChecklistView {
    let item = |step: ChecklistStep| ChecklistStepItem {
        code: step.as_str(),
        title: ctx.t(&format!("care-{}-title", step.as_str())),
        text: ctx.t(&format!("care-{}-text", step.as_str())),
        done: checklist.completed_at(step).is_some(),
    };
    let is_asked = checklist.needs_laptop_answer();
    ChecklistView {
        needs_laptop_answer: is_asked && checklist.laptop_answer.is_none(),
        has_laptop_answer: is_asked && checklist.laptop_answer.is_some(),
        is_laptop_updated_automatically: checklist.is_laptop_updated_automatically(),
        steps: checklist.applicable_steps().into_iter().map(item).collect(),
        signed_out: checklist.signed_out_at.map(|at| ctx.tv("care-signed-out", "time", &format_time(&ctx.lang, at))),
        is_own: is_own_reset(viewer, reset),
    }
}

#[derive(Deserialize)]
pub(super) struct ChecklistForm {
    laptop: Option<String>,
    step: Option<String>,
    done: Option<String>,
}

impl ChecklistForm {
    /// Returns the answers. An unknown answer about the laptop withdraws the earlier one, an unknown step is ignored.
    fn answers(&self) -> impl Iterator<Item = ChecklistAnswer> {
        let laptop = self.laptop.as_deref().map(|name| ChecklistAnswer::Laptop(LaptopAnswer::from_name(name)));
        let status = if self.done.as_deref() == Some("1") { StepStatus::Done } else { StepStatus::Open };
        let step = self.step.as_deref().and_then(ChecklistStep::from_name);
        laptop.into_iter().chain(step.map(|step| ChecklistAnswer::Step(step, status)))
    }
}

/// `POST /resets/{reference}/aftercare`: saves the laptop answer or marks a step as done or open.
pub(super) async fn update_checklist(
    State(app): State<AppState>,
    request: ResetPageRequest,
    Path(reference): Path<String>,
    Form(form): Form<ChecklistForm>,
) -> Result<Response, WebError> {
    let reset = load_own_reset(&app, request, &reference).await?;
    save_answers(&app, &reset, form.answers()).await?;
    Ok(redirect_to_checklist(&reset))
}

/// `POST /resets/{reference}/signout-everywhere`: ends the person's sessions at Microsoft.
pub(super) async fn sign_out_everywhere(
    State(app): State<AppState>,
    request: ResetPageRequest,
    Path(reference): Path<String>,
) -> Result<Response, WebError> {
    let reset = load_own_reset(&app, request, &reference).await?;
    let taken =
        app.rate_limiter.try_acquire(&format!("revoke:{}", reset.person.object), SIGN_OUT_LIMIT, app.now()).await?;
    taken.map_err(|refused| WebError::RateLimited(refused.retry_after))?;
    revoke_sessions(&app, &reset).await.map_err(|error| WebError::unavailable(&error))?;
    Ok(redirect_to_checklist(&reset))
}

/// Loads the reset, if it is the viewer's own and has a checklist.
async fn load_own_reset(app: &AppState, request: ResetPageRequest, reference: &str) -> Result<PasswordReset, WebError> {
    let Some((viewer, found)) = load_visible_reset(app, request, reference).await? else {
        return Err(WebError::NotFound);
    };
    if !is_own_reset(&viewer, &found.reset) || !has_checklist(found.reset.state) {
        return Err(WebError::NotFound);
    }
    Ok(found.reset.clone())
}

fn redirect_to_checklist(reset: &PasswordReset) -> Response {
    Redirect::to(&format!("/resets/{}?back=1#aftercare", reset.reference)).into_response()
}
