//! Maintains the audit log: once a day one replica exports its head and erases personal data that is older than the
//! retention period.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::audit::{AuditActor, AuditEvent, erasable, erase_personal, head};
use crate::helpdesk::{forget_alarms, forget_cases};
use crate::people::forget_people_before;
use crate::reset::forget_people;
use crate::state::AppState;
use crate::store::{StoreError, claim_daily, retry_daily};

/// Interval of the check for a due daily task.
const EVERY: Duration = Duration::from_secs(5);
/// Delay before a failed task is tried again.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

const HEAD: &str = "audit_head";
const RETENTION: &str = "retention";

/// Exports heads and erases expired data until the process stops.
pub(crate) async fn keep_audit(app: AppState) {
    loop {
        if let Err(error) = round(&app).await {
            tracing::error!(error = ?error, "audit maintenance failed: retrying");
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn round(app: &AppState) -> Result<(), StoreError> {
    if claim_daily(&app.db, HEAD, app.now()).await? {
        export_head(app).await?;
    }
    if let Some(days) = app.config.audit.keep_personal_days
        && claim_daily(&app.db, RETENTION, app.now()).await?
    {
        let before = app.now().saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or_default();
        if let Err(error) = forget(app, before).await {
            retry_daily(&app.db, RETENTION, AGAIN, app.now()).await?;
            return Err(error);
        }
    }
    Ok(())
}

/// Writes the head to the log, which leaves the machine in most installations, and to `audit.head_dir`, if it is set.
async fn export_head(app: &AppState) -> Result<(), StoreError> {
    let Some((count, hash)) = head(&app.db).await? else { return Ok(()) };
    tracing::info!(count, hash, "audit head published: keep it for `passback audit verify --head`");
    let Some(folder) = app.config.audit.head_dir.clone() else { return Ok(()) };
    let (line, now) = (format!("{count} {hash}\n"), app.now());
    let written = tokio::task::spawn_blocking(move || write(&folder, &line, now)).await;
    match written.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
        Ok(path) => {
            tracing::info!(count, path = %path.display(), "audit head exported");
            let event = AuditEvent::new("audit.head_exported", AuditActor::Portal);
            app.auditor.note(event.with("count", count).with("hash", hash)).await
        }
        Err(error) => {
            tracing::error!(%error, "audit head export failed: retrying in 1 h");
            retry_daily(&app.db, HEAD, AGAIN, app.now()).await
        }
    }
}

/// Writes a head file completely or not at all, and never over an existing one, because an existing head is evidence.
fn write(folder: &Path, line: &str, now: Timestamp) -> std::io::Result<PathBuf> {
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
async fn forget(app: &AppState, before: Timestamp) -> Result<(), StoreError> {
    loop {
        let below = erasable(&app.db, before).await?;
        let mut ledger = app.auditor.begin().await?;
        let people = forget_people_before(ledger.tx(), before).await?;
        let (resets, notes) = forget_people(&mut ledger, before).await?;
        let cases = forget_cases(ledger.tx(), before).await?;
        let alarms = forget_alarms(ledger.tx(), before).await?;
        let rows = erase_personal(&mut ledger, below, before).await?;
        if alarms + cases + people + resets + notes + rows == 0 || app.stop.is_cancelled() {
            return Ok(());
        }
        let event = AuditEvent::new("audit.personal_erased", AuditActor::Portal).with("before", before.to_string());
        let event = event.with("rows", rows).with("resets", resets).with("notes", notes).with("people", people);
        let event = event.with("cases", cases).with("alarms", alarms);
        ledger.record(event);
        ledger.commit().await?;
        tracing::info!(rows, resets, notes, people, "personal data erased: retention period ended");
    }
}
