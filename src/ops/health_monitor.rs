//! Monitors the health of the system. It refreshes the operator's token and checks its role once a day, fetches the
//! directory sync status every 10 minutes, and opens or resolves health issues that the helpdesk sees.
//!
//! - One replica monitors for all. Each stores what only its own requests show.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::base::run_every;
use crate::conditional_access::PolicyAssessor;
use crate::entra::{OperatorError, OperatorPrivilege};
use crate::health::{self, HealthCheckResult, HealthIssueKind};
use crate::state::AppState;
use crate::store::{StoreError, acquire_lease, claim_daily_task, reschedule_daily_task};

/// Interval of the monitor.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Name of the daily task that refreshes the operator's token.
const OPERATOR_REFRESH_TASK: &str = "operator";
/// Delay before a failed token refresh is tried again.
const RETRY_DELAY: SignedDuration = SignedDuration::from_mins(30);
/// Age of the operator's refresh token from which it is reported. It expires after 90 days without use
/// (<https://learn.microsoft.com/entra/identity-platform/refresh-tokens>, read 2026-08).
const MAX_OPERATOR_TOKEN_AGE: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Number of days before its expiry from which the client certificate is reported.
const CREDENTIAL_WARNING_DAYS: i64 = 30;
/// Age of the last directory sync from which it is reported. Entra Connect synchronises every 30 minutes, so 6 cycles
/// were missed.
const MAX_SYNC_AGE: SignedDuration = SignedDuration::from_hours(3);
/// Interval of requests for the directory sync status.
const SYNC_CHECK_INTERVAL: SignedDuration = SignedDuration::from_mins(10);

/// Clock skew from which it is reported. Tokens and evidence tolerate more.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Name of the tenant fact that is `1` if the operator is overprivileged.
const OVERPRIVILEGED_FACT: &str = "operator_power";
/// Name of the tenant fact with the last directory sync, in milliseconds; empty if nothing is synchronised.
pub(super) const LAST_SYNC_FACT: &str = "synced_at";

/// Monitors until the process stops.
pub(crate) async fn run_health_monitor(app: AppState) {
    let rounds = app.metrics.background_rounds("health-monitor");
    run_every(&app.shutdown, &rounds, POLL_INTERVAL, || async {
        if let Err(error) = run_once(&app).await {
            tracing::warn!(error = ?error, "health monitor failed: retrying");
        }
    })
    .await;
}

async fn run_once(app: &AppState) -> Result<(), StoreError> {
    super::proxy_trust::store_untrusted_proxy(app).await?;
    if !acquire_lease(&app.db, "whole", &app.instance_id, app.now()).await? {
        return Ok(());
    }
    if app.entra.operator.load_operator().await?.is_some_and(|operator| operator.fault.is_none())
        && claim_daily_task(&app.db, OPERATOR_REFRESH_TASK, app.now()).await?
    {
        refresh_operator(app).await?;
    }
    refresh_sync_status(app).await?;
    let mut found = check_operator(app).await?;
    found.extend(check_policies(app).await?);
    found.push((HealthIssueKind::CredentialExpiring, check_credential(app)));
    found.push((HealthIssueKind::SyncOverdue, check_sync(app).await?));
    found.push((HealthIssueKind::CanaryFailed, super::canary_schedule::check_canary(app).await?));
    found.push((HealthIssueKind::ClockSkewed, check_clock(app)));
    found.push((HealthIssueKind::ProxyNotTrusted, super::proxy_trust::check_proxy_trust(app).await?));
    health::reconcile_issues(app, &found).await
}

fn check_clock(app: &AppState) -> HealthCheckResult {
    let skew = app.entra.graph.clock_skew();
    if skew.abs() > MAX_CLOCK_SKEW {
        HealthCheckResult::Unhealthy(format!("{} s", skew.as_secs()))
    } else {
        HealthCheckResult::Healthy
    }
}

/// Refreshes the operator's token, also when no one resets a password, and checks its role.
async fn refresh_operator(app: &AppState) -> Result<(), StoreError> {
    match app.entra.operator.refresh_and_check_role().await {
        Ok(privilege) => {
            let text = if privilege == OperatorPrivilege::Excessive { "1" } else { "0" };
            health::save_tenant_fact(&app.db, OVERPRIVILEGED_FACT, text, app.now()).await
        }
        Err(OperatorError::Store(error)) => Err(error),
        Err(OperatorError::RefreshTimedOut) => Err(StoreError::RowNotFound),
        Err(error) => {
            tracing::warn!(error = ?error, "operator token refresh failed: retrying in 30 min");
            reschedule_daily_task(&app.db, OPERATOR_REFRESH_TASK, RETRY_DELAY, app.now()).await
        }
    }
}

