//! Finds the audit record of one reset among the records of a period. Pure functions.

use jiff::{SignedDuration, Timestamp};

use crate::base::{ObjectId, TimestampExt as _};
use crate::entra::{AuditResult, DirectoryAuditRecord, OnPremisesAgent};
use crate::reset::record::PasswordReset;
use crate::reset::state::CLOCK_TOLERANCE;

/// Match of one reset against the audit log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AuditLogMatch {
    NoRecord,
    /// Several records match: no conclusion is drawn.
    Ambiguous,
    Record(MatchedRecord),
}

/// Only record that matches a reset.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MatchedRecord {
    pub(super) at: Timestamp,
    pub(super) agent: OnPremisesAgent,
    pub(super) outcome: RecordedOutcome,
}

/// Outcome that Entra recorded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RecordedOutcome {
    Success,
    Failure {
        /// Reason in Microsoft's words.
        reason: String,
    },
}

/// Current time, and how far Microsoft's clock is ahead of the portal's.
#[derive(Clone, Copy)]
pub(super) struct ClockReading {
    pub(super) now: Timestamp,
    pub(super) skew: SignedDuration,
}

/// Returns the period in which a record of this reset may be dated, by a clock that is `skew` ahead of the portal's.
pub(super) fn record_window(reset: &PasswordReset, clock: ClockReading) -> (Timestamp, Timestamp) {
    let theirs = |at: Timestamp| at.later(clock.skew);
    let from = theirs(reset.dispatched_at.unwrap_or(reset.created_at)).earlier(CLOCK_TOLERANCE);
    (from, theirs(reset.settled_at.unwrap_or(clock.now)).later(CLOCK_TOLERANCE))
}

/// Finds the only record with this target, initiated by the reset operator, in the period of this reset.
pub(super) fn match_records(
    records: &[DirectoryAuditRecord],
    reset: &PasswordReset,
    operator: Option<ObjectId>,
    clock: ClockReading,
) -> AuditLogMatch {
    // By Microsoft's clock as measured now, and by the portal's, which may have been set since.
    let without_skew = ClockReading { skew: SignedDuration::ZERO, ..clock };
    let spans = [record_window(reset, clock), record_window(reset, without_skew)];
    let is_in_time = |at: Timestamp| spans.iter().any(|(from, to)| at >= *from && at <= *to);
    let is_match = |record: &&DirectoryAuditRecord| {
        record.has_target(reset.person.object)
            && operator.is_some_and(|operator| record.is_initiated_by(operator))
            && is_in_time(record.activity_date_time)
    };
    let mut found = records.iter().filter(is_match);
    match (found.next(), found.next()) {
        (None, _) => AuditLogMatch::NoRecord,
        (Some(_), Some(_)) => AuditLogMatch::Ambiguous,
        (Some(record), None) => {
            let outcome = match record.result {
                AuditResult::Success => RecordedOutcome::Success,
                _ => RecordedOutcome::Failure { reason: record.result_reason.clone().unwrap_or_default() },
            };
            AuditLogMatch::Record(MatchedRecord {
                at: record.activity_date_time,
                agent: record.on_premises_agent(),
                outcome,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::reset::record::sample_reset;

    const PERSON_ID: &str = "00000000-0000-4000-8000-000000000001";
    const OPERATOR_ID: &str = "00000000-0000-4000-8000-000000000002";

    fn audit_record(target: &str, by: &str, at: &str) -> DirectoryAuditRecord {
        serde_json::from_value(json!({
            "id": "1", "activityDateTime": at, "result": "success",
            "initiatedBy": { "user": { "id": by } }, "targetResources": [{ "id": target }],
            "additionalDetails": [{ "key": "OnPremisesAgent", "value": "CloudSync" }],
        }))
        .unwrap()
    }

    const NO_SKEW: SignedDuration = SignedDuration::ZERO;

    #[test]
    fn only_single_record_by_our_operator_within_window_matches() {
        let look = |rows: &[DirectoryAuditRecord]| {
            match_records(
                rows,
                &sample_reset(),
                OPERATOR_ID.parse().ok(),
                ClockReading { now: "2026-11-23T10:05:00Z".parse().unwrap(), skew: NO_SKEW },
            )
        };
        let good = audit_record(PERSON_ID, OPERATOR_ID, "2026-11-23T10:00:04Z");
        assert!(
            matches!(look(std::slice::from_ref(&good)), AuditLogMatch::Record(found) if found.outcome == RecordedOutcome::Success && found.agent.as_str() == "CloudSync")
        );
        assert_eq!(look(&[]), AuditLogMatch::NoRecord);
        assert_eq!(look(&[good.clone(), good.clone()]), AuditLogMatch::Ambiguous);
        assert_eq!(
            look(&[audit_record(OPERATOR_ID, OPERATOR_ID, "2026-11-23T10:00:04Z")]),
            AuditLogMatch::NoRecord,
            "another person"
        );
        assert_eq!(
            look(&[audit_record(PERSON_ID, PERSON_ID, "2026-11-23T10:00:04Z")]),
            AuditLogMatch::NoRecord,
            "another administrator"
        );
        assert_eq!(
            look(&[audit_record(PERSON_ID, OPERATOR_ID, "2026-11-23T09:50:00Z")]),
            AuditLogMatch::NoRecord,
            "another time"
        );
        assert!(
            matches!(look(&[audit_record(PERSON_ID, OPERATOR_ID, "2026-11-23T09:58:30Z")]), AuditLogMatch::Record(_)),
            "within the skew"
        );
    }

    #[test]
    fn record_window_follows_measured_clock_skew() {
        let now = "2026-11-23T10:05:00Z".parse().unwrap();
        let row = audit_record(PERSON_ID, OPERATOR_ID, "2026-11-23T11:00:04Z");
        let by = |skew| {
            let clock = ClockReading { now, skew };
            match_records(std::slice::from_ref(&row), &sample_reset(), OPERATOR_ID.parse().ok(), clock)
        };
        assert_eq!(by(NO_SKEW), AuditLogMatch::NoRecord);
        assert!(matches!(by(SignedDuration::from_hours(1)), AuditLogMatch::Record(_)));
    }
}
