//! Outcomes of case operations, which the case page reports.

/// Outcome of a case operation that was not refused. The catalogue holds its text as `case-said-<name>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseActionOutcome {
    TakenOver,
    Saved,
    NoteAdded,
    /// The note was empty, so nothing was stored.
    NoteEmpty,
    Closed,
    VerificationRequested,
    Attested,
    ApprovalRequested,
    Approved,
    ResetAllowed,
    HoldLifted,
    SessionsRevoked,
    AccountUnlocked,
    /// The manager can take the Temporary Access Pass.
    PassWaiting,
    /// Microsoft or the domain controller did not execute the action.
    ExecutionFailed,
    HoldPlaced,
}

impl CaseActionOutcome {
    pub(crate) const ALL: [Self; 16] = [
        Self::TakenOver,
        Self::Saved,
        Self::NoteAdded,
        Self::NoteEmpty,
        Self::Closed,
        Self::VerificationRequested,
        Self::Attested,
        Self::ApprovalRequested,
        Self::Approved,
        Self::ResetAllowed,
        Self::HoldLifted,
        Self::SessionsRevoked,
        Self::AccountUnlocked,
        Self::PassWaiting,
        Self::ExecutionFailed,
        Self::HoldPlaced,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::TakenOver => "taken",
            Self::Saved => "saved",
            Self::NoteAdded => "noted",
            Self::NoteEmpty => "empty",
            Self::Closed => "closed",
            Self::VerificationRequested => "asked",
            Self::Attested => "attested",
            Self::ApprovalRequested => "approval-asked",
            Self::Approved => "approved",
            Self::ResetAllowed => "granted",
            Self::HoldLifted => "thawed",
            Self::SessionsRevoked => "revoked",
            Self::AccountUnlocked => "unlocked",
            Self::PassWaiting => "pass-waits",
            Self::ExecutionFailed => "failed",
            Self::HoldPlaced => "frozen",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// Outcome of a submitted reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyOutcome {
    Confirmed,
    Wrong,
    Refused,
    /// The request was already answered or has expired.
    Closed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcome_names_parse_back_and_have_a_text() {
        let catalogue = std::fs::read_to_string("locales/en/main.ftl").unwrap();
        for outcome in CaseActionOutcome::ALL {
            assert_eq!(CaseActionOutcome::from_name(outcome.as_str()), Some(outcome));
            assert!(catalogue.contains(&format!("\ncase-said-{} = ", outcome.as_str())), "{outcome:?}");
        }
        assert_eq!(CaseActionOutcome::from_name("c-nobody"), None);
    }
}
