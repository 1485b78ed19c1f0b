//! SQL of the device checklist.

use jiff::Timestamp;

use super::timestamp_from_millis;
use crate::base::ResetId;
use crate::reset::aftercare::{ChecklistStep, DeviceChecklist, DeviceKinds, LaptopAnswer};
use crate::store::{Db, StoreError, Tx, exec_db, exec_tx, select_all, select_optional};

/// Columns `was_locked`, `devices`, `laptop`, `signed_out_at`.
type ChecklistRow = (i64, Option<String>, Option<String>, Option<i64>);

pub(in crate::reset) async fn load_checklist(db: &Db, id: ResetId) -> Result<DeviceChecklist, StoreError> {
    const SELECT_CHECKLIST: &str =
        "SELECT was_locked, devices, laptop, signed_out_at FROM aftercare WHERE reset_id = $1";
    const SELECT_STEPS: &str = "SELECT step, at FROM aftercare_ticks WHERE reset_id = $1 ORDER BY at";
    let id = id.to_string();
    let row: Option<ChecklistRow> = select_optional!(db, SELECT_CHECKLIST, &id)?;
    let Some((locked, devices, laptop, signed_out)) = row else { return Ok(DeviceChecklist::default()) };
    let ticks: Vec<(String, i64)> = select_all!(db, SELECT_STEPS, &id)?;
    Ok(DeviceChecklist {
        was_locked: locked == 1,
        devices: devices.as_deref().map(DeviceKinds::from_names),
        laptop_answer: laptop.as_deref().and_then(LaptopAnswer::from_name),
        completed_steps: ticks
            .into_iter()
            .filter_map(|(step, when)| Some((ChecklistStep::from_name(&step)?, timestamp_from_millis(when))))
            .collect(),
        signed_out_at: signed_out.map(timestamp_from_millis),
    })
}

/// Stores with the intent that the account was locked. The reset unlocks it, so it cannot be read afterwards.
pub(in crate::reset) async fn mark_was_locked(tx: &mut Tx, id: ResetId) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO aftercare (reset_id, was_locked) VALUES ($1, 1)";
    let id = id.to_string();
    exec_tx!(tx, SQL, &id)?;
    Ok(())
}

/// Saves the devices. Devices that are already stored are kept.
pub(in crate::reset) async fn save_devices(db: &Db, id: ResetId, devices: DeviceKinds) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO aftercare (reset_id, devices) VALUES ($1, $2)
        ON CONFLICT (reset_id) DO UPDATE SET devices = COALESCE(aftercare.devices, $2)";
    let (id, devices) = (id.to_string(), devices.to_names());
    exec_db!(db, SQL, &id, &devices)?;
    Ok(())
}

pub(in crate::reset) async fn update_laptop_answer(
    tx: &mut Tx,
    id: ResetId,
    laptop: Option<LaptopAnswer>,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO aftercare (reset_id, laptop) VALUES ($1, $2)
        ON CONFLICT (reset_id) DO UPDATE SET laptop = $2";
    let (id, laptop) = (id.to_string(), laptop.map(LaptopAnswer::as_str));
    exec_tx!(tx, SQL, &id, laptop)?;
    Ok(())
}

pub(in crate::reset) async fn mark_signed_out(tx: &mut Tx, id: ResetId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO aftercare (reset_id, signed_out_at) VALUES ($1, $2)
        ON CONFLICT (reset_id) DO UPDATE SET signed_out_at = $2";
    let (id, now) = (id.to_string(), now.as_millisecond());
    exec_tx!(tx, SQL, &id, now)?;
    Ok(())
}

/// Marks a step as done, or as open again.
pub(in crate::reset) async fn update_step(
    tx: &mut Tx,
    id: ResetId,
    step: ChecklistStep,
    done: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    const INSERT_CHECKLIST: &str = "INSERT INTO aftercare (reset_id) VALUES ($1) ON CONFLICT (reset_id) DO NOTHING";
    const INSERT_STEP: &str =
        "INSERT INTO aftercare_ticks (reset_id, step, at) VALUES ($1, $2, $3) ON CONFLICT (reset_id, step) DO NOTHING";
    const DELETE_STEP: &str = "DELETE FROM aftercare_ticks WHERE reset_id = $1 AND step = $2";
    let (id, now) = (id.to_string(), now.as_millisecond());
    exec_tx!(&mut *tx, INSERT_CHECKLIST, &id)?;
    if done {
        exec_tx!(tx, INSERT_STEP, &id, step.as_str(), now)?;
    } else {
        exec_tx!(tx, DELETE_STEP, &id, step.as_str())?;
    }
    Ok(())
}
