//! Layout of the charts. Pure functions from counts to positions.
//!
//! Templates render the positions as SVG without inline scripts and styles, which the Content Security Policy forbids.

use super::statistics::{DailyOutcomes, LatencyPercentiles};

/// Width of a chart in SVG user units. The page scales it to the available width.
pub(super) const CHART_WIDTH: i64 = 360;
/// Vertical position of the top line. The space above it holds its number; the space below [`CHART_BOTTOM`] the days.
const CHART_TOP: i64 = 14;
const CHART_BOTTOM: i64 = 130;
const CHART_MARGIN: i64 = 4;

/// A rectangle of a stacked bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChartBlock {
    /// Kind of the outcome, used as a CSS class.
    pub(super) kind: &'static str,
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) width: i64,
    pub(super) height: i64,
}

/// Lays out the days side by side, each as a stacked bar. Returns the blocks and the value of the top line.
pub(super) fn stack_days(days: &[DailyOutcomes]) -> (Vec<ChartBlock>, i64) {
    let top = days.iter().map(DailyOutcomes::total).max().unwrap_or(0).max(1);
    let mut blocks = Vec::new();
    for (n, day) in (0_i64..).zip(days) {
        let mut y = CHART_BOTTOM;
        let parts = [("good", day.succeeded), ("refused", day.refused), ("failed", day.failed), ("open", day.open)];
        let mut below = 0;
        for (kind, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
            below += count;
            // Every count above 0 is at least 1 unit high, so that it is visible.
            let upper = (CHART_BOTTOM - below * (CHART_BOTTOM - CHART_TOP) / top).min(y - 1);
            let (x, next) = (day_left_edge(n, days.len()), day_left_edge(n + 1, days.len()));
            blocks.push(ChartBlock { kind, x, y: upper, width: (next - x - 2).max(1), height: y - upper });
            y = upper;
        }
    }
    (blocks, top)
}

/// Returns the left edge of the `n`th of `count` days.
fn day_left_edge(n: i64, count: usize) -> i64 {
    CHART_MARGIN + n * (CHART_WIDTH - 2 * CHART_MARGIN) / i64::try_from(count.max(1)).unwrap_or(CHART_WIDTH)
}

/// A line through the days, with gaps where a day has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChartLine {
    pub(super) kind: &'static str,
    /// Value of the SVG attribute `points` for each connected segment.
    pub(super) segments: Vec<String>,
    pub(super) dots: Vec<(i64, i64)>,
}

/// A percentile line: its name, and the function that reads its value.
type ChartCurve = (&'static str, fn(&LatencyPercentiles) -> i64);

pub(super) fn percentile_lines(days: &[Option<LatencyPercentiles>]) -> (Vec<ChartLine>, i64) {
    let top = days.iter().flatten().map(|spans| spans.p99).max().unwrap_or(0).max(1);
    let read: [ChartCurve; 3] = [("p50", |s| s.p50), ("p95", |s| s.p95), ("p99", |s| s.p99)];
    let line = |(kind, value): ChartCurve| {
        let (mut stretches, mut open, mut dots) = (Vec::new(), Vec::new(), Vec::new());
        for (n, day) in (0_i64..).zip(days) {
            match day {
                Some(spans) => {
                    let middle = i64::midpoint(day_left_edge(n, days.len()), day_left_edge(n + 1, days.len()));
                    let dot = (middle, CHART_BOTTOM - value(spans).max(0) * (CHART_BOTTOM - CHART_TOP) / top);
                    open.push(format!("{},{}", dot.0, dot.1));
                    dots.push(dot);
                }
                None => stretches.push(std::mem::take(&mut open)),
            }
        }
        stretches.push(open);
        let stretches = stretches.into_iter().filter(|s| s.len() > 1).map(|s| s.join(" ")).collect();
        ChartLine { kind, segments: stretches, dots }
    };
    (read.into_iter().map(line).collect(), top)
}

/// Returns the length of a horizontal bar, at most [`CHART_WIDTH`] and at least 1.
pub(super) fn bar_length(count: i64, most: i64) -> i64 {
    (count * CHART_WIDTH / most.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_day() -> impl Strategy<Value = DailyOutcomes> {
        (0_i64..10_000, 0_i64..50, 0_i64..50, 0_i64..50).prop_map(|(good, refused, failed, open)| DailyOutcomes {
            day_number: 0,
            succeeded: good,
            refused,
            failed,
            open,
        })
    }

    proptest! {
        #[test]
        fn blocks_stay_inside_chart_and_do_not_overlap(days in proptest::collection::vec(any_day(), 1..40)) {
            let (blocks, top) = stack_days(&days);
            prop_assert!(top >= 1);
            let parts = |day: &DailyOutcomes| [day.succeeded, day.refused, day.failed, day.open].iter().filter(|c| **c > 0).count();
            prop_assert_eq!(blocks.len(), days.iter().map(parts).sum::<usize>());
            for block in &blocks {
                prop_assert!(block.x >= 0 && block.x + block.width <= CHART_WIDTH && block.height >= 1, "{:?}", block);
                prop_assert!(block.y >= CHART_TOP - 4 && block.y + block.height <= CHART_BOTTOM, "{:?}", block);
            }
            for pair in blocks.windows(2) {
                prop_assert!(pair[0].x != pair[1].x || pair[0].y == pair[1].y + pair[1].height, "{:?}", pair);
            }
        }
    }

    #[test]
    fn day_without_value_leaves_gap_in_line() {
        let spans = |p50| Some(LatencyPercentiles { count: 1, p50, p95: 2 * p50, p99: 4 * p50 });
        let (lines, top) = percentile_lines(&[spans(10), spans(20), None, spans(5)]);
        assert_eq!(top, 80);
        assert_eq!(lines[2].segments, ["48,72 136,14"]);
        assert_eq!(lines[2].dots.len(), 3, "also for a single day between gaps");
    }

    #[test]
    fn longest_bar_fills_chart_and_shortest_bar_is_visible() {
        assert_eq!((bar_length(5, 5), bar_length(1, 1_000_000), bar_length(0, 0)), (CHART_WIDTH, 1, 1));
    }
}
