//! Canary resets on the insights page: the runs with their evidence, and the form to resume them.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::SignedDuration;

use super::chart;
use crate::reset::canary::{self, CanaryResult, CanaryRun};
use crate::signin::{AcknowledgeAlerts, StaffMember};
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::{PageContext, WebError, duration, moment};

/// Maximum number of runs on the page.
const RUNS: i64 = 14;

/// The canary section of the insights page. Only present if canary resets are configured.
pub(super) struct CanarySection {
    pub(super) rows: Vec<CanaryRunItem>,
    pub(super) stopped: bool,
}

pub(super) struct CanaryRunItem {
    pub(super) reference: String,
    pub(super) at: String,
    pub(super) at_iso: String,
    /// Result of the run: `good`, `asked`, `bad`, `nothing` or `pending`.
    pub(super) says: &'static str,
    pub(super) text: String,
    pub(super) took: String,
    /// Length of the bar, relative to the longest run.
    pub(super) length: i64,
    pub(super) proved: String,
}

pub(super) async fn shown(app: &AppState, f: &PageContext) -> Result<Option<CanarySection>, StoreError> {
    if app.config.canary.is_none() {
        return Ok(None);
    }
    let runs = canary::runs(&app.db, RUNS, app.now()).await?;
    let stopped = canary::stopped(app, &runs).await?;
    let most = runs.iter().filter_map(took).map(|span| span.as_secs()).max().unwrap_or(0);
    Ok(Some(CanarySection { rows: runs.iter().map(|run| row(f, run, most)).collect(), stopped }))
}

fn took(run: &CanaryRun) -> Option<SignedDuration> {
    match run.says {
        CanaryResult::Good(took) | CanaryResult::Asked(took) => Some(took),
        CanaryResult::Pending | CanaryResult::Nothing | CanaryResult::Bad => None,
    }
}

fn row(f: &PageContext, run: &CanaryRun, most: i64) -> CanaryRunItem {
    let says = match run.says {
        CanaryResult::Pending => "pending",
        CanaryResult::Good(_) => "good",
        CanaryResult::Asked(_) => "asked",
        CanaryResult::Nothing => "nothing",
        CanaryResult::Bad => "bad",
    };
    let text = f.t(&format!("canary-{says}"));
    let rungs: Vec<String> = run.rungs.iter().map(|rung| f.t(&format!("desk-rung-{}", rung.name()))).collect();
    CanaryRunItem {
        reference: run.reference.to_string(),
        at: moment(&f.lang, &run.at),
        at_iso: run.at.to_string(),
        says,
        text: run.cause.map_or_else(|| text.clone(), |cause| format!("{text} ({})", cause.code())),
        took: took(run).map(|span| duration(&f.lang, span)).unwrap_or_default(),
        length: took(run).map_or(0, |span| chart::length(span.as_secs(), most)),
        proved: rungs.join(", "),
    }
}

/// Resumes suspended canary resets. `POST /helpdesk/insights/canary`.
pub(crate) async fn again(
    State(app): State<AppState>,
    staff: StaffMember<AcknowledgeAlerts>,
) -> Result<Response, WebError> {
    if app.config.canary.is_none() {
        return Err(WebError::NotFound);
    }
    canary::try_again(&app, staff.actor()).await?;
    Ok(Redirect::to("/helpdesk/insights?said=tried#canary").into_response())
}
