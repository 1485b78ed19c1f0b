//! The insights page: security alerts, charts and figures of the last 30 days.

use std::ops::RangeInclusive;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::alerts::{AlertItem, load_alert_lists, load_staff_name};
use super::canary;
use super::charts::{self, ChartBlock, ChartLine};
use super::statistics::{DailyOutcomes, LatencyPercentiles, count_by_day, latency_percentiles};
use crate::admin::{PauseNotice, load_pause_notice};
use crate::audit::load_staff_workload;
use crate::health;
use crate::helpdesk::reset_list::{HealthIssueItem, build_health_issue_item};
use crate::reset::queries::{self as resets, EvidenceCheckpoint, ResetStatistics};
use crate::signin::{
    AcknowledgeAlerts, StaffMember, StaffPermission as _, ViewHelpdesk, ViewInsights, with_staff_navigation,
};
use crate::state::AppState;
use crate::web::{PageContext, WebError, format_duration, render_page};

/// Number of days on the page, including today.
const PERIOD_DAYS: i64 = 30;
const MILLIS_PER_DAY: i64 = 86_400_000;

/// Chart of the daily outcomes, with its summary and table.
struct OutcomeChart {
    summary: String,
    blocks: Vec<ChartBlock>,
    top_label: String,
    rows: Vec<DayItem>,
}

struct DayItem {
    day: String,
    values: Vec<String>,
}

struct LatencyChart {
    title: String,
    summary: Option<String>,
    lines: Vec<ChartLine>,
    top_label: String,
    rows: Vec<DayItem>,
}

/// A horizontal bar.
struct BarItem {
    name: String,
    length: i64,
    values: Vec<String>,
}

#[derive(Template)]
#[template(path = "helpdesk/insights.html")]
struct InsightsPage {
    ctx: PageContext,
    open_alerts: Vec<AlertItem>,
    past_alerts: Vec<AlertItem>,
    can_acknowledge: bool,
    can_view_helpdesk: bool,
    notice: Option<String>,
    first_day: String,
    last_day: String,
    outcomes: OutcomeChart,
    latencies: Vec<LatencyChart>,
    causes: Vec<BarItem>,
    staff_activity: Vec<BarItem>,
    time_saved: Option<String>,
    canary: Option<canary::CanarySection>,
    pause: Option<PauseNotice>,
    health_issues: Vec<HealthIssueItem>,
}

#[derive(Deserialize)]
pub(crate) struct InsightsQuery {
    said: Option<String>,
}

pub(crate) async fn show_insights(
    State(app): State<AppState>,
    ctx: PageContext,
    staff: StaffMember<ViewInsights>,
    Query(back): Query<InsightsQuery>,
) -> Result<Response, WebError> {
    let ctx = with_staff_navigation(ctx, &staff.login);
    let today = app.now().as_millisecond().div_euclid(MILLIS_PER_DAY);
    let first = today - PERIOD_DAYS + 1;
    let since = Timestamp::from_millisecond(first * MILLIS_PER_DAY).unwrap_or_default();
    let figures = resets::load_statistics(&app.db, since).await?;
    let days = count_by_day(first, today, &figures.outcomes_by_day);
    let alarms = load_alert_lists(&app, &ctx, since).await?;
    let said = back.said.as_deref().and_then(|said| match said {
        "done" => Some(ctx.t("alarm-said-done")),
        "empty" => Some(ctx.t("alarm-said-empty")),
        "gone" => Some(ctx.t("alarm-said-gone")),
        "tried" => Some(ctx.t("insights-canary-tried")),
        _ => None,
    });
    Ok(render_page(&InsightsPage {
        open_alerts: alarms.open,
        past_alerts: alarms.past,
        can_acknowledge: staff.login.has_any_role(AcknowledgeAlerts::ROLES),
        can_view_helpdesk: staff.login.has_any_role(ViewHelpdesk::ROLES),
        notice: said,
        first_day: format_day(first),
        last_day: format_day(today),
        outcomes: build_outcome_chart(&ctx, &days),
        latencies: [
            EvidenceCheckpoint::Written,
            EvidenceCheckpoint::Carried,
            EvidenceCheckpoint::Landed,
            EvidenceCheckpoint::Works,
        ]
        .into_iter()
        // `Written` is always shown; the other checkpoints only if there are measurements.
        .filter(|rung| {
            *rung == EvidenceCheckpoint::Written || figures.checkpoint_latencies.iter().any(|(_, of, _)| of == rung)
        })
        .map(|rung| build_latency_chart(&ctx, rung, &figures, first..=today))
        .collect(),
        causes: build_cause_bars(&ctx, &figures.counts_by_cause),
        staff_activity: load_staff_bars(&app, &ctx, since).await?,
        canary: canary::load_canary_section(&app, &ctx).await?,
        pause: load_pause_notice(&app, &ctx).await?,
        health_issues: health::load_open_issues(&app.db)
            .await?
            .iter()
            .map(|trouble| build_health_issue_item(&ctx, trouble))
            .collect(),
        time_saved: time_saved_text(&ctx, &days, app.config.helpdesk.minutes_per_reset),
        ctx,
    }))
}

