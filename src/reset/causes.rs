//! Why a reset ended as it did: stable codes, each with texts for the person, the agent and the AD administrator in
//! the catalogue (`cause-<code>-person`, `-agent`, `-admin`).

use reqwest::StatusCode;

use super::state::Ending;
use crate::entra::GraphRefusal;

/// A cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cause {
    /// The directory's rules: length, complexity, age, history.
    Policy,
    /// Microsoft's or the organisation's list of words.
    Banned,
    /// It ended before it was sent.
    NotSent,
    /// Graph was busy for longer than anybody should wait.
    Throttled,
    /// The operator's sign-in was not taken.
    Operator,
    /// Microsoft protects this account, or the operator's role is gone.
    Denied,
    NotFound,
    /// Graph refused for a reason of its own.
    Rejected,
    AgentOffline,
    /// Rights in AD: protected group, missing permission.
    AdminAction,
    AccountDisabled,
    AccountLocked,
    NotInDirectory,
    Unrecognised,
    Split,
    CloudOnly,
    NoAnswer,
    Crashed,
    Lost,
    TimeLimit,
}

impl Cause {
    pub(crate) const ALL: [Self; 20] = [
        Self::Policy,
        Self::Banned,
        Self::NotSent,
        Self::Throttled,
        Self::Operator,
        Self::Denied,
        Self::NotFound,
        Self::Rejected,
        Self::AgentOffline,
        Self::AdminAction,
        Self::AccountDisabled,
        Self::AccountLocked,
        Self::NotInDirectory,
        Self::Unrecognised,
        Self::Split,
        Self::CloudOnly,
        Self::NoAnswer,
        Self::Crashed,
        Self::Lost,
        Self::TimeLimit,
    ];

    /// `R-` refused, `F-` failed, `U-` unknown, `X-` a state of its own.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Policy => "R-POLICY",
            Self::Banned => "R-BANNED",
            Self::NotSent => "R-NOT-SENT",
            Self::Throttled => "R-THROTTLED",
            Self::Operator => "R-OPERATOR",
            Self::Denied => "R-DENIED",
            Self::NotFound => "R-NOT-FOUND",
            Self::Rejected => "R-REJECTED",
            Self::AgentOffline => "F-AGENT-OFFLINE",
            Self::AdminAction => "F-ADMIN-ACTION",
            Self::AccountDisabled => "F-DISABLED",
            Self::AccountLocked => "F-LOCKED",
            Self::NotInDirectory => "F-NOT-IN-DIRECTORY",
            Self::Unrecognised => "F-UNRECOGNISED",
            Self::Split => "X-SPLIT",
            Self::CloudOnly => "X-CLOUD-ONLY",
            Self::NoAnswer => "U-NO-ANSWER",
            Self::Crashed => "U-CRASHED",
            Self::Lost => "U-LOST",
            Self::TimeLimit => "U-TIME-LIMIT",
        }
    }

    pub(crate) fn read(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }

    /// What an HTTP refusal of the reset means.
    pub(super) fn of_refusal(refusal: &GraphRefusal) -> Self {
        match refusal.status {
            StatusCode::FORBIDDEN => Self::Denied,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::UNAUTHORIZED => Self::Operator,
            StatusCode::TOO_MANY_REQUESTS => Self::Throttled,
            _ => Self::Rejected,
        }
    }
}

/// What a failed operation's `statusDetail` means. Microsoft publishes only `ResetSuccess`; the names below are those
/// of its self-service pages and of STS (concept-sspr-writeback.md, reference-error-codes.md; read 2026-08), matched
/// anywhere in the text. What is not recognised is said to be so and kept whole for the desk.
pub(super) fn ending(detail: &str) -> Ending {
    let text = detail.to_lowercase();
    let has = |names: &[&str]| names.iter().any(|name| text.contains(name));
    match () {
        () if has(&["onpremisessuccesscloudfailure", "onpremsuccesscloudfail"]) => Ending::Split,
        () if has(&["fuzzypolicy", "banned"]) => Ending::Refused(Cause::Banned),
        () if has(&[
            "policyviolation",
            "complexity",
            "passwordpolicy",
            "newpasswordweak",
            "80230619",
            "0000052d",
            "33008",
        ]) =>
        {
            Ending::Refused(Cause::Policy)
        }
        () if has(&["connectivity", "sspr_0030", "33000", "servicebus"]) => Ending::Failed(Cause::AgentOffline),
        () if has(&["adminaction", "sspr_0029", "33004", "accessdenied"]) => Ending::Failed(Cause::AdminAction),
        () if has(&["disabled", "33005"]) && !has(&["lockedoutordisabled"]) => Ending::Failed(Cause::AccountDisabled),
        () if has(&["lockedout", "locked", "33006"]) => Ending::Failed(Cause::AccountLocked),
        () if has(&["usernotfound", "33002"]) => Ending::Failed(Cause::NotInDirectory),
        () => Ending::Failed(Cause::Unrecognised),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_and_every_cause_has_its_three_texts() {
        for cause in Cause::ALL {
            assert_eq!(Cause::read(cause.code()), Some(cause));
            for reader in ["person", "agent", "admin"] {
                let key = format!("cause-{}-{reader}", cause.code().to_lowercase());
                assert!(crate::web::Lang::english().knows(&key), "{key}");
            }
        }
    }

    #[test]
    fn details_are_understood_or_said_not_to_be() {
        assert_eq!(ending("OnPremisesPolicyViolation"), Ending::Refused(Cause::Policy));
        assert_eq!(ending("FuzzyPolicyViolationInvalidPassword"), Ending::Refused(Cause::Banned));
        assert_eq!(ending("OnPremisesSuccessCloudFailure"), Ending::Split);
        assert_eq!(ending("OnPremisesConnectivityError"), Ending::Failed(Cause::AgentOffline));
        assert_eq!(ending("OnPremisesAdminActionRequired"), Ending::Failed(Cause::AdminAction));
        assert_eq!(ending("OnPremUserAccountLockedOutOrDisabled"), Ending::Failed(Cause::AccountLocked));
        assert_eq!(ending("hr=80230619"), Ending::Refused(Cause::Policy));
        assert_eq!(ending("SomethingNobodyHasSeenYet"), Ending::Failed(Cause::Unrecognised));
        assert_eq!(ending(""), Ending::Failed(Cause::Unrecognised));
    }
}
