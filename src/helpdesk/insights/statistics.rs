//! Statistics of the last 30 days, computed from counts. Pure functions.

use crate::reset::queries::ResetState;

/// Outcomes of the resets of one day, in the order of the stacked bars from bottom to top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DailyOutcomes {
    /// Days since 1970.
    pub(super) day_number: i64,
    /// Resets that succeeded.
    pub(super) succeeded: i64,
    /// Resets that were refused, so that the person had to choose again.
    pub(super) refused: i64,
    /// Resets that failed, or changed the password only in the cloud.
    pub(super) failed: i64,
    /// Resets that are in progress, split, or have an unknown outcome.
    pub(super) open: i64,
}

impl DailyOutcomes {
    pub(super) fn total(&self) -> i64 {
        self.succeeded + self.refused + self.failed + self.open
    }

    fn add_count(&mut self, state: ResetState, count: i64) {
        match state {
            ResetState::Written | ResetState::Finished => self.succeeded += count,
            ResetState::Refused => self.refused += count,
            ResetState::Failed | ResetState::CloudOnly => self.failed += count,
            ResetState::Sending | ResetState::Writing | ResetState::Split | ResetState::Unknown => self.open += count,
        }
    }
}

/// Returns every day from the first to the last, including days without a reset.
pub(super) fn count_by_day(first: i64, last: i64, counts: &[(i64, ResetState, i64)]) -> Vec<DailyOutcomes> {
    let day = |number: i64| {
        let mut day = DailyOutcomes { day_number: number, ..DailyOutcomes::default() };
        counts.iter().filter(|(of, ..)| *of == number).for_each(|(_, state, count)| day.add_count(*state, *count));
        day
    };
    (first..=last).map(day).collect()
}

/// Returns a percentile by the nearest-rank method, which always gives a measured value.
pub(super) fn percentile(sorted: &[i64], of_hundred: usize) -> Option<i64> {
    let rank = (sorted.len() * of_hundred).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Latency percentiles, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LatencyPercentiles {
    pub(super) count: usize,
    pub(super) p50: i64,
    pub(super) p95: i64,
    pub(super) p99: i64,
}

pub(super) fn latency_percentiles(mut millis: Vec<i64>) -> Option<LatencyPercentiles> {
    millis.sort_unstable();
    let of = |percent| percentile(&millis, percent);
    Some(LatencyPercentiles { count: millis.len(), p50: of(50)?, p95: of(95)?, p99: of(99)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentile_is_a_measured_value() {
        let hundred: Vec<i64> = (1..=100).collect();
        assert_eq!([50, 95, 99, 100].map(|p| percentile(&hundred, p)), [Some(50), Some(95), Some(99), Some(100)]);
        assert_eq!([50, 95, 99].map(|p| percentile(&[7], p)), [Some(7); 3]);
        assert_eq!([50, 95, 99].map(|p| percentile(&[1, 2, 3, 4], p)), [Some(2), Some(4), Some(4)]);
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(latency_percentiles(vec![9, 1, 5]), Some(LatencyPercentiles { count: 3, p50: 5, p95: 9, p99: 9 }));
        assert_eq!(latency_percentiles(vec![]), None);
    }

    proptest! {
        #[test]
        fn percentile_bounds_the_requested_share(mut values in proptest::collection::vec(0_i64..1_000, 1..200), percent in 1_usize..=100) {
            values.sort_unstable();
            let value = percentile(&values, percent).unwrap();
            let below = |limit: i64| values.iter().filter(|v| **v <= limit).count() * 100;
            prop_assert!(below(value) >= percent * values.len());
            prop_assert!(below(value - 1) < percent * values.len());
        }
    }

    #[test]
    fn day_without_resets_is_listed() {
        let days =
            count_by_day(3, 5, &[(3, ResetState::Written, 2), (3, ResetState::Failed, 1), (5, ResetState::Split, 4)]);
        assert_eq!(days.iter().map(DailyOutcomes::total).collect::<Vec<_>>(), [3, 0, 4]);
        assert_eq!((days[0].succeeded, days[0].failed, days[2].open), (2, 1, 4));
    }

    #[test]
    fn every_state_is_counted_once() {
        for state in ResetState::ALL {
            assert_eq!(count_by_day(1, 1, &[(1, state, 1)])[0].total(), 1, "{state:?}");
        }
    }
}
