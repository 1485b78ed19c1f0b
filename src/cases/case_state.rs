//! States of a case and the transitions between them.
//!
//! Pure functions. A case starts open. Retention also closes an open case (`store/retention.rs`), in one statement for
//! all old cases.
//!
//! - A locked case never changes its state. A closed one changes only by the No of its person.

/// Number of incorrect replies after which a case is locked.
const MAX_FAILED_REPLIES: i64 = 3;

/// State of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseState {
    Open,
    /// The person said No, or too many replies failed. No further action is possible.
    Locked,
    Closed,
}

/// Event that can change the state of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseEvent {
    /// A verification request was confirmed.
    ReplyConfirmed,
    /// A reply was incorrect. `failures` counts this reply too.
    ReplyWrong {
        failures: i64,
    },
    /// The person of the case said No to a request of it.
    PersonDenied,
    ClosedByStaff,
}

impl CaseState {
    pub(crate) const ALL: [Self; 3] = [Self::Open, Self::Locked, Self::Closed];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Locked => "locked",
            Self::Closed => "closed",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Returns the state after an event, or `None` if the event changes nothing.
    pub(crate) fn after_event(self, event: CaseEvent) -> Option<Self> {
        match (self, event) {
            (Self::Open | Self::Closed, CaseEvent::PersonDenied) => Some(Self::Locked),
            (Self::Open, CaseEvent::ReplyWrong { failures }) if failures >= MAX_FAILED_REPLIES => Some(Self::Locked),
            (Self::Open, CaseEvent::ClosedByStaff) => Some(Self::Closed),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_event() -> impl Strategy<Value = CaseEvent> {
        prop_oneof![
            Just(CaseEvent::ReplyConfirmed),
            (0..6i64).prop_map(|failures| CaseEvent::ReplyWrong { failures }),
            Just(CaseEvent::PersonDenied),
            Just(CaseEvent::ClosedByStaff),
        ]
    }

    proptest! {
        #[test]
        fn locked_case_never_changes_and_closed_only_by_a_denial(events in proptest::collection::vec(any_event(), 1..30)) {
            let mut state = CaseState::Open;
            for event in events {
                if let Some(next) = state.after_event(event) {
                    let is_denial = state == CaseState::Closed && event == CaseEvent::PersonDenied;
                    prop_assert!(state == CaseState::Open || is_denial, "moved to {:?} by {:?}", next, event);
                    prop_assert_ne!(next, CaseState::Open);
                    state = next;
                }
            }
        }
    }

    #[test]
    fn denied_or_third_wrong_reply_locks_case() {
        assert_eq!(CaseState::Open.after_event(CaseEvent::ReplyConfirmed), None);
        assert_eq!(CaseState::Open.after_event(CaseEvent::PersonDenied), Some(CaseState::Locked));
        assert_eq!(CaseState::Closed.after_event(CaseEvent::PersonDenied), Some(CaseState::Locked));
        assert_eq!(CaseState::Open.after_event(CaseEvent::ReplyWrong { failures: 2 }), None);
        assert_eq!(CaseState::Open.after_event(CaseEvent::ReplyWrong { failures: 3 }), Some(CaseState::Locked));
        assert_eq!(CaseState::Open.after_event(CaseEvent::ClosedByStaff), Some(CaseState::Closed));
    }

    #[test]
    fn case_state_names_parse_back() {
        for state in CaseState::ALL {
            assert_eq!(CaseState::from_name(state.as_str()), Some(state));
        }
        assert_eq!(CaseState::from_name("done"), None);
    }
}
