//! The states of a reset and how they follow one another. Pure: drawn in the module's door, held by property tests.

use jiff::{SignedDuration, Timestamp};

use super::causes::Cause;

/// How far a reset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Sending,
    Writing,
    Written,
    Refused,
    Failed,
    Split,
    CloudOnly,
    Unknown,
    Finished,
}

/// What somebody found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// 202.
    Accepted,
    /// Nothing was taken.
    NotTaken(Cause),
    /// It was sent, and nobody knows.
    NoAnswer,
    /// The process died before the answer was written down.
    Crashed,
    /// The operation's own last word.
    Succeeded,
    Ended(Ending),
    /// 404 for too long.
    Lost,
    /// The time limit.
    TimedOut,
    /// Evidence, not opinion.
    Evidence(Evidence),
}

/// A failed operation, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Refused(Cause),
    Failed(Cause),
    Split,
}

/// What evidence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// An agent carried it.
    Carried,
    /// A domain controller has it.
    Landed,
    /// Entra's audit log says that it failed.
    AuditFailed(Cause),
    /// Entra took it, and no agent was involved.
    NoAgent,
    /// The person used it.
    Used,
}

/// How long a settled state may still be moved by evidence.
pub(crate) const SETTLED: SignedDuration = SignedDuration::from_hours(24);

