//! The insights page: security alerts, charts and figures of the last 30 days.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::alarms::{AlertItem, alarms, staff_name};
use super::canary;
use super::chart::{self, ChartBlock, ChartLine};
use super::figures::{DailyOutcomes, LatencyPercentiles, days, spans};
use crate::audit::work_of_staff;
use crate::helpdesk::queue::{HealthIssueItem, wrongs};
use crate::reset::desk::{self as resets, DeskRung, ResetStatistics};
use crate::signin::{AcknowledgeAlerts, StaffMember, StaffPermission as _, ViewHelpdesk, ViewInsights, at_work};
use crate::state::AppState;
use crate::troubles;
use crate::web::{PageContext, WebError, draw, duration};

/// Number of days on the page, including today.
const DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;

/// Chart of the daily outcomes, with its summary and table.
struct OutcomeChart {
    summary: String,
    blocks: Vec<ChartBlock>,
    top: String,
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
    top: String,
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
    f: PageContext,
    open: Vec<AlertItem>,
    past: Vec<AlertItem>,
    acknowledges: bool,
    looks: bool,
    said: Option<String>,
    first_day: String,
    last_day: String,
    outcomes: OutcomeChart,
    latencies: Vec<LatencyChart>,
    causes: Vec<BarItem>,
    work: Vec<BarItem>,
    saved: Option<String>,
    canary: Option<canary::CanarySection>,
    troubles: Vec<HealthIssueItem>,
}

#[derive(Deserialize)]
pub(crate) struct InsightsQuery {
    said: Option<String>,
}

pub(crate) async fn page(
    State(app): State<AppState>,
    frame: PageContext,
    staff: StaffMember<ViewInsights>,
    Query(back): Query<InsightsQuery>,
) -> Result<Response, WebError> {
    let f = at_work(frame, &staff.login);
    let today = app.now().as_millisecond().div_euclid(DAY_MS);
    let first = today - DAYS + 1;
    let since = Timestamp::from_millisecond(first * DAY_MS).unwrap_or_default();
    let figures = resets::figures(&app.db, since).await?;
    let days = days(first, today, &figures.days);
    let alarms = alarms(&app, &f, since).await?;
    let said = back.said.as_deref().and_then(|said| match said {
        "done" => Some(f.t("alarm-said-done")),
        "empty" => Some(f.t("alarm-said-empty")),
        "gone" => Some(f.t("alarm-said-gone")),
        "tried" => Some(f.t("insights-canary-tried")),
        _ => None,
    });
    Ok(draw(&InsightsPage {
        open: alarms.open,
        past: alarms.past,
        acknowledges: staff.login.may(AcknowledgeAlerts::ROLES),
        looks: staff.login.may(ViewHelpdesk::ROLES),
        said,
        first_day: day_name(first),
        last_day: day_name(today),
        outcomes: outcomes(&f, &days),
        latencies: [DeskRung::Written, DeskRung::Carried, DeskRung::Landed, DeskRung::Works]
            .into_iter()
            // `Written` is always shown; the other checkpoints only if there are measurements.
            .filter(|rung| *rung == DeskRung::Written || figures.spans.iter().any(|(_, of, _)| of == rung))
            .map(|rung| latency(&f, rung, &figures, (first, today)))
            .collect(),
        causes: causes(&f, &figures.causes),
        work: work(&app, &f, since).await?,
        canary: canary::shown(&app, &f).await?,
        troubles: troubles::standing(&app.db).await?.iter().map(|trouble| wrongs(&f, trouble)).collect(),
        saved: saved(&f, &days, app.config.helpdesk.minutes_per_reset),
        f,
    }))
}

/// Formats a day as `2026-11-24`, the same in every language, as in the filters of the reset list.
fn day_name(number: i64) -> String {
    let at = Timestamp::from_millisecond(number * DAY_MS).unwrap_or_default();
    at.strftime("%Y-%m-%d").to_string()
}

fn count(f: &PageContext, number: i64) -> String {
    f.tv("number", "n", &number.to_string())
}

