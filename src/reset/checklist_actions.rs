//! Actions on the device checklist: fetches the person's devices once, stores answers, ends sessions at Microsoft.

use std::time::Duration;

use axum::extract::FromRef as _;

use super::device_checklist::{ChecklistStep, DeviceChecklist, DeviceKinds, LaptopAnswer, StepStatus, has_checklist};
use super::record::PasswordReset;
use super::{store, transition};
use crate::audit::{AuditActor, AuditEvent};
use crate::entra::{ActingIdentity, OperatorError};
use crate::people::PeopleService;
use crate::state::AppState;
use crate::store::StoreError;

/// Maximum time that a page waits for Graph's device list.
const DEVICE_LIST_TIMEOUT: Duration = Duration::from_secs(2);

/// Fetches the person's devices when the page is first shown. If they cannot be read, that is stored, and the page
/// shows every step that may apply.
pub(super) async fn fetch_devices_once(
    app: &AppState,
    reset: &PasswordReset,
    checklist: DeviceChecklist,
) -> Result<DeviceChecklist, StoreError> {
    if checklist.devices.is_some() || !has_checklist(reset.state) {
        return Ok(checklist);
    }
    let people = PeopleService::from_ref(app);
    let devices = match tokio::time::timeout(DEVICE_LIST_TIMEOUT, people.fetch_devices(reset.person.object)).await {
        Ok(Ok(all)) => DeviceKinds::from_devices(&all),
        Ok(Err(error)) => {
            tracing::warn!(error = ?error, "device request failed: showing the general checklist");
            DeviceKinds::UNKNOWN
        }
        // The page does not wait longer. The next request for the page fetches the devices again.
        Err(_) => return Ok(DeviceChecklist { devices: Some(DeviceKinds::UNKNOWN), ..checklist }),
    };
    store::save_devices(&app.db, reset.id, devices).await?;
    Ok(DeviceChecklist { devices: Some(devices), ..checklist })
}

/// Answer of the person to a part of the checklist.
pub(super) enum ChecklistAnswer {
    /// Answer to the question about the laptop, or `None` to withdraw it.
    Laptop(Option<LaptopAnswer>),
    Step(ChecklistStep, StepStatus),
}

/// Stores answers. The page shows the change even if there is none.
pub(super) async fn save_answers(
    app: &AppState,
    reset: &PasswordReset,
    answers: impl IntoIterator<Item = ChecklistAnswer>,
) -> Result<(), StoreError> {
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    for answer in answers {
        match answer {
            ChecklistAnswer::Laptop(laptop) => {
                store::update_laptop_answer(transaction.tx(), reset.id, laptop).await?;
            }
            ChecklistAnswer::Step(step, status) => {
                store::update_step(transaction.tx(), reset.id, step, status, now).await?;
            }
        }
    }
    transition::commit_change(app, transaction, reset.id, now).await
}

/// Ends the person's sessions at Microsoft and stores that on the checklist.
pub(super) async fn revoke_sessions(app: &AppState, reset: &PasswordReset) -> Result<(), OperatorError> {
    app.entra.operator.revoke_sessions(reset.person.object, ActingIdentity::Operator).await?;
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    store::mark_signed_out(transaction.tx(), reset.id, now).await?;
    transaction.record_event(
        AuditEvent::new("sessions.revoked", AuditActor::Person(reset.person))
            .with_subject(reset.person)
            .with_reset(reset.id),
    );
    Ok(transition::commit_change(app, transaction, reset.id, now).await?)
}