impl State {
    pub(crate) const ALL: [Self; 9] = [
        Self::Sending,
        Self::Writing,
        Self::Written,
        Self::Refused,
        Self::Failed,
        Self::Split,
        Self::CloudOnly,
        Self::Unknown,
        Self::Finished,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Writing => "writing",
            Self::Written => "written",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Split => "split",
            Self::CloudOnly => "cloud_only",
            Self::Unknown => "unknown",
            Self::Finished => "finished",
        }
    }

    pub(crate) fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Somebody is still at it: one per person.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Sending | Self::Writing)
    }

    /// Nothing can change it any more.
    pub(crate) fn is_final(self, cause: Option<Cause>, settled_at: Option<Timestamp>, now: Timestamp) -> bool {
        match self {
            Self::Sending | Self::Writing => false,
            Self::Refused | Self::CloudOnly => true,
            Self::Failed if cause != Some(Cause::Unrecognised) => true,
            Self::Failed | Self::Written | Self::Split | Self::Unknown | Self::Finished => {
                settled_at.is_some_and(|at| now.duration_since(at) >= SETTLED)
            }
        }
    }

    /// The state after a report, with its cause. `None`: the report changes nothing.
    pub(crate) fn after(self, cause: Option<Cause>, report: Report) -> Option<(Self, Option<Cause>)> {
        match (self, report) {
            (Self::Sending, Report::Accepted) => Some((Self::Writing, None)),
            (Self::Sending, Report::NotTaken(cause)) | (Self::Writing, Report::Ended(Ending::Refused(cause))) => {
                Some((Self::Refused, Some(cause)))
            }
            (Self::Sending, Report::NoAnswer) => Some((Self::Unknown, Some(Cause::NoAnswer))),
            (Self::Sending, Report::Crashed) => Some((Self::Unknown, Some(Cause::Crashed))),
            (Self::Writing, Report::Succeeded) => Some((Self::Written, None)),
            (Self::Writing, Report::Ended(Ending::Failed(cause))) => Some((Self::Failed, Some(cause))),
            (Self::Writing, Report::Ended(Ending::Split)) => Some((Self::Split, Some(Cause::Split))),
            (Self::Writing, Report::Lost) => Some((Self::Unknown, Some(Cause::Lost))),
            (Self::Writing, Report::TimedOut) => Some((Self::Unknown, Some(Cause::TimeLimit))),
            (_, Report::Evidence(evidence)) => self.after_evidence(cause, evidence),
            _ => None,
        }
    }

    fn after_evidence(self, cause: Option<Cause>, evidence: Evidence) -> Option<(Self, Option<Cause>)> {
        let unsettled =
            matches!(self, Self::Unknown | Self::Split) || (self == Self::Failed && cause == Some(Cause::Unrecognised));
        match evidence {
            Evidence::NoAgent if unsettled || matches!(self, Self::Written | Self::Finished) => {
                Some((Self::CloudOnly, Some(Cause::CloudOnly)))
            }
            Evidence::Carried if unsettled => Some((Self::Written, None)),
            // A split reset is in the directory anyway; what is missing there is the cloud.
            Evidence::Landed if unsettled && self != Self::Split => Some((Self::Written, None)),
            Evidence::Used if unsettled || self == Self::Written => Some((Self::Finished, None)),
            Evidence::AuditFailed(why) if self == Self::Unknown => Some((Self::Failed, Some(why))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cause() -> impl Strategy<Value = Cause> {
        proptest::sample::select(Cause::ALL.to_vec())
    }

    fn state() -> impl Strategy<Value = State> {
        proptest::sample::select(State::ALL.to_vec())
    }

    fn evidence() -> impl Strategy<Value = Evidence> {
        prop_oneof![
            Just(Evidence::Carried),
            Just(Evidence::Landed),
            cause().prop_map(Evidence::AuditFailed),
            Just(Evidence::NoAgent),
            Just(Evidence::Used)
        ]
    }

    fn opinion() -> impl Strategy<Value = Report> {
        prop_oneof![
            Just(Report::Accepted),
            cause().prop_map(Report::NotTaken),
            Just(Report::NoAnswer),
            Just(Report::Crashed),
            Just(Report::Succeeded),
            cause().prop_map(|c| Report::Ended(Ending::Refused(c))),
            cause().prop_map(|c| Report::Ended(Ending::Failed(c))),
            Just(Report::Ended(Ending::Split)),
            Just(Report::Lost),
            Just(Report::TimedOut),
        ]
    }

    fn report() -> impl Strategy<Value = Report> {
        prop_oneof![opinion(), evidence().prop_map(Report::Evidence)]
    }

    proptest! {
        #[test]
        fn a_final_state_never_changes(reports in proptest::collection::vec(report(), 1..30)) {
            let now = Timestamp::UNIX_EPOCH;
            let (mut state, mut cause) = (State::Sending, None);
            for report in reports {
                let was_final = state.is_final(cause, Some(now), now);
                if let Some((next, why)) = state.after(cause, report) {
                    prop_assert!(!was_final, "{state:?} {cause:?} moved to {next:?} by {report:?}");
                    (state, cause) = (next, why);
                }
            }
        }

        #[test]
        fn a_settled_state_moves_only_by_evidence(state in state(), cause in proptest::option::of(cause()), opinion in opinion()) {
            if !state.is_open() {
                prop_assert_eq!(state.after(cause, opinion), None);
            }
        }

        #[test]
        fn evidence_alone_ends_nothing_that_is_still_under_way(evidence in evidence()) {
            prop_assert_eq!(State::Sending.after(None, Report::Evidence(evidence)), None);
            prop_assert_eq!(State::Writing.after(None, Report::Evidence(evidence)), None);
        }
    }

    #[test]
    fn names_read_back() {
        for state in State::ALL {
            assert_eq!(State::read(state.name()), Some(state));
        }
        assert_eq!(State::read("done"), None);
    }

    #[test]
    fn a_written_reset_is_final_after_a_day() {
        let (start, day) = (Timestamp::UNIX_EPOCH, SignedDuration::from_hours(24));
        assert!(!State::Written.is_final(None, Some(start), start));
        assert!(State::Written.is_final(None, Some(start), start + day));
        assert!(State::Failed.is_final(Some(Cause::AgentOffline), Some(start), start));
        assert!(!State::Failed.is_final(Some(Cause::Unrecognised), Some(start), start));
    }
}
