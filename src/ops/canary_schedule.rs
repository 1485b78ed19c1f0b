//! Schedules canary resets: once a day by default, by one replica, until they failed so often that someone must
//! investigate.

use std::time::Duration;

use jiff::SignedDuration;

use crate::audit::{AuditActor, AuditEvent};
use crate::base::run_every;
use crate::config::CanaryConfig;
use crate::health::{self, HealthCheckResult};
use crate::reset::canary::{self, CanaryResult};
use crate::state::AppState;
use crate::store::{StoreError, claim_periodic_task, reschedule_periodic_task};

/// Interval of the check for a due run.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Delay before a run that could not start is tried again.
const RETRY_DELAY: SignedDuration = SignedDuration::from_hours(1);
/// Name of the tenant fact that says why the configured account cannot be used; empty if it can.
const INVALID_SETTING_FACT: &str = "canary_setting";
/// Number of recent runs that are assessed.
const MAX_ASSESSED_RUNS: i64 = 30;

/// Starts due canary resets until the process stops.
pub(crate) async fn run_canary_schedule(app: AppState) {
    let Some(settings) = app.config.canary.clone() else { return };
    let rounds = app.metrics.background_rounds("canary-schedule");
    run_every(&app.shutdown, &rounds, POLL_INTERVAL, || async {
        if let Err(error) = run_once(&app, &settings).await {
            tracing::warn!(error = ?error, "canary schedule failed: retrying");
        }
    })
    .await;
}

async fn run_once(app: &AppState, settings: &CanaryConfig) -> Result<(), StoreError> {
    // Requires a working operator, because otherwise the run of the day would be used up without a reset.
    if app.entra.operator.load_operator().await?.is_none_or(|operator| operator.fault.is_some()) {
        return Ok(());
    }
    if canary::is_suspended(app, &canary::load_runs(&app.db, MAX_ASSESSED_RUNS, app.now()).await?).await? {
        return Ok(());
    }
    let every = SignedDuration::from_hours(settings.every_hours);
    if !claim_periodic_task(&app.db, canary::TASK_NAME, every, app.now()).await? {
        return Ok(());
    }
    match canary::start_run(app, &settings.person).await? {
        Ok(reference) => {
            health::save_tenant_fact(&app.db, INVALID_SETTING_FACT, "", app.now()).await?;
            tracing::info!(%reference, "canary reset started");
            Ok(())
        }
        Err(why) => {
            tracing::warn!(reason = why.as_str(), "canary reset skipped: retrying in 1 h");
            let setting = if why.is_misconfiguration() { why.as_str() } else { "" };
            health::save_tenant_fact(&app.db, INVALID_SETTING_FACT, setting, app.now()).await?;
            let event = AuditEvent::new("canary.not_begun", AuditActor::Portal).with_detail("why", why.as_str());
            app.audit_log.append(event).await?;
            reschedule_periodic_task(&app.db, canary::TASK_NAME, every, RETRY_DELAY, app.now()).await
        }
    }
}

/// Checks the latest conclusive run for the health issues.
pub(super) async fn check_canary(app: &AppState) -> Result<HealthCheckResult, StoreError> {
    if app.config.canary.is_none() {
        return Ok(HealthCheckResult::Healthy);
    }
    if let Some((why, _)) = health::load_tenant_fact(&app.db, INVALID_SETTING_FACT).await?
        && !why.is_empty()
    {
        return Ok(HealthCheckResult::Unhealthy(why));
    }
    let runs = canary::load_runs(&app.db, MAX_ASSESSED_RUNS, app.now()).await?;
    let telling = runs.iter().find(|run| !matches!(run.result, CanaryResult::Pending | CanaryResult::Inconclusive));
    Ok(match telling {
        None => HealthCheckResult::Unknown,
        Some(run) if run.result == CanaryResult::Failed => {
            let cause = run.cause.map_or_else(|| run.state.as_str().to_owned(), |cause| cause.as_str().to_owned());
            let stopped = if canary::is_suspended(app, &runs).await? { ", stopped" } else { "" };
            HealthCheckResult::Unhealthy(format!("{}, {cause}{stopped}", run.reference))
        }
        Some(_) => HealthCheckResult::Healthy,
    })
}

/// Gauges of the newest finished run.
pub(super) struct CanaryMetrics {
    pub(super) is_passing: bool,
    pub(super) age_seconds: i64,
    pub(super) duration_seconds: Option<i64>,
    pub(super) is_suspended: bool,
}

pub(super) async fn load_canary_metrics(app: &AppState) -> Result<Option<CanaryMetrics>, StoreError> {
    if app.config.canary.is_none() {
        return Ok(None);
    }
    let runs = canary::load_runs(&app.db, MAX_ASSESSED_RUNS, app.now()).await?;
    let Some(newest) = runs.iter().find(|run| run.result != CanaryResult::Pending) else { return Ok(None) };
    let seconds = match newest.result {
        CanaryResult::Passed(took) | CanaryResult::DirectoryRefused(took) => Some(took.as_secs()),
        _ => None,
    };
    Ok(Some(CanaryMetrics {
        is_passing: seconds.is_some(),
        age_seconds: app.now().duration_since(newest.started_at).as_secs(),
        duration_seconds: seconds,
        is_suspended: canary::is_suspended(app, &runs).await?,
    }))
}
