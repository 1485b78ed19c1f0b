//! Maintains the audit log: once a day one replica exports its head and erases personal data that is older than the
//! retention period.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::alerts::delete_expired_alerts;
use crate::audit::{AuditActor, AuditEvent, erasable_before, erase_personal_data, load_head};
use crate::base::{TimestampExt as _, run_every};
use crate::cases::erase_old_cases;
use crate::people::delete_people_not_requested_since;
use crate::reset::erase_reset_names;
use crate::state::AppState;
use crate::store::{StoreError, claim_daily_task, reschedule_daily_task};

/// Interval of the check for a due daily task.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// Delay before a failed task is tried again.
const RETRY_DELAY: SignedDuration = SignedDuration::from_hours(1);

const HEAD_EXPORT_TASK: &str = "audit_head";
const RETENTION_TASK: &str = "retention";

/// Exports heads and erases expired data until the process stops.
pub(crate) async fn run_audit_maintenance(app: AppState) {
    let rounds = app.metrics.background_rounds("audit-maintenance");
    run_every(&app.shutdown, &rounds, POLL_INTERVAL, || async {
        if let Err(error) = run_once(&app).await {
            tracing::error!(error = ?error, "audit maintenance failed: retrying");
        }
    })
    .await;
}

async fn run_once(app: &AppState) -> Result<(), StoreError> {
    if claim_daily_task(&app.db, HEAD_EXPORT_TASK, app.now()).await? {
        export_head(app).await?;
    }
    if let Some(days) = app.config.audit.keep_personal_days
        && claim_daily_task(&app.db, RETENTION_TASK, app.now()).await?
    {
        let before = app.now().earlier(SignedDuration::from_hours(24 * days));
        if let Err(error) = erase_expired_data(app, before).await {
            reschedule_daily_task(&app.db, RETENTION_TASK, RETRY_DELAY, app.now()).await?;
            return Err(error);
        }
    }
    Ok(())
}

/// Writes the head to the log, which leaves the machine in most installations, and to `audit.head_dir`, if it is set.
async fn export_head(app: &AppState) -> Result<(), StoreError> {
    let Some((count, hash)) = load_head(&app.db).await? else { return Ok(()) };
    tracing::info!(count, hash, "audit head published: keep for `passback audit verify --head`");
    let Some(folder) = app.config.audit.head_dir.clone() else { return Ok(()) };
    let (line, now) = (format!("{count} {hash}\n"), app.now());
    let written = tokio::task::spawn_blocking(move || write_head_file(&folder, &line, now)).await;
    match written.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
        Ok(path) => {
            tracing::info!(count, path = %path.display(), "audit head exported");
            let event = AuditEvent::new("audit.head_exported", AuditActor::Portal);
            app.audit_log.append(event.with_detail("count", count).with_detail("hash", hash)).await
        }
        Err(error) => {
            tracing::error!(%error, "audit head export failed: retrying in 1 h");
            reschedule_daily_task(&app.db, HEAD_EXPORT_TASK, RETRY_DELAY, app.now()).await
        }
    }
}

/// Writes a head file completely or not at all, and never over an existing one, because an existing head is evidence.
fn write_head_file(folder: &Path, line: &str, now: Timestamp) -> std::io::Result<PathBuf> {
    let name = format!("passback-head-{}.txt", now.strftime("%Y%m%dT%H%M%S%3fZ"));
    let (path, part) = (folder.join(&name), folder.join(format!(".{name}.part")));
    let mut file = std::fs::File::create(&part)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()?;
    std::fs::hard_link(&part, &path)?;
    std::fs::remove_file(&part)?;
    Ok(path)
}

/// Erases personal data from before this time, in batches. Each batch records the number of erased rows as an audit
/// event in the same transaction.
async fn erase_expired_data(app: &AppState, before: Timestamp) -> Result<(), StoreError> {
    loop {
        let below = erasable_before(&app.db, before).await?;
        let mut transaction = app.audit_log.begin().await?;
        let people = delete_people_not_requested_since(transaction.tx(), before).await?;
        let (resets, notes) = erase_reset_names(transaction.tx(), before).await?;
        let cases = erase_old_cases(transaction.tx(), before).await?;
        let alarms = delete_expired_alerts(transaction.tx(), before).await?;
        let rows = erase_personal_data(&mut transaction, below, before).await?;
        if alarms + cases + people + resets + notes + rows == 0 || app.shutdown.is_cancelled() {
            return Ok(());
        }
        let event =
            AuditEvent::new("audit.personal_erased", AuditActor::Portal).with_detail("before", before.to_string());
        let event = event
            .with_detail("rows", rows)
            .with_detail("resets", resets)
            .with_detail("notes", notes)
            .with_detail("people", people);
        let event = event.with_detail("cases", cases).with_detail("alarms", alarms);
        transaction.record_event(event);
        transaction.commit().await?;
        tracing::info!(rows, resets, notes, people, "personal data erased: retention period ended");
    }
}