/// Formats a day as `2026-11-24`, the same in every language, as in the filters of the reset list.
fn format_day(number: i64) -> String {
    let at = Timestamp::from_millisecond(number * MILLIS_PER_DAY).unwrap_or_default();
    at.strftime("%Y-%m-%d").to_string()
}

fn format_count(ctx: &PageContext, number: i64) -> String {
    ctx.tv("number", "n", &number.to_string())
}

fn build_outcome_chart(ctx: &PageContext, days: &[DailyOutcomes]) -> OutcomeChart {
    let sum = |read: fn(&DailyOutcomes) -> i64| format_count(ctx, days.iter().map(read).sum());
    let read: [fn(&DailyOutcomes) -> i64; 5] =
        [DailyOutcomes::total, |d| d.succeeded, |d| d.refused, |d| d.failed, |d| d.open];
    let [all, good, refused, failed, open] = read.map(sum);
    let values = [("all", all.as_str()), ("good", &good), ("refused", &refused), ("failed", &failed), ("open", &open)];
    let row = |day: &DailyOutcomes| DayItem {
        day: format_day(day.day_number),
        values: read.map(|read| format_count(ctx, read(day))).into(),
    };
    let (blocks, top) = charts::stack_days(days);
    OutcomeChart {
        summary: ctx.lang.text_with("insights-outcomes-summary", &values),
        blocks,
        top_label: format_count(ctx, top),
        rows: days.iter().rev().filter(|day| day.total() > 0).map(row).collect(),
    }
}

fn format_millis(ctx: &PageContext, millis: i64) -> String {
    format_duration(&ctx.lang, SignedDuration::from_millis(millis))
}

fn build_latency_chart(
    ctx: &PageContext,
    rung: EvidenceCheckpoint,
    figures: &ResetStatistics,
    days: RangeInclusive<i64>,
) -> LatencyChart {
    let of = |wanted: Option<i64>| {
        let mine = figures
            .checkpoint_latencies
            .iter()
            .filter(|(day, r, _)| *r == rung && wanted.is_none_or(|wanted| wanted == *day));
        latency_percentiles(mine.map(|(.., millis)| *millis).collect())
    };
    let by_day: Vec<(i64, Option<LatencyPercentiles>)> = days.map(|day| (day, of(Some(day)))).collect();
    let (lines, top) = charts::percentile_lines(&by_day.iter().map(|(_, spans)| *spans).collect::<Vec<_>>());
    let row = |(day, spans): &(i64, Option<LatencyPercentiles>)| {
        let spans = spans.as_ref()?;
        let number = i64::try_from(spans.count).unwrap_or(i64::MAX);
        let values = vec![
            format_count(ctx, number),
            format_millis(ctx, spans.p50),
            format_millis(ctx, spans.p95),
            format_millis(ctx, spans.p99),
        ];
        Some(DayItem { day: format_day(*day), values })
    };
    let summary = of(None).map(|spans| {
        let (p50, p95, p99) =
            (format_millis(ctx, spans.p50), format_millis(ctx, spans.p95), format_millis(ctx, spans.p99));
        let n = spans.count.to_string();
        ctx.lang.text_with(
            "insights-latency-summary",
            &[("n", n.as_str()), ("half", &p50), ("most", &p95), ("nearly", &p99)],
        )
    });
    LatencyChart {
        title: ctx.t(&format!("desk-rung-{}", rung.as_str())),
        summary,
        lines,
        top_label: format_millis(ctx, top),
        rows: by_day.iter().rev().filter_map(row).collect(),
    }
}

fn build_cause_bars(ctx: &PageContext, causes: &[(String, i64)]) -> Vec<BarItem> {
    let most = causes.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let bar = |(code, number): &(String, i64)| BarItem {
        name: code.clone(),
        length: charts::bar_length(*number, most),
        values: vec![format_count(ctx, *number)],
    };
    causes.iter().map(bar).collect()
}

async fn load_staff_bars(app: &AppState, ctx: &PageContext, since: Timestamp) -> Result<Vec<BarItem>, WebError> {
    let agents = load_staff_workload(&app.db, since).await?;
    let most = agents.iter().map(|(_, acts, _)| *acts).max().unwrap_or(0);
    let mut bars = Vec::new();
    for (agent, acts, people) in agents {
        bars.push(BarItem {
            name: load_staff_name(&app.db, agent).await?,
            length: charts::bar_length(acts, most),
            values: vec![format_count(ctx, acts), format_count(ctx, people)],
        });
    }
    Ok(bars)
}

/// Describes the time that resets by phone would have taken. `None` if `helpdesk.minutes_per_reset` is 0.
fn time_saved_text(ctx: &PageContext, days: &[DailyOutcomes], minutes: i64) -> Option<String> {
    let good: i64 = days.iter().map(|day| day.succeeded).sum();
    let hours = format_count(ctx, good.saturating_mul(minutes) / 60);
    let (good, each) = (format_count(ctx, good), format_count(ctx, minutes));
    let values = [("resets", good.as_str()), ("minutes", &each), ("hours", &hours)];
    (minutes > 0).then(|| ctx.lang.text_with("insights-saved", &values))
}
