//! Monitors the health of the system. It refreshes the operator's token and checks its role once a day, fetches the
//! directory sync status every 10 minutes, and opens or resolves health issues that the helpdesk sees.
//!
//! - One replica monitors for all.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::entra::OperatorError;
use crate::signin::PolicyAssessor;
use crate::state::AppState;
use crate::store::{StoreError, claim_daily, lease, retry_daily};
use crate::troubles::{self, HealthCheckResult, HealthIssueKind};

/// Interval of the monitor.
const EVERY: Duration = Duration::from_secs(2);
/// Name of the daily task that refreshes the operator's token.
const KEEP: &str = "operator";
/// Delay before a failed token refresh is tried again.
const AGAIN: SignedDuration = SignedDuration::from_mins(30);
/// Age of the operator's refresh token from which it is reported. It expires after 90 days without use
/// (<https://learn.microsoft.com/entra/identity-platform/refresh-tokens>, read 2026-08).
const OLD: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Number of days before its expiry from which the client certificate is reported.
const CREDENTIAL: i64 = 30;
/// Age of the last directory sync from which it is reported. Entra Connect synchronises every 30 minutes, so 6 cycles
/// were missed.
const SYNC: SignedDuration = SignedDuration::from_hours(3);
/// Interval of requests for the directory sync status.
const SYNC_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// Clock skew from which it is reported. Tokens and evidence tolerate more.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Name of the tenant fact that is `1` if the operator is overprivileged.
const POWER: &str = "operator_power";
/// Name of the tenant fact with the last directory sync, in milliseconds; empty if nothing is synchronised.
pub(super) const SYNCED: &str = "synced_at";

