//! SQL of the device checklist.

use jiff::Timestamp;

use crate::base::ResetId;
use crate::reset::device_checklist::{ChecklistStep, DeviceChecklist, DeviceKinds, LaptopAnswer, StepStatus};
use crate::store::{Db, StoreError, StoredTime, Tx, exec_db, exec_tx, select_all, select_optional};

/// Columns `was_locked`, `devices`, `laptop`, `signed_out_at`.
type ChecklistRow = (i64, Option<String>, Option<String>, Option<StoredTime>);

pub(in crate::reset) async fn load_checklist(db: &Db, id: ResetId) -> Result<DeviceChecklist, StoreError> {
    const SELECT_CHECKLIST: &str =
        "SELECT was_locked, devices, laptop, signed_out_at FROM aftercare WHERE reset_id = $1";
    const SELECT_STEPS: &str = "SELECT step, at FROM aftercare_ticks WHERE reset_id = $1 ORDER BY at";
    let row: Option<ChecklistRow> = select_optional!(db, SELECT_CHECKLIST, id)?;
    let Some((locked, devices, laptop, signed_out)) = row else { return Ok(DeviceChecklist::default()) };
    let steps: Vec<(String, StoredTime)> = select_all!(db, SELECT_STEPS, id)?;
    Ok(DeviceChecklist {
        was_locked: locked == 1,
        devices: devices.as_deref().map(DeviceKinds::from_names),
        laptop_answer: laptop.as_deref().and_then(LaptopAnswer::from_name),
        completed_steps: steps
            .into_iter()
            .filter_map(|(step, at)| Some((ChecklistStep::from_name(&step)?, at.0)))
            .collect(),
        signed_out_at: signed_out.map(|at| at.0),
    })
}

/// Stores with the intent that the account was locked. The reset unlocks it, so it cannot be read afterwards.
pub(in crate::reset) async fn mark_was_locked(tx: &mut Tx, id: ResetId) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO aftercare (reset_id, was_locked) VALUES ($1, 1)";
    exec_tx!(tx, SQL, id)?;
    Ok(())
}

/// Saves the devices. Devices that are already stored are kept.
pub(in crate::reset) async fn save_devices(db: &Db, id: ResetId, devices: DeviceKinds) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO aftercare (reset_id, devices) VALUES ($1, $2)
        ON CONFLICT (reset_id) DO UPDATE SET devices = COALESCE(aftercare.devices, $2)";
    exec_db!(db, SQL, id, devices.to_names())?;
    Ok(())
}

pub(in crate::reset) async fn update_laptop_answer(
    tx: &mut Tx,
    id: ResetId,
    laptop: Option<LaptopAnswer>,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO aftercare (reset_id, laptop) VALUES ($1, $2)
        ON CONFLICT (reset_id) DO UPDATE SET laptop = $2";
    exec_tx!(tx, SQL, id, laptop.map(LaptopAnswer::as_str))?;
    Ok(())
}

pub(in crate::reset) async fn mark_signed_out(tx: &mut Tx, id: ResetId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO aftercare (reset_id, signed_out_at) VALUES ($1, $2)
        ON CONFLICT (reset_id) DO UPDATE SET signed_out_at = $2";
    exec_tx!(tx, SQL, id, StoredTime(now))?;
    Ok(())
}

/// Stores whether a step is done.
pub(in crate::reset) async fn update_step(
    tx: &mut Tx,
    id: ResetId,
    step: ChecklistStep,
    status: StepStatus,
    now: Timestamp,
) -> Result<(), StoreError> {
    const INSERT_CHECKLIST: &str = "INSERT INTO aftercare (reset_id) VALUES ($1) ON CONFLICT (reset_id) DO NOTHING";
    const INSERT_STEP: &str =
        "INSERT INTO aftercare_ticks (reset_id, step, at) VALUES ($1, $2, $3) ON CONFLICT (reset_id, step) DO NOTHING";
    const DELETE_STEP: &str = "DELETE FROM aftercare_ticks WHERE reset_id = $1 AND step = $2";
    exec_tx!(&mut *tx, INSERT_CHECKLIST, id)?;
    match status {
        StepStatus::Done => exec_tx!(tx, INSERT_STEP, id, step.as_str(), StoredTime(now))?,
        StepStatus::Open => exec_tx!(tx, DELETE_STEP, id, step.as_str())?,
    };
    Ok(())
}
