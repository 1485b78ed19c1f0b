//! Serves `/metrics` in the `OpenMetrics` text format, on `server.metrics_listen` only: the counters of this process
//! and gauges of the system from the database.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::alerts::count_open_alerts;
use crate::conditional_access::count_enforced_policies;
use crate::eligibility::ResetPause;
use crate::health;
use crate::reset::queries::load_reset_gauges;
use crate::state::AppState;
use crate::store::StoreError;

pub(crate) fn metrics_router(app: AppState) -> Router {
    Router::new().route("/metrics", get(show_metrics)).with_state(app)
}

/// Gauges of the system, read from the database.
struct DatabaseGauges {
    resets_sending: i64,
    resets_queued: i64,
    resets_writing: i64,
    is_paused: bool,
    operator_ready: bool,
    open_alerts: i64,
    /// Number of authentication contexts whose policy is enforced.
    enforced_policies: i64,
    open_health_issues: i64,
    canary_metrics: Option<super::canary_schedule::CanaryMetrics>,
    operator_age_seconds: Option<i64>,
    sync_age_seconds: Option<i64>,
}

async fn collect_gauges(app: &AppState) -> Result<DatabaseGauges, StoreError> {
    let resets = load_reset_gauges(&app.db).await?;
    let paused = ResetPause::new(app.db.clone()).load_pause_reason().await?.is_some();
    let operator = app.entra.operator.load_operator().await?;
    let age = |at| app.now().duration_since(at).as_secs();
    let operator_age = operator.as_ref().map(|operator| age(operator.refreshed_at));
    let operator = operator.is_some_and(|operator| operator.fault.is_none());
    let troubles = i64::try_from(health::load_open_issues(&app.db).await?.len()).unwrap_or(i64::MAX);
    let canary = super::canary_schedule::load_canary_metrics(app).await?;
    let sync_age = super::health_monitor::load_last_sync(app).await?.flatten().map(age);
    Ok(DatabaseGauges {
        resets_sending: resets.sending,
        resets_queued: resets.queued,
        resets_writing: resets.writing,
        is_paused: paused,
        operator_ready: operator,
        open_alerts: count_open_alerts(&app.db).await?,
        enforced_policies: count_enforced_policies(&app.db).await?,
        open_health_issues: troubles,
        canary_metrics: canary,
        operator_age_seconds: operator_age,
        sync_age_seconds: sync_age,
    })
}

async fn show_metrics(State(app): State<AppState>) -> Response {
    let mut registry = Registry::with_prefix("passback");
    let version = vec![("version", env!("CARGO_PKG_VERSION"))];
    registry.register("build", "This program", Info::new(version));
    app.metrics.register(&mut registry);
    let mut gauge = |name: &str, help: &str, value: i64| {
        let gauge = Gauge::<i64>::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    gauge(
        "streams_open",
        "Pages that watch a reset live",
        i64::try_from(app.reset_watchers.subscriber_count()).unwrap_or(0),
    );
    if let Some(ends) = app.entra.credential.expires_at() {
        let help = "Until the certificate that proves the portal to Entra ends; less than 0 when it is over";
        gauge("credential_expires_seconds", help, ends.duration_since(app.now()).as_secs());
    }
    let skew = app.entra.graph.clock_skew().as_secs();
    gauge("graph_clock_skew_seconds", "How far Microsoft's clock is ahead of ours", skew);
    let stands = collect_gauges(&app).await;
    gauge("database_up", "1 if the database answered this scrape", i64::from(stands.is_ok()));
    match stands {
        Ok(stands) => register_system_gauges(&stands, &mut gauge),
        Err(error) => tracing::warn!(error = ?error, "metrics scrape incomplete: database unavailable"),
    }
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, &registry);
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}

/// Registers the gauges that come from the database.
fn register_system_gauges(stands: &DatabaseGauges, gauge: &mut impl FnMut(&str, &str, i64)) {
    gauge("resets_sending", "Resets on their way to Graph, on all replicas", stands.resets_sending);
    gauge("resets_in_line", "Of these, waiting because Graph throttles", stands.resets_queued);
    gauge("resets_writing", "Resets that Graph has taken and not ended", stands.resets_writing);
    gauge("desk_alarms_open", "Alarms at the helpdesk that nobody has acknowledged", stands.open_alerts);
    gauge("policies_good", "Contexts whose Conditional Access policy proves what it should", stands.enforced_policies);
    if let Some(canary) = &stands.canary_metrics {
        gauge("canary_ok", "1 if the newest test reset came through", i64::from(canary.is_passing));
        gauge("canary_age_seconds", "Since the newest test reset was begun", canary.age_seconds);
        if let Some(seconds) = canary.duration_seconds {
            gauge("canary_seconds", "How long it took from the request to the last word", seconds);
        }
        gauge("canary_stopped", "1 if it failed so often that it stopped", i64::from(canary.is_suspended));
    }
    gauge("troubles", "What is wrong with the whole, as the helpdesk sees it", stands.open_health_issues);
    if let Some(age) = stands.operator_age_seconds {
        gauge("operator_renewed_age_seconds", "Since the operator's permission was last renewed", age);
    }
    if let Some(age) = stands.sync_age_seconds {
        gauge("sync_age_seconds", "Since the directory was last synchronised with Microsoft", age);
    }
    gauge("paused", "1 if all resets are paused", i64::from(stands.is_paused));
    gauge("operator_ready", "1 if the reset operator is linked and not in trouble", i64::from(stands.operator_ready));
}