fn outcomes(f: &PageContext, days: &[DailyOutcomes]) -> OutcomeChart {
    let sum = |read: fn(&DailyOutcomes) -> i64| count(f, days.iter().map(read).sum());
    let read: [fn(&DailyOutcomes) -> i64; 5] =
        [DailyOutcomes::all, |d| d.good, |d| d.refused, |d| d.failed, |d| d.open];
    let [all, good, refused, failed, open] = read.map(sum);
    let values = [("all", all.as_str()), ("good", &good), ("refused", &refused), ("failed", &failed), ("open", &open)];
    let row = |day: &DailyOutcomes| DayItem {
        day: day_name(day.number),
        values: read.map(|read| count(f, read(day))).into(),
    };
    let (blocks, top) = chart::stacked(days);
    OutcomeChart {
        summary: f.lang.with("insights-outcomes-summary", &values),
        blocks,
        top: count(f, top),
        rows: days.iter().rev().filter(|day| day.all() > 0).map(row).collect(),
    }
}

fn span(f: &PageContext, millis: i64) -> String {
    duration(&f.lang, SignedDuration::from_millis(millis))
}

fn latency(f: &PageContext, rung: DeskRung, figures: &ResetStatistics, (first, last): (i64, i64)) -> LatencyChart {
    let of = |wanted: Option<i64>| {
        let mine = figures.spans.iter().filter(|(day, r, _)| *r == rung && wanted.is_none_or(|wanted| wanted == *day));
        spans(mine.map(|(.., millis)| *millis).collect())
    };
    let by_day: Vec<(i64, Option<LatencyPercentiles>)> = (first..=last).map(|day| (day, of(Some(day)))).collect();
    let (lines, top) = chart::lines(&by_day.iter().map(|(_, spans)| *spans).collect::<Vec<_>>());
    let row = |(day, spans): &(i64, Option<LatencyPercentiles>)| {
        let spans = spans.as_ref()?;
        let number = i64::try_from(spans.count).unwrap_or(i64::MAX);
        let values = vec![count(f, number), span(f, spans.p50), span(f, spans.p95), span(f, spans.p99)];
        Some(DayItem { day: day_name(*day), values })
    };
    let summary = of(None).map(|spans| {
        let (p50, p95, p99) = (span(f, spans.p50), span(f, spans.p95), span(f, spans.p99));
        let n = spans.count.to_string();
        f.lang.with("insights-latency-summary", &[("n", n.as_str()), ("half", &p50), ("most", &p95), ("nearly", &p99)])
    });
    LatencyChart {
        title: f.t(&format!("desk-rung-{}", rung.name())),
        summary,
        lines,
        top: span(f, top),
        rows: by_day.iter().rev().filter_map(row).collect(),
    }
}

fn causes(f: &PageContext, causes: &[(String, i64)]) -> Vec<BarItem> {
    let most = causes.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let bar = |(code, number): &(String, i64)| BarItem {
        name: code.clone(),
        length: chart::length(*number, most),
        values: vec![count(f, *number)],
    };
    causes.iter().map(bar).collect()
}

async fn work(app: &AppState, f: &PageContext, since: Timestamp) -> Result<Vec<BarItem>, WebError> {
    let agents = work_of_staff(&app.db, since).await?;
    let most = agents.iter().map(|(_, acts, _)| *acts).max().unwrap_or(0);
    let mut bars = Vec::new();
    for (agent, acts, people) in agents {
        bars.push(BarItem {
            name: staff_name(&app.db, agent).await?,
            length: chart::length(acts, most),
            values: vec![count(f, acts), count(f, people)],
        });
    }
    Ok(bars)
}

/// Describes the time that resets by phone would have taken. `None` if `helpdesk.minutes_per_reset` is 0.
fn saved(f: &PageContext, days: &[DailyOutcomes], minutes: i64) -> Option<String> {
    let good: i64 = days.iter().map(|day| day.good).sum();
    let hours = count(f, good.saturating_mul(minutes) / 60);
    let (good, each) = (count(f, good), count(f, minutes));
    let values = [("resets", good.as_str()), ("minutes", &each), ("hours", &hours)];
    (minutes > 0).then(|| f.lang.with("insights-saved", &values))
}
