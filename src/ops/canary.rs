//! Schedules canary resets: once a day by default, by one replica, until they failed so often that someone must
//! investigate.

use std::time::Duration;

use jiff::SignedDuration;

use crate::audit::{AuditActor, AuditEvent};
use crate::config::CanaryConfig as Settings;
use crate::reset::canary::{self, CanaryResult};
use crate::state::AppState;
use crate::store::{StoreError, claim_every, retry_every};
use crate::troubles::{self, HealthCheckResult};

/// Interval of the check for a due run.
const EVERY: Duration = Duration::from_secs(2);
/// Delay before a run that could not start is tried again.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// Name of the tenant fact that says why the configured account cannot be used; empty if it can.
const SETTING: &str = "canary_setting";
/// Number of recent runs that are assessed.
const RUNS: i64 = 30;

/// Starts due canary resets until the process stops.
pub(crate) async fn keep_canary(app: AppState) {
    let Some(settings) = app.config.canary.clone() else { return };
    loop {
        if let Err(error) = round(&app, &settings).await {
            tracing::warn!(error = ?error, "canary schedule failed: retrying");
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn round(app: &AppState, settings: &Settings) -> Result<(), StoreError> {
    // Requires a working operator, because otherwise the run of the day would be used up without a reset.
    if app.entra.operators.current().await?.is_none_or(|operator| operator.trouble.is_some()) {
        return Ok(());
    }
    if canary::stopped(app, &canary::runs(&app.db, RUNS, app.now()).await?).await? {
        return Ok(());
    }
    let every = SignedDuration::from_hours(settings.every_hours);
    if !claim_every(&app.db, canary::NAME, every, app.now()).await? {
        return Ok(());
    }
    match canary::begin(app, &settings.person).await? {
        Ok(reference) => {
            troubles::signal(&app.db, SETTING, "", app.now()).await?;
            tracing::info!(%reference, "canary reset started");
            Ok(())
        }
        Err(why) => {
            tracing::warn!(reason = why.name(), "canary reset skipped: retrying in 1 h");
            let setting = if why.is_setting() { why.name() } else { "" };
            troubles::signal(&app.db, SETTING, setting, app.now()).await?;
            let event = AuditEvent::new("canary.not_begun", AuditActor::Portal).with("why", why.name());
            app.auditor.note(event).await?;
            retry_every(&app.db, canary::NAME, every, AGAIN, app.now()).await
        }
    }
}

/// Checks the latest conclusive run for the health issues.
pub(super) async fn found(app: &AppState) -> Result<HealthCheckResult, StoreError> {
    if app.config.canary.is_none() {
        return Ok(HealthCheckResult::Well);
    }
    if let Some((why, _)) = troubles::read_signal(&app.db, SETTING).await?
        && !why.is_empty()
    {
        return Ok(HealthCheckResult::Wrong(why));
    }
    let runs = canary::runs(&app.db, RUNS, app.now()).await?;
    let telling = runs.iter().find(|run| !matches!(run.says, CanaryResult::Pending | CanaryResult::Nothing));
    Ok(match telling {
        None => HealthCheckResult::Unknown,
        Some(run) if run.says == CanaryResult::Bad => {
            let cause = run.cause.map_or_else(|| run.state.name().to_owned(), |cause| cause.code().to_owned());
            let stopped = if canary::stopped(app, &runs).await? { ", stopped" } else { "" };
            HealthCheckResult::Wrong(format!("{}, {cause}{stopped}", run.reference))
        }
        Some(_) => HealthCheckResult::Well,
    })
}

/// Gauges of the newest finished run.
pub(super) struct CanaryMetrics {
    pub(super) ok: bool,
    pub(super) age: i64,
    pub(super) seconds: Option<i64>,
    pub(super) stopped: bool,
}

pub(super) async fn figures(app: &AppState) -> Result<Option<CanaryMetrics>, StoreError> {
    if app.config.canary.is_none() {
        return Ok(None);
    }
    let runs = canary::runs(&app.db, RUNS, app.now()).await?;
    let Some(newest) = runs.iter().find(|run| run.says != CanaryResult::Pending) else { return Ok(None) };
    let seconds = match newest.says {
        CanaryResult::Good(took) | CanaryResult::Asked(took) => Some(took.as_secs()),
        _ => None,
    };
    Ok(Some(CanaryMetrics {
        ok: seconds.is_some(),
        age: app.now().duration_since(newest.at).as_secs(),
        seconds,
        stopped: canary::stopped(app, &runs).await?,
    }))
}
