//! Canary resets on the insights page: the runs with their evidence, and the form to resume them.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::SignedDuration;

use super::charts;
use crate::reset::canary::{self, CanaryResult, CanaryRun};
use crate::signin::{AcknowledgeAlerts, StaffMember};
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::{PageContext, WebError, format_duration, format_timestamp};

/// Maximum number of runs on the page.
const MAX_SHOWN_RUNS: i64 = 14;

/// The canary section of the insights page. Only present if canary resets are configured.
pub(super) struct CanarySection {
    pub(super) rows: Vec<CanaryRunItem>,
    pub(super) is_suspended: bool,
}

pub(super) struct CanaryRunItem {
    pub(super) reference: String,
    pub(super) at: String,
    pub(super) at_iso: String,
    /// Result of the run: `good`, `asked`, `bad`, `nothing` or `pending`.
    pub(super) result: &'static str,
    pub(super) text: String,
    pub(super) duration: String,
    /// Length of the bar, relative to the longest run.
    pub(super) bar_length: i64,
    pub(super) checkpoints: String,
}

pub(super) async fn load_canary_section(
    app: &AppState,
    ctx: &PageContext,
) -> Result<Option<CanarySection>, StoreError> {
    if app.config.canary.is_none() {
        return Ok(None);
    }
    let runs = canary::load_runs(&app.db, MAX_SHOWN_RUNS, app.now()).await?;
    let stopped = canary::is_suspended(app, &runs).await?;
    let most = runs.iter().filter_map(run_duration).map(|span| span.as_secs()).max().unwrap_or(0);
    Ok(Some(CanarySection {
        rows: runs.iter().map(|run| build_run_item(ctx, run, most)).collect(),
        is_suspended: stopped,
    }))
}

fn run_duration(run: &CanaryRun) -> Option<SignedDuration> {
    match run.result {
        CanaryResult::Passed(took) | CanaryResult::DirectoryRefused(took) => Some(took),
        CanaryResult::Pending | CanaryResult::Inconclusive | CanaryResult::Failed => None,
    }
}

fn build_run_item(ctx: &PageContext, run: &CanaryRun, most: i64) -> CanaryRunItem {
    let says = match run.result {
        CanaryResult::Pending => "pending",
        CanaryResult::Passed(_) => "good",
        CanaryResult::DirectoryRefused(_) => "asked",
        CanaryResult::Inconclusive => "nothing",
        CanaryResult::Failed => "bad",
    };
    let text = ctx.t(&format!("canary-{says}"));
    let rungs: Vec<String> =
        run.checkpoints.iter().map(|rung| ctx.t(&format!("desk-rung-{}", rung.as_str()))).collect();
    CanaryRunItem {
        reference: run.reference.to_string(),
        at: format_timestamp(&ctx.lang, &run.started_at),
        at_iso: run.started_at.to_string(),
        result: says,
        text: run.cause.map_or_else(|| text.clone(), |cause| format!("{text} ({})", cause.as_str())),
        duration: run_duration(run).map(|span| format_duration(&ctx.lang, span)).unwrap_or_default(),
        bar_length: run_duration(run).map_or(0, |span| charts::bar_length(span.as_secs(), most)),
        checkpoints: rungs.join(", "),
    }
}

/// Resumes suspended canary resets. `POST /helpdesk/insights/canary`.
pub(crate) async fn resume_canary(
    State(app): State<AppState>,
    staff: StaffMember<AcknowledgeAlerts>,
) -> Result<Response, WebError> {
    if app.config.canary.is_none() {
        return Err(WebError::NotFound);
    }
    canary::resume(&app, staff.audit_actor()).await?;
    Ok(Redirect::to("/helpdesk/insights?said=tried#canary").into_response())
}
