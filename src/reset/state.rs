//! States of a reset and the transitions between them.
//!
//! Pure functions: the diagram is in the documentation of `reset`, and property tests check it.

use jiff::{SignedDuration, Timestamp};

use super::cause::ResetCause;

/// State of a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ResetState {
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
pub(crate) enum ResetEvent {
    /// Graph answered 202.
    Accepted,
    /// Graph did not accept the request, or it was not sent.
    Refused(ResetCause),
    /// The request was sent and the outcome is not known.
    NoAnswer,
    /// The process that sent the request stopped before it stored the response.
    ProcessLost,
    /// The long-running operation reported success.
    Succeeded,
    /// The long-running operation reported a failure.
    OperationFailed(OperationFailure),
    /// The operation answered 404 for too long.
    OperationLost,
    /// The time limit for the operation has passed.
    TimedOut,
    /// Evidence from a source other than the operation.
    Evidence(EvidenceFinding),
}

/// Classified failure of a long-running operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperationFailure {
    Refused(ResetCause),
    Failed(ResetCause),
    Split,
}

/// Result of an evidence check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EvidenceFinding {
    /// A writeback agent carried the password to the directory.
    Carried,
    /// A domain controller has the new password.
    Landed,
    /// Entra's audit log reports a failure.
    AuditLogFailure(ResetCause),
    /// Entra set the password, and no writeback agent was involved.
    NoAgent,
    /// The person signed in with the new password.
    PasswordUsed,
}

/// Whether a source of evidence still has something to say about a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourceStatus {
    /// The source has given its evidence or never will: no further check is needed.
    Complete,
    Pending,
}

/// Period after which evidence no longer changes a settled state.
pub(super) const EVIDENCE_PERIOD: SignedDuration = SignedDuration::from_hours(24);
/// Tolerance for differences between the clocks of Microsoft, the directory and the portal, beyond the measured skew.
pub(super) const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(120);

impl ResetState {
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

