//! Opens and resolves health issues of the portal: operator, policy, credential, synchronisation, canary and clock.
//!
//! Each check reports a [`HealthCheckResult`], and [`reconcile_issues`] compares it with the open issues. An issue is
//! opened and resolved once, with an audit event each time. Opening it also enqueues a mail to `notify.alarms_to`, and
//! staff see it above the reset list while it is open. The tables, audit events and metric keep the word *trouble*.

mod store;

pub(crate) use store::{OpenHealthIssue, change, read_signal, signal, standing};

use jiff::Timestamp;

use crate::audit::{AuditActor, AuditEvent};
use crate::notify;
use crate::state::AppState;
use crate::store::StoreError;

/// Kind of health issue. The message catalogue has `trouble-<name>` and `trouble-<name>-do`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HealthIssueKind {
    /// The reset operator is unavailable: no one can reset.
    Operator,
    /// The operator's refresh token was not renewed for a week and will expire.
    OperatorOld,
    /// The operator holds a role with more privileges than it needs.
    OperatorPower,
    /// No Conditional Access policy enforces the authentication context for people.
    PolicyPeople,
    /// No Conditional Access policy enforces the authentication context for staff.
    PolicyStaff,
    /// The portal's client credential expires soon.
    Credential,
    /// The last directory synchronisation was hours ago.
    Sync,
    /// The canary reset failed.
    Canary,
    /// The portal's clock differs from Microsoft's.
    Clock,
}

impl HealthIssueKind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Operator,
        Self::OperatorOld,
        Self::OperatorPower,
        Self::PolicyPeople,
        Self::PolicyStaff,
        Self::Credential,
        Self::Sync,
        Self::Canary,
        Self::Clock,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::OperatorOld => "operator-old",
            Self::OperatorPower => "operator-power",
            Self::PolicyPeople => "policy-people",
            Self::PolicyStaff => "policy-staff",
            Self::Credential => "credential",
            Self::Sync => "sync",
            Self::Canary => "canary",
            Self::Clock => "clock",
        }
    }

    pub(crate) fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Result of checking one kind of health issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HealthCheckResult {
    Well,
    /// Has a detail for the administrator who fixes it: codes and numbers, no personal names.
    Wrong(String),
    /// The check could not run: an open issue stays open.
    Unknown,
}

/// Compares check results with the open issues, and opens, updates and resolves issues.
pub(crate) async fn settle(app: &AppState, found: &[(HealthIssueKind, HealthCheckResult)]) -> Result<(), StoreError> {
    let standing = standing(&app.db).await?;
    for (kind, found) in found {
        let stands = standing.iter().find(|trouble| trouble.kind == *kind);
        match (found, stands) {
            (HealthCheckResult::Wrong(detail), None) => begin(app, *kind, detail).await?,
            (HealthCheckResult::Wrong(detail), Some(old)) if old.detail != *detail => {
                store::renew(&app.db, *kind, detail).await?;
            }
            (HealthCheckResult::Well, Some(old)) => end(app, *kind, old.since).await?,
            _ => {}
        }
    }
    Ok(())
}

async fn begin(app: &AppState, kind: HealthIssueKind, detail: &str) -> Result<(), StoreError> {
    let now = app.now();
    let mut ledger = app.auditor.begin().await?;
    if !store::begin(ledger.tx(), kind, detail, now).await? {
        return Ok(());
    }
    ledger
        .record(AuditEvent::new("trouble.began", AuditActor::Portal).with("kind", kind.name()).with("detail", detail));
    notify::tell_operations(ledger.tx(), app, kind.name(), now).await?;
    ledger.commit().await?;
    app.metrics.desk_alarm(kind.name());
    tracing::error!(kind = kind.name(), detail, "alarm: health issue opened");
    Ok(())
}

async fn end(app: &AppState, kind: HealthIssueKind, since: Timestamp) -> Result<(), StoreError> {
    let now = app.now();
    let mut ledger = app.auditor.begin().await?;
    if !store::end(ledger.tx(), kind, now).await? {
        return Ok(());
    }
    let seconds = now.duration_since(since).as_secs();
    ledger.record(
        AuditEvent::new("trouble.ended", AuditActor::Portal).with("kind", kind.name()).with("seconds", seconds),
    );
    ledger.commit().await?;
    tracing::info!(kind = kind.name(), seconds, "health issue resolved");
    Ok(())
}