/// Monitors until the process stops.
pub(crate) async fn watch_whole(app: AppState) {
    loop {
        if let Err(error) = round(&app).await {
            tracing::warn!(error = ?error, "health monitor failed: retrying");
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn round(app: &AppState) -> Result<(), StoreError> {
    if !lease(&app.db, "whole", &app.me, app.now()).await? {
        return Ok(());
    }
    if app.entra.operators.current().await?.is_some_and(|operator| operator.trouble.is_none())
        && claim_daily(&app.db, KEEP, app.now()).await?
    {
        keep_operator(app).await?;
    }
    read_sync(app).await?;
    let mut found = operator(app).await?;
    found.extend(policies(app).await?);
    found.push((HealthIssueKind::Credential, credential(app)));
    found.push((HealthIssueKind::Sync, sync(app).await?));
    found.push((HealthIssueKind::Canary, super::canary::found(app).await?));
    found.push((HealthIssueKind::Clock, clock(app)));
    troubles::settle(app, &found).await
}

fn clock(app: &AppState) -> HealthCheckResult {
    let skew = app.entra.graph.skew();
    if skew.abs() > SKEW { HealthCheckResult::Wrong(format!("{} s", skew.as_secs())) } else { HealthCheckResult::Well }
}

/// Refreshes the operator's token, also when no one resets a password, and checks its role.
async fn keep_operator(app: &AppState) -> Result<(), StoreError> {
    match app.entra.operators.keep_alive().await {
        Ok(power) => {
            let text = if power { "1" } else { "0" };
            troubles::signal(&app.db, POWER, text, app.now()).await
        }
        Err(OperatorError::Store(error)) => Err(error),
        Err(error) => {
            tracing::warn!(error = ?error, "operator token refresh failed: retrying in 30 min");
            retry_daily(&app.db, KEEP, AGAIN, app.now()).await
        }
    }
}

async fn operator(app: &AppState) -> Result<Vec<(HealthIssueKind, HealthCheckResult)>, StoreError> {
    // No operator is linked yet: the pages and doctor report it, and there is no outage to resolve.
    let Some(operator) = app.entra.operators.current().await? else {
        return Ok([HealthIssueKind::Operator, HealthIssueKind::OperatorOld, HealthIssueKind::OperatorPower]
            .map(|kind| (kind, HealthCheckResult::Well))
            .to_vec());
    };
    let age = app.now().duration_since(operator.refreshed_at);
    let works =
        operator.trouble.map_or(HealthCheckResult::Well, |trouble| HealthCheckResult::Wrong(trouble.name().to_owned()));
    // Report only the main issue while the operator cannot work at all.
    let old = if operator.trouble.is_none() && age > OLD { wrong_for(age) } else { HealthCheckResult::Well };
    let power = match troubles::read_signal(&app.db, POWER).await? {
        Some((value, at)) if at >= operator.linked_at && value == "1" => {
            HealthCheckResult::Wrong("global-administrator".to_owned())
        }
        _ => HealthCheckResult::Well,
    };
    Ok(vec![
        (HealthIssueKind::Operator, works),
        (HealthIssueKind::OperatorOld, old),
        (HealthIssueKind::OperatorPower, power),
    ])
}

fn wrong_for(age: SignedDuration) -> HealthCheckResult {
    let hours = age.as_hours();
    HealthCheckResult::Wrong(if hours >= 48 { format!("{} d", hours / 24) } else { format!("{hours} h") })
}

/// Checks the stored policy assessments, which `conditional_access` updates.
async fn policies(app: &AppState) -> Result<Vec<(HealthIssueKind, HealthCheckResult)>, StoreError> {
    let signin = &app.config.signin;
    let mut all = Vec::new();
    for (kind, context) in [
        (HealthIssueKind::PolicyPeople, &signin.required_context),
        (HealthIssueKind::PolicyStaff, &signin.staff_context),
    ] {
        let found = match PolicyAssessor::kept(&app.db, context, app.now()).await? {
            None => HealthCheckResult::Unknown,
            Some(kept) if kept.good => HealthCheckResult::Well,
            Some(kept) => HealthCheckResult::Wrong(kept.codes.join(" ")),
        };
        all.push((kind, found));
    }
    Ok(all)
}

fn credential(app: &AppState) -> HealthCheckResult {
    match app.entra.credential.days_left() {
        Some(days) if days <= CREDENTIAL => HealthCheckResult::Wrong(format!("{days} d")),
        _ => HealthCheckResult::Well,
    }
}

/// Fetches the time of the last directory sync from Graph if the stored one is older than [`SYNC_CHECK_INTERVAL`].
async fn read_sync(app: &AppState) -> Result<(), StoreError> {
    let now = app.now();
    let read = troubles::read_signal(&app.db, SYNCED).await?;
    if read.is_some_and(|(_, at)| at <= now && now.duration_since(at) < SYNC_EVERY) {
        return Ok(());
    }
    let value = match app.entra.graph.organization().await {
        Ok(read) if read.on_premises_sync_enabled == Some(true) => {
            read.on_premises_last_sync_date_time.map_or(String::new(), |at| at.as_millisecond().to_string())
        }
        Ok(_) => String::new(),
        Err(error) => {
            tracing::warn!(error = ?error, "directory sync status request failed");
            return Ok(());
        }
    };
    troubles::signal(&app.db, SYNCED, &value, now).await
}

async fn sync(app: &AppState) -> Result<HealthCheckResult, StoreError> {
    Ok(match synced_at(app).await? {
        None => HealthCheckResult::Unknown,
        Some(None) => HealthCheckResult::Well,
        Some(Some(at)) => {
            let age = app.now().duration_since(at);
            if age > SYNC { wrong_for(age) } else { HealthCheckResult::Well }
        }
    })
}

/// Loads the time of the last directory sync. `None` means not fetched yet, `Some(None)` that nothing is synchronised.
pub(super) async fn synced_at(app: &AppState) -> Result<Option<Option<Timestamp>>, StoreError> {
    let read = troubles::read_signal(&app.db, SYNCED).await?;
    Ok(read.map(|(value, _)| value.parse().ok().and_then(|millis| Timestamp::from_millisecond(millis).ok())))
}
