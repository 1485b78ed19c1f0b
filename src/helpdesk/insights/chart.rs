//! Where things stand in a chart. Pure: counts in, positions out; templates draw them, without script and without a style
//! of their own, because the policy of the pages forbids both.

use super::figures::{Day, Spans};

/// The picture's own units; the page makes it as wide as there is room.
pub(super) const WIDTH: i64 = 360;
/// Above the bars is room for the number of the top line, below for days.
const TOP: i64 = 14;
const BOTTOM: i64 = 130;
const LEFT: i64 = 4;

/// A part of a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// What it is: a class.
    pub(super) kind: &'static str,
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) width: i64,
    pub(super) height: i64,
}

/// Days side by side, each day's parts on one another.
pub(super) fn stacked(days: &[Day]) -> (Vec<Block>, i64) {
    let top = days.iter().map(Day::all).max().unwrap_or(0).max(1);
    let mut blocks = Vec::new();
    for (n, day) in (0_i64..).zip(days) {
        let mut y = BOTTOM;
        let parts = [("good", day.good), ("refused", day.refused), ("failed", day.failed), ("open", day.open)];
        let mut below = 0;
        for (kind, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
            below += count;
            // What is there is seen, however little it is.
            let upper = (BOTTOM - below * (BOTTOM - TOP) / top).min(y - 1);
            let (x, next) = (across(n, days.len()), across(n + 1, days.len()));
            blocks.push(Block { kind, x, y: upper, width: (next - x - 2).max(1), height: y - upper });
            y = upper;
        }
    }
    (blocks, top)
}

/// Where the `n`th of so many days begins.
fn across(n: i64, count: usize) -> i64 {
    LEFT + n * (WIDTH - 2 * LEFT) / i64::try_from(count.max(1)).unwrap_or(WIDTH)
}

/// A line through days, with a gap where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) kind: &'static str,
    /// `points` of each stretch.
    pub(super) stretches: Vec<String>,
    pub(super) dots: Vec<(i64, i64)>,
}

/// Its name, and which value it shows.
type Curve = (&'static str, fn(&Spans) -> i64);

pub(super) fn lines(days: &[Option<Spans>]) -> (Vec<Line>, i64) {
    let top = days.iter().flatten().map(|spans| spans.p99).max().unwrap_or(0).max(1);
    let read: [Curve; 3] = [("p50", |s| s.p50), ("p95", |s| s.p95), ("p99", |s| s.p99)];
    let line = |(kind, value): Curve| {
        let (mut stretches, mut open, mut dots) = (Vec::new(), Vec::new(), Vec::new());
        for (n, day) in (0_i64..).zip(days) {
            match day {
                Some(spans) => {
                    let middle = i64::midpoint(across(n, days.len()), across(n + 1, days.len()));
                    let dot = (middle, BOTTOM - value(spans).max(0) * (BOTTOM - TOP) / top);
                    open.push(format!("{},{}", dot.0, dot.1));
                    dots.push(dot);
                }
                None => stretches.push(std::mem::take(&mut open)),
            }
        }
        stretches.push(open);
        let stretches = stretches.into_iter().filter(|s| s.len() > 1).map(|s| s.join(" ")).collect();
        Line { kind, stretches, dots }
    };
    (read.into_iter().map(line).collect(), top)
}

/// How long a lying bar is, of [`WIDTH`].
pub(super) fn length(count: i64, most: i64) -> i64 {
    (count * WIDTH / most.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day() -> impl Strategy<Value = Day> {
        (0_i64..10_000, 0_i64..50, 0_i64..50, 0_i64..50).prop_map(|(good, refused, failed, open)| Day {
            number: 0,
            good,
            refused,
            failed,
            open,
        })
    }

    proptest! {
        #[test]
        fn every_part_is_in_the_picture_and_none_on_another(days in proptest::collection::vec(day(), 1..40)) {
            let (blocks, top) = stacked(&days);
            prop_assert!(top >= 1);
            let parts = |day: &Day| [day.good, day.refused, day.failed, day.open].iter().filter(|c| **c > 0).count();
            prop_assert_eq!(blocks.len(), days.iter().map(parts).sum::<usize>());
            for block in &blocks {
                prop_assert!(block.x >= 0 && block.x + block.width <= WIDTH && block.height >= 1, "{:?}", block);
                prop_assert!(block.y >= TOP - 4 && block.y + block.height <= BOTTOM, "{:?}", block);
            }
            for pair in blocks.windows(2) {
                prop_assert!(pair[0].x != pair[1].x || pair[0].y == pair[1].y + pair[1].height, "{:?}", pair);
            }
        }
    }

    #[test]
    fn a_day_without_a_value_is_a_gap() {
        let spans = |p50| Some(Spans { count: 1, p50, p95: 2 * p50, p99: 4 * p50 });
        let (lines, top) = lines(&[spans(10), spans(20), None, spans(5)]);
        assert_eq!(top, 80);
        assert_eq!(lines[2].stretches, ["48,72 136,14"]);
        assert_eq!(lines[2].dots.len(), 3, "also of a day between two without");
    }

    #[test]
    fn the_longest_bar_is_as_wide_as_the_picture_and_the_shortest_is_seen() {
        assert_eq!((length(5, 5), length(1, 1_000_000), length(0, 0)), (WIDTH, 1, 1));
    }
}
