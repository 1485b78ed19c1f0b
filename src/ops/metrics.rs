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

use crate::guard::ResetPause;
use crate::state::AppState;
use crate::store::{StoreError, on_db};
use crate::troubles;

pub(crate) fn metrics_router(app: AppState) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state(app)
}

/// Gauges of the system, read from the database.
struct SystemGauges {
    sending: i64,
    in_line: i64,
    writing: i64,
    paused: bool,
    operator: bool,
    alarms: i64,
    /// Number of authentication contexts whose policy is enforced.
    policies: i64,
    troubles: i64,
    canary: Option<super::canary::CanaryMetrics>,
    operator_age: Option<i64>,
    sync_age: Option<i64>,
}

async fn standing(app: &AppState) -> Result<SystemGauges, StoreError> {
    const ALARMS: &str = "SELECT COUNT(*) FROM insight_alarms WHERE acknowledged_at IS NULL";
    const POLICIES: &str = "SELECT COUNT(*) FROM policy_verdicts WHERE verdict <> '\"bad\"'";
    const SQL: &str = "SELECT COUNT(CASE WHEN state = 'sending' THEN 1 END), COUNT(CASE WHEN state = 'sending' AND line_since IS NOT NULL THEN 1 END),
        COUNT(CASE WHEN state = 'writing' THEN 1 END) FROM resets WHERE open = 1";
    let (sending, in_line, writing): (i64, i64, i64) =
        on_db!(&app.db, |pool| sqlx::query_as(SQL).fetch_one(pool).await)?;
    let paused = ResetPause::new(app.db.clone()).paused().await?.is_some();
    let operator = app.entra.operators.current().await?;
    let age = |at| app.now().duration_since(at).as_secs();
    let operator_age = operator.as_ref().map(|operator| age(operator.refreshed_at));
    let operator = operator.is_some_and(|operator| operator.trouble.is_none());
    let troubles = i64::try_from(troubles::standing(&app.db).await?.len()).unwrap_or(i64::MAX);
    let canary = super::canary::figures(app).await?;
    let sync_age = super::whole::synced_at(app).await?.flatten().map(age);
    let (alarms,): (i64,) = on_db!(&app.db, |pool| sqlx::query_as(ALARMS).fetch_one(pool).await)?;
    let (policies,): (i64,) = on_db!(&app.db, |pool| sqlx::query_as(POLICIES).fetch_one(pool).await)?;
    Ok(SystemGauges {
        sending,
        in_line,
        writing,
        paused,
        operator,
        alarms,
        policies,
        troubles,
        canary,
        operator_age,
        sync_age,
    })
}

async fn scrape(State(app): State<AppState>) -> Response {
    let mut registry = Registry::with_prefix("passback");
    let version = vec![("version", env!("CARGO_PKG_VERSION"))];
    registry.register("build", "This program", Info::new(version));
    app.metrics.register(&mut registry);
    let mut gauge = |name: &str, help: &str, value: i64| {
        let gauge = Gauge::<i64>::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    gauge("streams_open", "Pages that watch a reset live", i64::try_from(app.reset_watchers.count()).unwrap_or(0));
    if let Some(ends) = app.entra.credential.ends_at() {
        let help = "Until the certificate that proves the portal to Entra ends; less than 0 when it is over";
        gauge("credential_expires_seconds", help, ends.duration_since(app.now()).as_secs());
    }
    let skew = app.entra.graph.skew().as_secs();
    gauge("graph_clock_skew_seconds", "How far Microsoft's clock is ahead of ours", skew);
    let stands = standing(&app).await;
    gauge("database_up", "1 if the database answered this scrape", i64::from(stands.is_ok()));
    match stands {
        Ok(stands) => {
            gauge("resets_sending", "Resets on their way to Graph, on all replicas", stands.sending);
            gauge("resets_in_line", "Of these, waiting because Graph throttles", stands.in_line);
            gauge("resets_writing", "Resets that Graph has taken and not ended", stands.writing);
            gauge("desk_alarms_open", "Alarms at the helpdesk that nobody has acknowledged", stands.alarms);
            gauge("policies_good", "Contexts whose Conditional Access policy proves what it should", stands.policies);
            if let Some(canary) = stands.canary {
                gauge("canary_ok", "1 if the newest test reset came through", i64::from(canary.ok));
                gauge("canary_age_seconds", "Since the newest test reset was begun", canary.age);
                if let Some(seconds) = canary.seconds {
                    gauge("canary_seconds", "How long it took from the request to the last word", seconds);
                }
                gauge("canary_stopped", "1 if it failed so often that it stopped", i64::from(canary.stopped));
            }
            gauge("troubles", "What is wrong with the whole, as the helpdesk sees it", stands.troubles);
            if let Some(age) = stands.operator_age {
                gauge("operator_renewed_age_seconds", "Since the operator's permission was last renewed", age);
            }
            if let Some(age) = stands.sync_age {
                gauge("sync_age_seconds", "Since the directory was last synchronised with Microsoft", age);
            }
            gauge("paused", "1 if all resets are paused", i64::from(stands.paused));
            gauge("operator_ready", "1 if the reset operator is linked and not in trouble", i64::from(stands.operator));
        }
        Err(error) => tracing::warn!(error = ?error, "metrics scrape incomplete: database unavailable"),
    }
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, &registry);
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}
