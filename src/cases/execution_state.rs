//! Statuses of an execution and the transitions between them.
//!
//! Pure functions. An execution starts as *started*, or as *waiting* if the manager has to take the pass. It can wait
//! once more, until its agent has signed in again.
//!
//! - A final status never changes.
//! - [`ExecutionEvent::transition`] is the only definition of the allowed transitions. Each event starts from one
//!   status, so the store can compare it in the statement that changes the row.

/// Status of an execution. Stored by the names in [`ExecutionStatus::as_str`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExecutionStatus {
    /// The outcome is not known yet.
    Started,
    /// Waits until the manager takes the pass, or until the agent has signed in again.
    Waiting,
    Done,
    Failed,
}

/// Event that changes the status of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExecutionEvent {
    Succeeded,
    /// Microsoft or the domain controller did not execute the action.
    Rejected,
    /// Microsoft answered with a claims challenge. Nothing was done.
    StepUpRequired,
    /// The manager takes the pass, or the agent has signed in again.
    Resumed,
    /// Microsoft required a second step-up sign-in.
    StepUpRepeated,
}

/// Allowed change of a status. Only [`ExecutionEvent::transition`] creates one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExecutionTransition {
    from: ExecutionStatus,
    to: ExecutionStatus,
}

impl ExecutionTransition {
    pub(crate) fn source_status(self) -> ExecutionStatus {
        self.from
    }

    pub(crate) fn target_status(self) -> ExecutionStatus {
        self.to
    }
}

impl ExecutionEvent {
    /// Returns the transition that the event causes.
    pub(crate) fn transition(self) -> ExecutionTransition {
        use ExecutionStatus::{Done, Failed, Started, Waiting};
        let (from, to) = match self {
            Self::Succeeded => (Started, Done),
            Self::Rejected => (Started, Failed),
            Self::StepUpRequired => (Started, Waiting),
            Self::Resumed => (Waiting, Started),
            Self::StepUpRepeated => (Waiting, Failed),
        };
        ExecutionTransition { from, to }
    }
}

impl ExecutionStatus {
    pub(crate) const ALL: [Self; 4] = [Self::Started, Self::Waiting, Self::Done, Self::Failed];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Started => "begun",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL_EVENTS: [ExecutionEvent; 5] = [
        ExecutionEvent::Succeeded,
        ExecutionEvent::Rejected,
        ExecutionEvent::StepUpRequired,
        ExecutionEvent::Resumed,
        ExecutionEvent::StepUpRepeated,
    ];

    /// Returns the status after an event, as the store's statement does.
    fn status_after(status: ExecutionStatus, event: ExecutionEvent) -> ExecutionStatus {
        let transition = event.transition();
        if transition.source_status() == status { transition.target_status() } else { status }
    }

    fn is_final(status: ExecutionStatus) -> bool {
        matches!(status, ExecutionStatus::Done | ExecutionStatus::Failed)
    }

    proptest! {
        #[test]
        fn final_status_never_changes(
            waits: bool, events in proptest::collection::vec(proptest::sample::select(ALL_EVENTS.to_vec()), 1..30),
        ) {
            let mut status = if waits { ExecutionStatus::Waiting } else { ExecutionStatus::Started };
            for event in events {
                let next = status_after(status, event);
                prop_assert!(next == status || !is_final(status), "{status:?} moved to {next:?} by {event:?}");
                status = next;
            }
        }

        #[test]
        fn action_succeeds_only_while_started(
            events in proptest::collection::vec(proptest::sample::select(ALL_EVENTS.to_vec()), 0..30),
        ) {
            let before = events.iter().fold(ExecutionStatus::Waiting, |status, event| status_after(status, *event));
            let done = status_after(before, ExecutionEvent::Succeeded) == ExecutionStatus::Done;
            prop_assert_eq!(done, matches!(before, ExecutionStatus::Started | ExecutionStatus::Done));
        }
    }

    #[test]
    fn only_allowed_transitions_exist() {
        use ExecutionStatus::{Done, Failed, Started, Waiting};
        let pairs = ALL_EVENTS.map(|event| (event.transition().source_status(), event.transition().target_status()));
        assert_eq!(
            pairs,
            [(Started, Done), (Started, Failed), (Started, Waiting), (Waiting, Started), (Waiting, Failed)]
        );
    }

    #[test]
    fn execution_status_names_parse_back() {
        for status in ExecutionStatus::ALL {
            assert_eq!(ExecutionStatus::from_name(status.as_str()), Some(status));
        }
        assert_eq!(ExecutionStatus::from_name("started"), None);
    }
}
