//! States of a reset and the transitions between them.
//!
//! Pure functions: the diagram is in the documentation of `reset`, and property tests check it.

use jiff::{SignedDuration, Timestamp};

use super::causes::Cause;

/// State of a reset.
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

/// Event that can change the state of a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// Graph answered 202.
    Accepted,
    /// Graph did not accept the request, or it was not sent.
    NotTaken(Cause),
    /// The request was sent and the outcome is not known.
    NoAnswer,
    /// The process that sent the request stopped before it stored the response.
    Crashed,
    /// The long-running operation reported success.
    Succeeded,
    /// The long-running operation reported a failure.
    Ended(Ending),
    /// The operation answered 404 for too long.
    Lost,
    /// The time limit for the operation has passed.
    TimedOut,
    /// Evidence from a source other than the operation.
    Evidence(Evidence),
}

/// Classified failure of a long-running operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Refused(Cause),
    Failed(Cause),
    Split,
}

/// Result of an evidence check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// A writeback agent carried the password to the directory.
    Carried,
    /// A domain controller has the new password.
    Landed,
    /// Entra's audit log reports a failure.
    AuditFailed(Cause),
    /// Entra set the password, and no writeback agent was involved.
    NoAgent,
    /// The person signed in with the new password.
    Used,
}

/// Period after which evidence no longer changes a settled state.
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

    /// Returns whether the reset is unfinished. A person has at most one such reset.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Sending | Self::Writing)
    }

    /// Returns whether no event can change the state any more.
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

    /// Returns the state and cause after an event, or `None` if the event changes nothing.
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
            // A split reset is in the directory already; only the cloud lacks the new password.
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
        fn final_state_never_changes(reports in proptest::collection::vec(report(), 1..30)) {
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
        fn settled_state_changes_only_by_evidence(state in state(), cause in proptest::option::of(cause()), opinion in opinion()) {
            if !state.is_open() {
                prop_assert_eq!(state.after(cause, opinion), None);
            }
        }

        #[test]
        fn evidence_does_not_end_open_reset(evidence in evidence()) {
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
