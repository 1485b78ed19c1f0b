//! Device checklist on the status page, and the handlers for its forms.

use std::time::Duration;

use axum::extract::{FromRef as _, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use jiff::SignedDuration;
use serde::Deserialize;

use super::{ChecklistStep, DeviceChecklist, DeviceKinds, LaptopAnswer};
use crate::audit::{AuditActor, AuditEvent};
use crate::entra::ActingIdentity;
use crate::people::PeopleService;
use crate::reset::found::{ResetPageRequest, load_visible_reset};
use crate::reset::record::PasswordReset;
use crate::reset::state::ResetState;
use crate::reset::store;
use crate::signin::ResetViewer;
use crate::state::AppState;
use crate::store::{RateLimit, StoreError};
use crate::web::{PageContext, WebError, format_time};

/// Maximum time that a page waits for Graph's device list.
const DEVICE_LIST_TIMEOUT: Duration = Duration::from_secs(2);
/// Rate limit per person for signing out everywhere.
const SIGN_OUT_LIMIT: RateLimit = RateLimit { count: 3, window: SignedDuration::from_hours(1) };

/// Checklist step as the page shows it.
pub(in crate::reset) struct ChecklistStepItem {
    pub(in crate::reset) code: &'static str,
    pub(in crate::reset) title: String,
    pub(in crate::reset) text: String,
    pub(in crate::reset) done: bool,
}

/// Device checklist as the page shows it.
#[expect(clippy::struct_excessive_bools, reason = "each flag is an independent fact")]
pub(in crate::reset) struct ChecklistView {
    /// The question about the laptop is open.
    pub(in crate::reset) needs_laptop_answer: bool,
    pub(in crate::reset) has_laptop_answer: bool,
    pub(in crate::reset) is_laptop_updated_automatically: bool,
    pub(in crate::reset) steps: Vec<ChecklistStepItem>,
    pub(in crate::reset) signed_out: Option<String>,
    /// The page is the person's own, with forms. The helpdesk can only read it.
    pub(in crate::reset) is_own: bool,
}

/// Returns whether a reset in this state has a checklist, because the password has changed.
pub(in crate::reset) fn has_checklist(state: ResetState) -> bool {
    matches!(state, ResetState::Written | ResetState::Finished | ResetState::Split)
}

/// Returns whether the viewer is the person of the reset and not signed in as staff.
pub(in crate::reset) fn is_own_reset(viewer: &ResetViewer, reset: &PasswordReset) -> bool {
    viewer.login.key == reset.person && !viewer.login.is_staff()
}

pub(in crate::reset) fn build_checklist_view(
    ctx: &PageContext,
    care: &DeviceChecklist,
    viewer: &ResetViewer,
    reset: &PasswordReset,
) -> ChecklistView {
    let line = |step: ChecklistStep| ChecklistStepItem {
        code: step.as_str(),
        title: ctx.t(&format!("care-{}-title", step.as_str())),
        text: ctx.t(&format!("care-{}-text", step.as_str())),
        done: care.completed_at(step).is_some(),
    };
    ChecklistView {
        needs_laptop_answer: care.needs_laptop_answer() && care.laptop_answer.is_none(),
        has_laptop_answer: care.needs_laptop_answer() && care.laptop_answer.is_some(),
        is_laptop_updated_automatically: care.is_laptop_updated_automatically(),
        steps: care.applicable_steps().into_iter().map(line).collect(),
        signed_out: care.signed_out_at.map(|at| ctx.tv("care-signed-out", "time", &format_time(&ctx.lang, at))),
        is_own: is_own_reset(viewer, reset),
    }
}

/// Fetches the person's devices when the page is first shown. If they cannot be read, that is stored, and the page
/// shows every step that may apply.
pub(in crate::reset) async fn fetch_devices_once(
    app: &AppState,
    reset: &PasswordReset,
    care: DeviceChecklist,
) -> Result<DeviceChecklist, StoreError> {
    if care.devices.is_some() || !has_checklist(reset.state) {
        return Ok(care);
    }
    let people = PeopleService::from_ref(app);
    let devices = match tokio::time::timeout(DEVICE_LIST_TIMEOUT, people.fetch_devices(reset.person.object)).await {
        Ok(Ok(all)) => DeviceKinds::from_devices(&all),
        Ok(Err(error)) => {
            tracing::warn!(error = ?error, "device request failed: showing the general checklist");
            DeviceKinds::UNKNOWN
        }
        // The page does not wait longer. The next request for the page fetches the devices again.
        Err(_) => return Ok(DeviceChecklist { devices: Some(DeviceKinds::UNKNOWN), ..care }),
    };
    store::save_devices(&app.db, reset.id, devices).await?;
    Ok(DeviceChecklist { devices: Some(devices), ..care })
}

#[derive(Deserialize)]
pub(in crate::reset) struct ChecklistForm {
    laptop: Option<String>,
    step: Option<String>,
    done: Option<String>,
}

/// `POST /resets/{reference}/aftercare`: saves the laptop answer or marks a step as done or open.
pub(in crate::reset) async fn update_checklist(
    State(app): State<AppState>,
    asking: ResetPageRequest,
    Path(reference): Path<String>,
    Form(said): Form<ChecklistForm>,
) -> Result<Response, WebError> {
    let reset = load_own_reset(&app, asking, &reference).await?;
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    if let Some(laptop) = said.laptop.as_deref() {
        store::update_laptop_answer(transaction.tx(), reset.id, LaptopAnswer::from_name(laptop)).await?;
    }
    if let Some(step) = said.step.as_deref().and_then(ChecklistStep::from_name) {
        store::update_step(transaction.tx(), reset.id, step, said.done.as_deref() == Some("1"), now).await?;
    }
    store::mark_changed(transaction.tx(), reset.id, now).await?;
    transaction.commit().await?;
    app.reset_changed.notify_one();
    Ok(redirect_to_checklist(&reset))
}

/// `POST /resets/{reference}/signout-everywhere`: ends the person's sessions at Microsoft.
pub(in crate::reset) async fn sign_out_everywhere(
    State(app): State<AppState>,
    asking: ResetPageRequest,
    Path(reference): Path<String>,
) -> Result<Response, WebError> {
    let reset = load_own_reset(&app, asking, &reference).await?;
    let taken =
        app.rate_limiter.try_acquire(&format!("revoke:{}", reset.person.object), SIGN_OUT_LIMIT, app.now()).await?;
    taken.map_err(|refused| WebError::RateLimited(refused.retry_after))?;
    app.entra
        .operator
        .revoke_sessions(reset.person.object, ActingIdentity::Operator)
        .await
        .map_err(|e| WebError::unavailable(&e))?;
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    store::mark_signed_out(transaction.tx(), reset.id, now).await?;
    store::mark_changed(transaction.tx(), reset.id, now).await?;
    transaction.record_event(
        AuditEvent::new("sessions.revoked", AuditActor::Person(reset.person))
            .with_subject(reset.person)
            .with_reset(reset.id),
    );
    transaction.commit().await?;
    app.reset_changed.notify_one();
    Ok(redirect_to_checklist(&reset))
}

/// Loads the reset, if it is the viewer's own and has a checklist.
async fn load_own_reset(app: &AppState, asking: ResetPageRequest, reference: &str) -> Result<PasswordReset, WebError> {
    let Some((viewer, found)) = load_visible_reset(app, asking, reference).await? else {
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
