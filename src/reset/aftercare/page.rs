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
use crate::reset::found::{ResetPageRequest, allowed};
use crate::reset::reading::PasswordReset;
use crate::reset::state::ResetState;
use crate::reset::store;
use crate::signin::ResetViewer;
use crate::state::AppState;
use crate::store::{RateLimit, StoreError};
use crate::web::{PageContext, WebError, clock_time};

/// Maximum time that a page waits for Graph's device list.
const PATIENCE: Duration = Duration::from_secs(2);
/// Rate limit per person for signing out everywhere.
const SIGN_OUTS: RateLimit = RateLimit { count: 3, per: SignedDuration::from_hours(1) };

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
    pub(in crate::reset) asks: bool,
    pub(in crate::reset) answered: bool,
    pub(in crate::reset) by_itself: bool,
    pub(in crate::reset) steps: Vec<ChecklistStepItem>,
    pub(in crate::reset) signed_out: Option<String>,
    /// The page is the person's own, with forms. The helpdesk can only read it.
    pub(in crate::reset) mine: bool,
}

/// Returns whether a reset in this state has a checklist, because the password has changed.
pub(in crate::reset) fn due(state: ResetState) -> bool {
    matches!(state, ResetState::Written | ResetState::Finished | ResetState::Split)
}

/// Returns whether the viewer is the person of the reset and not signed in as staff.
pub(in crate::reset) fn is_mine(viewer: &ResetViewer, reset: &PasswordReset) -> bool {
    viewer.login.key == reset.person && !viewer.login.is_staff()
}

pub(in crate::reset) fn draw(
    f: &PageContext,
    care: &DeviceChecklist,
    viewer: &ResetViewer,
    reset: &PasswordReset,
) -> ChecklistView {
    let line = |step: ChecklistStep| ChecklistStepItem {
        code: step.code(),
        title: f.t(&format!("care-{}-title", step.code())),
        text: f.t(&format!("care-{}-text", step.code())),
        done: care.done(step).is_some(),
    };
    ChecklistView {
        asks: care.asks() && care.laptop.is_none(),
        answered: care.asks() && care.laptop.is_some(),
        by_itself: care.laptop_by_itself(),
        steps: care.steps().into_iter().map(line).collect(),
        signed_out: care.signed_out_at.map(|at| f.tv("care-signed-out", "time", &clock_time(&f.lang, at))),
        mine: is_mine(viewer, reset),
    }
}

/// Fetches the person's devices when the page is first shown. If they cannot be read, that is stored, and the page
/// shows every step that may apply.
pub(in crate::reset) async fn with_devices(
    app: &AppState,
    reset: &PasswordReset,
    care: DeviceChecklist,
) -> Result<DeviceChecklist, StoreError> {
    if care.devices.is_some() || !due(reset.state) {
        return Ok(care);
    }
    let people = PeopleService::from_ref(app);
    let devices = match tokio::time::timeout(PATIENCE, people.devices(reset.person.object)).await {
        Ok(Ok(all)) => DeviceKinds::of(all.iter().map(|d| (d.operating_system.as_str(), d.trust_type.as_str()))),
        Ok(Err(error)) => {
            tracing::warn!(error = ?error, "device request failed: showing the general checklist");
            DeviceKinds::UNKNOWN
        }
        // The page does not wait longer. The next request for the page fetches the devices again.
        Err(_) => return Ok(DeviceChecklist { devices: Some(DeviceKinds::UNKNOWN), ..care }),
    };
    store::set_devices(&app.db, reset.id, devices).await?;
    Ok(DeviceChecklist { devices: Some(devices), ..care })
}

#[derive(Deserialize)]
pub(in crate::reset) struct ChecklistForm {
    laptop: Option<String>,
    step: Option<String>,
    done: Option<String>,
}

/// `POST /resets/{reference}/aftercare`: saves the laptop answer or marks a step as done or open.
pub(in crate::reset) async fn say(
    State(app): State<AppState>,
    asking: ResetPageRequest,
    Path(reference): Path<String>,
    Form(said): Form<ChecklistForm>,
) -> Result<Response, WebError> {
    let reset = own(&app, asking, &reference).await?;
    let now = app.now();
    let mut ledger = app.auditor.begin().await?;
    if let Some(laptop) = said.laptop.as_deref() {
        store::set_laptop(ledger.tx(), reset.id, LaptopAnswer::read(laptop)).await?;
    }
    if let Some(step) = said.step.as_deref().and_then(ChecklistStep::read) {
        store::tick(ledger.tx(), reset.id, step, said.done.as_deref() == Some("1"), now).await?;
    }
    store::touch(ledger.tx(), reset.id, now).await?;
    ledger.commit().await?;
    app.changed.notify_one();
    Ok(back(&reset))
}

/// `POST /resets/{reference}/signout-everywhere`: ends the person's sessions at Microsoft.
pub(in crate::reset) async fn sign_out_everywhere(
    State(app): State<AppState>,
    asking: ResetPageRequest,
    Path(reference): Path<String>,
) -> Result<Response, WebError> {
    let reset = own(&app, asking, &reference).await?;
    let taken = app.limits.take(&format!("revoke:{}", reset.person.object), SIGN_OUTS, app.now()).await?;
    taken.map_err(|refused| WebError::Limited(refused.wait))?;
    app.entra
        .operators
        .revoke_sessions(reset.person.object, ActingIdentity::Operator)
        .await
        .map_err(|e| WebError::unavailable(&e))?;
    let now = app.now();
    let mut ledger = app.auditor.begin().await?;
    store::set_signed_out(ledger.tx(), reset.id, now).await?;
    store::touch(ledger.tx(), reset.id, now).await?;
    ledger.record(
        AuditEvent::new("sessions.revoked", AuditActor::Person(reset.person)).about(reset.person).reset(reset.id),
    );
    ledger.commit().await?;
    app.changed.notify_one();
    Ok(back(&reset))
}

/// Loads the reset, if it is the viewer's own and has a checklist.
async fn own(app: &AppState, asking: ResetPageRequest, reference: &str) -> Result<PasswordReset, WebError> {
    let Some((viewer, found)) = allowed(app, asking, reference).await? else { return Err(WebError::NotFound) };
    if !is_mine(&viewer, &found.reset) || !due(found.reset.state) {
        return Err(WebError::NotFound);
    }
    Ok(found.reset.clone())
}

fn back(reset: &PasswordReset) -> Response {
    Redirect::to(&format!("/resets/{}?back=1#aftercare", reset.reference)).into_response()
}