    pub(crate) fn as_str(self) -> &'static str {
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

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Returns whether the reset is unfinished. A person has at most one such reset.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Sending | Self::Writing)
    }

    /// Returns whether no event can change the state any more.
    pub(crate) fn is_final(self, cause: Option<ResetCause>, settled_at: Option<Timestamp>, now: Timestamp) -> bool {
        match self {
            Self::Sending | Self::Writing => false,
            Self::Refused | Self::CloudOnly => true,
            Self::Failed if cause != Some(ResetCause::Unrecognised) => true,
            Self::Failed | Self::Written | Self::Split | Self::Unknown | Self::Finished => {
                settled_at.is_some_and(|at| now.duration_since(at) >= EVIDENCE_PERIOD)
            }
        }
    }

    /// Returns the state and cause after an event, or `None` if the event changes nothing.
    pub(crate) fn after_event(
        self,
        cause: Option<ResetCause>,
        event: ResetEvent,
    ) -> Option<(Self, Option<ResetCause>)> {
        match (self, event) {
            (Self::Sending, ResetEvent::Accepted) => Some((Self::Writing, None)),
            (Self::Sending, ResetEvent::Refused(cause))
            | (Self::Writing, ResetEvent::OperationFailed(OperationFailure::Refused(cause))) => {
                Some((Self::Refused, Some(cause)))
            }
            (Self::Sending, ResetEvent::NoAnswer) => Some((Self::Unknown, Some(ResetCause::NoAnswer))),
            (Self::Sending, ResetEvent::ProcessLost) => Some((Self::Unknown, Some(ResetCause::ProcessLost))),
            (Self::Writing, ResetEvent::Succeeded) => Some((Self::Written, None)),
            (Self::Writing, ResetEvent::OperationFailed(OperationFailure::Failed(cause))) => {
                Some((Self::Failed, Some(cause)))
            }
            (Self::Writing, ResetEvent::OperationFailed(OperationFailure::Split)) => {
                Some((Self::Split, Some(ResetCause::Split)))
            }
            (Self::Writing, ResetEvent::OperationLost) => Some((Self::Unknown, Some(ResetCause::OperationLost))),
            (Self::Writing, ResetEvent::TimedOut) => Some((Self::Unknown, Some(ResetCause::TimeLimit))),
            (_, ResetEvent::Evidence(evidence)) => self.after_evidence(cause, evidence),
            _ => None,
        }
    }

    fn after_evidence(
        self,
        cause: Option<ResetCause>,
        evidence: EvidenceFinding,
    ) -> Option<(Self, Option<ResetCause>)> {
        let unsettled = matches!(self, Self::Unknown | Self::Split)
            || (self == Self::Failed && cause == Some(ResetCause::Unrecognised));
        match evidence {
            EvidenceFinding::NoAgent if unsettled || matches!(self, Self::Written | Self::Finished) => {
                Some((Self::CloudOnly, Some(ResetCause::CloudOnly)))
            }
            EvidenceFinding::Carried if unsettled => Some((Self::Written, None)),
            // A split reset is in the directory already; only the cloud lacks the new password.
            EvidenceFinding::Landed if unsettled && self != Self::Split => Some((Self::Written, None)),
            EvidenceFinding::PasswordUsed if unsettled || self == Self::Written => Some((Self::Finished, None)),
            EvidenceFinding::AuditLogFailure(why) if self == Self::Unknown => Some((Self::Failed, Some(why))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_cause() -> impl Strategy<Value = ResetCause> {
        proptest::sample::select(ResetCause::ALL.to_vec())
    }

    fn any_state() -> impl Strategy<Value = ResetState> {
        proptest::sample::select(ResetState::ALL.to_vec())
    }

    fn any_finding() -> impl Strategy<Value = EvidenceFinding> {
        prop_oneof![
            Just(EvidenceFinding::Carried),
            Just(EvidenceFinding::Landed),
            any_cause().prop_map(EvidenceFinding::AuditLogFailure),
            Just(EvidenceFinding::NoAgent),
            Just(EvidenceFinding::PasswordUsed)
        ]
    }

    fn any_operation_event() -> impl Strategy<Value = ResetEvent> {
        prop_oneof![
            Just(ResetEvent::Accepted),
            any_cause().prop_map(ResetEvent::Refused),
            Just(ResetEvent::NoAnswer),
            Just(ResetEvent::ProcessLost),
            Just(ResetEvent::Succeeded),
            any_cause().prop_map(|c| ResetEvent::OperationFailed(OperationFailure::Refused(c))),
            any_cause().prop_map(|c| ResetEvent::OperationFailed(OperationFailure::Failed(c))),
            Just(ResetEvent::OperationFailed(OperationFailure::Split)),
            Just(ResetEvent::OperationLost),
            Just(ResetEvent::TimedOut),
        ]
    }

    fn any_event() -> impl Strategy<Value = ResetEvent> {
        prop_oneof![any_operation_event(), any_finding().prop_map(ResetEvent::Evidence)]
    }

    proptest! {
        #[test]
        fn final_state_never_changes(reports in proptest::collection::vec(any_event(), 1..30)) {
            let now = Timestamp::UNIX_EPOCH;
            let (mut state, mut cause) = (ResetState::Sending, None);
            for report in reports {
                let was_final = state.is_final(cause, Some(now), now);
                if let Some((next, why)) = state.after_event(cause, report) {
                    prop_assert!(!was_final, "{state:?} {cause:?} moved to {next:?} by {report:?}");
                    (state, cause) = (next, why);
                }
            }
        }

        #[test]
        fn settled_state_changes_only_by_evidence(state in any_state(), cause in proptest::option::of(any_cause()), opinion in any_operation_event()) {
            if !state.is_open() {
                prop_assert_eq!(state.after_event(cause, opinion), None);
            }
        }

        #[test]
        fn evidence_does_not_end_open_reset(evidence in any_finding()) {
            prop_assert_eq!(ResetState::Sending.after_event(None, ResetEvent::Evidence(evidence)), None);
            prop_assert_eq!(ResetState::Writing.after_event(None, ResetEvent::Evidence(evidence)), None);
        }
    }

    #[test]
    fn names_parse_back() {
        for state in ResetState::ALL {
            assert_eq!(ResetState::from_name(state.as_str()), Some(state));
        }
        assert_eq!(ResetState::from_name("done"), None);
    }

    #[test]
    fn written_reset_is_final_after_24_hours() {
        let (start, day) = (Timestamp::UNIX_EPOCH, SignedDuration::from_hours(24));
        assert!(!ResetState::Written.is_final(None, Some(start), start));
        assert!(ResetState::Written.is_final(None, Some(start), start + day));
        assert!(ResetState::Failed.is_final(Some(ResetCause::AgentOffline), Some(start), start));
        assert!(!ResetState::Failed.is_final(Some(ResetCause::Unrecognised), Some(start), start));
    }
}