async fn check_operator(app: &AppState) -> Result<Vec<(HealthIssueKind, HealthCheckResult)>, StoreError> {
    // No operator is linked yet: the pages and doctor report it, and there is no outage to resolve.
    let Some(operator) = app.entra.operator.load_operator().await? else {
        return Ok([
            HealthIssueKind::OperatorUnavailable,
            HealthIssueKind::OperatorTokenStale,
            HealthIssueKind::OperatorOverprivileged,
        ]
        .map(|kind| (kind, HealthCheckResult::Healthy))
        .to_vec());
    };
    let age = app.now().duration_since(operator.refreshed_at);
    let works = operator
        .fault
        .map_or(HealthCheckResult::Healthy, |trouble| HealthCheckResult::Unhealthy(trouble.as_str().to_owned()));
    // Report only the main issue while the operator cannot work at all.
    let old = if operator.fault.is_none() && age > MAX_OPERATOR_TOKEN_AGE {
        unhealthy_for(age)
    } else {
        HealthCheckResult::Healthy
    };
    let power = match health::load_tenant_fact(&app.db, OVERPRIVILEGED_FACT).await? {
        Some((value, at)) if at >= operator.linked_at && value == "1" => {
            HealthCheckResult::Unhealthy("global-administrator".to_owned())
        }
        _ => HealthCheckResult::Healthy,
    };
    Ok(vec![
        (HealthIssueKind::OperatorUnavailable, works),
        (HealthIssueKind::OperatorTokenStale, old),
        (HealthIssueKind::OperatorOverprivileged, power),
    ])
}

fn unhealthy_for(age: SignedDuration) -> HealthCheckResult {
    let hours = age.as_hours();
    HealthCheckResult::Unhealthy(if hours >= 48 { format!("{} d", hours / 24) } else { format!("{hours} h") })
}

/// Checks the stored policy assessments, which `conditional_access` updates.
async fn check_policies(app: &AppState) -> Result<Vec<(HealthIssueKind, HealthCheckResult)>, StoreError> {
    let signin = &app.config.signin;
    let mut all = Vec::new();
    for (kind, context) in [
        (HealthIssueKind::PersonPolicyNotEnforced, &signin.required_context),
        (HealthIssueKind::StaffPolicyNotEnforced, &signin.staff_context),
    ] {
        let found = match PolicyAssessor::load_summary(&app.db, context, app.now()).await? {
            None => HealthCheckResult::Unknown,
            Some(kept) if kept.is_enforced => HealthCheckResult::Healthy,
            Some(kept) => HealthCheckResult::Unhealthy(kept.finding_codes.join(" ")),
        };
        all.push((kind, found));
    }
    Ok(all)
}

fn check_credential(app: &AppState) -> HealthCheckResult {
    match app.entra.credential.days_until_expiry() {
        Some(days) if days <= CREDENTIAL_WARNING_DAYS => HealthCheckResult::Unhealthy(format!("{days} d")),
        _ => HealthCheckResult::Healthy,
    }
}

/// Fetches the time of the last directory sync from Graph if the stored one is older than [`SYNC_CHECK_INTERVAL`].
async fn refresh_sync_status(app: &AppState) -> Result<(), StoreError> {
    let now = app.now();
    let read = health::load_tenant_fact(&app.db, LAST_SYNC_FACT).await?;
    if read.is_some_and(|(_, at)| at <= now && now.duration_since(at) < SYNC_CHECK_INTERVAL) {
        return Ok(());
    }
    let value = match app.entra.graph.fetch_organization_sync().await {
        Ok(read) if read.on_premises_sync_enabled == Some(true) => {
            read.on_premises_last_sync_date_time.map_or(String::new(), |at| at.as_millisecond().to_string())
        }
        Ok(_) => String::new(),
        Err(error) => {
            tracing::warn!(error = ?error, "directory sync status request failed");
            return Ok(());
        }
    };
    health::save_tenant_fact(&app.db, LAST_SYNC_FACT, &value, now).await
}

async fn check_sync(app: &AppState) -> Result<HealthCheckResult, StoreError> {
    Ok(match load_last_sync(app).await? {
        None => HealthCheckResult::Unknown,
        Some(None) => HealthCheckResult::Healthy,
        Some(Some(at)) => {
            let age = app.now().duration_since(at);
            if age > MAX_SYNC_AGE { unhealthy_for(age) } else { HealthCheckResult::Healthy }
        }
    })
}

/// Loads the time of the last directory sync. `None` means not fetched yet, `Some(None)` that nothing is synchronised.
pub(super) async fn load_last_sync(app: &AppState) -> Result<Option<Option<Timestamp>>, StoreError> {
    let read = health::load_tenant_fact(&app.db, LAST_SYNC_FACT).await?;
    Ok(read.map(|(value, _)| value.parse().ok().and_then(|millis| Timestamp::from_millisecond(millis).ok())))
}
