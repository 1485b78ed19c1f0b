//! Opens and resolves health issues of the portal: operator, policy, credential, synchronisation, canary, clock
//! and proxy.
//!
//! Each check reports a [`HealthCheckResult`], and [`reconcile_issues`] compares it with the open issues. An issue is
//! opened and resolved once, with an audit event each time. Opening it also enqueues a mail to `notify.alarms_to`, and
//! staff see it above the reset list while it is open. The tables, audit events and metric keep the word *trouble*.

mod kind;
mod store;
mod tenant_facts;

pub(crate) use kind::HealthIssueKind;
pub(crate) use store::{OpenHealthIssue, load_change_counter, load_open_issues};
pub(crate) use tenant_facts::{load_tenant_fact, save_tenant_fact};

use jiff::Timestamp;

use crate::audit::{AuditActor, AuditEvent};
use crate::notify;
use crate::state::AppState;
use crate::store::StoreError;

/// Result of checking one kind of health issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HealthCheckResult {
    Healthy,
    /// Has a detail for the administrator who fixes it: codes and numbers, no personal names.
    Unhealthy(String),
    /// The check could not run: an open issue stays open.
    Unknown,
}

/// Compares check results with the open issues, and opens, updates and resolves issues.
pub(crate) async fn reconcile_issues(
    app: &AppState,
    found: &[(HealthIssueKind, HealthCheckResult)],
) -> Result<(), StoreError> {
    let standing = load_open_issues(&app.db).await?;
    for (kind, found) in found {
        let stands = standing.iter().find(|trouble| trouble.kind == *kind);
        match (found, stands) {
            (HealthCheckResult::Unhealthy(detail), None) => open_issue(app, *kind, detail).await?,
            (HealthCheckResult::Unhealthy(detail), Some(old)) if old.detail != *detail => {
                store::update_issue(&app.db, *kind, detail).await?;
            }
            (HealthCheckResult::Healthy, Some(old)) => resolve_issue(app, *kind, old.since).await?,
            _ => {}
        }
    }
    Ok(())
}

async fn open_issue(app: &AppState, kind: HealthIssueKind, detail: &str) -> Result<(), StoreError> {
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    if !store::insert_issue(transaction.tx(), kind, detail, now).await? {
        return Ok(());
    }
    transaction.record_event(
        AuditEvent::new("trouble.began", AuditActor::Portal)
            .with_detail("kind", kind.as_str())
            .with_detail("detail", detail),
    );
    notify::enqueue_operations_notice(transaction.tx(), app, kind.as_str(), now).await?;
    transaction.commit().await?;
    app.metrics.count_alert(kind.as_str());
    tracing::error!(kind = kind.as_str(), detail, "alarm: health issue opened");
    Ok(())
}

async fn resolve_issue(app: &AppState, kind: HealthIssueKind, since: Timestamp) -> Result<(), StoreError> {
    let now = app.now();
    let mut transaction = app.audit_log.begin().await?;
    if !store::mark_resolved(transaction.tx(), kind, now).await? {
        return Ok(());
    }
    let seconds = now.duration_since(since).as_secs();
    transaction.record_event(
        AuditEvent::new("trouble.ended", AuditActor::Portal)
            .with_detail("kind", kind.as_str())
            .with_detail("seconds", seconds),
    );
    transaction.commit().await?;
    tracing::info!(kind = kind.as_str(), seconds, "health issue resolved");
    Ok(())
}
