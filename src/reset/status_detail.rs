//! Classifies the `statusDetail` of a failed operation.
//!
//! Microsoft publishes only `ResetSuccess`. The patterns are names from its pages on self-service password reset, from
//! its sign-in service and from AD, matched anywhere in the text. The first matching pattern counts. A detail that
//! matches no pattern is classified as unrecognised and stored unchanged for the helpdesk.

use super::cause::ResetCause;
use super::state::OperationFailure;

/// Pattern: a detail that contains any of the lower-case fragments means this failure.
pub(super) struct DetailPattern {
    pub(super) fragments: &'static [&'static str],
    pub(super) failure: OperationFailure,
    /// Source of the fragments.
    #[cfg_attr(not(test), expect(dead_code, reason = "read by the test that generates docs/causes.md"))]
    pub(super) source: &'static str,
}

const fn detail_pattern(
    words: &'static [&'static str],
    ending: OperationFailure,
    source: &'static str,
) -> DetailPattern {
    DetailPattern { fragments: words, failure: ending, source }
}

const SSPR_SOURCE: &str = "troubleshoot-sspr-writeback.md and concept-sspr-writeback.md, read 2026-08";
const AD_SOURCE: &str = "[MS-ERREF] Win32 codes, as AD puts them before its LDAP text; read 2026-08";

/// Patterns in order of precedence: longer names come before the shorter ones that they contain.
pub(super) const DETAIL_PATTERNS: [DetailPattern; 16] = [
    detail_pattern(
        &["onpremisessuccesscloudfailure", "onpremsuccesscloudfail", "120005"],
        OperationFailure::Split,
        SSPR_SOURCE,
    ),
    detail_pattern(
        &["fuzzypolicy", "doesnotcomplyfuzzy", "banned", "120018"],
        OperationFailure::Refused(ResetCause::Banned),
        SSPR_SOURCE,
    ),
    detail_pattern(&["containsmembername", "120003"], OperationFailure::Refused(ResetCause::Banned), SSPR_SOURCE),
    detail_pattern(
        &[
            "policyviolation",
            "complexity",
            "passwordpolicy",
            "newpasswordweak",
            "80230619",
            "33008",
            "120002",
            "120004",
        ],
        OperationFailure::Refused(ResetCause::Policy),
        SSPR_SOURCE,
    ),
    detail_pattern(&["0000052d"], OperationFailure::Refused(ResetCause::Policy), AD_SOURCE),
    detail_pattern(
        &[
            "sspr_0030",
            "connectivity",
            "33000",
            "servicebus",
            "needstohappenonprem",
            "120012",
            "120013",
            "asyncjobstateterminated",
            "120008",
        ],
        OperationFailure::Failed(ResetCause::AgentOffline),
        SSPR_SOURCE,
    ),
    detail_pattern(
        &["sspr_0009", "sspr_0010", "sspr_0011", "sspr_0012", "sspr_0013", "sspr_0014", "writebacknotenabled"],
        OperationFailure::Failed(ResetCause::NotEnabled),
        SSPR_SOURCE,
    ),
    detail_pattern(
        &["sspr_0029", "adminaction", "33004", "accessdenied", "120015"],
        OperationFailure::Failed(ResetCause::AdminActionRequired),
        SSPR_SOURCE,
    ),
    detail_pattern(&["00000005", "80070005"], OperationFailure::Failed(ResetCause::AdminActionRequired), AD_SOURCE),
    detail_pattern(
        &["lockedoutordisabled", "120014"],
        OperationFailure::Failed(ResetCause::AccountLocked),
        SSPR_SOURCE,
    ),
    detail_pattern(
        &["disabled", "33005", "00000533"],
        OperationFailure::Failed(ResetCause::AccountDisabled),
        SSPR_SOURCE,
    ),
    detail_pattern(
        &["lockedout", "accountlocked", "33006", "00000775"],
        OperationFailure::Failed(ResetCause::AccountLocked),
        SSPR_SOURCE,
    ),
    detail_pattern(&["accountexpired", "00000701"], OperationFailure::Failed(ResetCause::AccountExpired), AD_SOURCE),
    detail_pattern(
        &["multiplematch", "33003", "80230402"],
        OperationFailure::Failed(ResetCause::SeveralInDirectory),
        SSPR_SOURCE,
    ),
    detail_pattern(
        &["usernotfound", "33002", "120016", "00000525"],
        OperationFailure::Failed(ResetCause::NotInDirectory),
        SSPR_SOURCE,
    ),
    detail_pattern(
        &["33001", "33009", "800700ce", "32004", "32005", "32008", "32009", "120020", "120021"],
        OperationFailure::Failed(ResetCause::AgentFailed),
        SSPR_SOURCE,
    ),
];

/// Classifies the `statusDetail` of a failed operation, or the reason of an audit record.
pub(super) fn classify_status_detail(detail: &str) -> OperationFailure {
    let text = detail.to_lowercase();
    let known = DETAIL_PATTERNS.iter().find(|known| known.fragments.iter().any(|word| text.contains(word)));
    known.map_or(OperationFailure::Failed(ResetCause::Unrecognised), |known| known.failure)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_detail_is_classified_and_unknown_is_unrecognised() {
        for (detail, expected) in [
            ("OnPremisesPolicyViolation", OperationFailure::Refused(ResetCause::Policy)),
            ("0000052D: SvcErr: DSID-031A12D2, problem 5003", OperationFailure::Refused(ResetCause::Policy)),
            ("FuzzyPolicyViolationInvalidPassword", OperationFailure::Refused(ResetCause::Banned)),
            ("PasswordChangeContainsMemberName", OperationFailure::Refused(ResetCause::Banned)),
            ("OnPremisesSuccessCloudFailure", OperationFailure::Split),
            ("OnPremisesConnectivityError", OperationFailure::Failed(ResetCause::AgentOffline)),
            ("SSPR_0030", OperationFailure::Failed(ResetCause::AgentOffline)),
            ("SSPR_0010", OperationFailure::Failed(ResetCause::NotEnabled)),
            ("OnPremisesAdminActionRequired", OperationFailure::Failed(ResetCause::AdminActionRequired)),
            ("OnPremUserAccountLockedOutOrDisabled", OperationFailure::Failed(ResetCause::AccountLocked)),
            ("OnPremUserAccountDisabled", OperationFailure::Failed(ResetCause::AccountDisabled)),
            ("AccountExpired", OperationFailure::Failed(ResetCause::AccountExpired)),
            ("33003", OperationFailure::Failed(ResetCause::SeveralInDirectory)),
            ("UserNotFoundBySspr", OperationFailure::Failed(ResetCause::NotInDirectory)),
            ("hr=800700CE", OperationFailure::Failed(ResetCause::AgentFailed)),
            ("hr=80230619", OperationFailure::Refused(ResetCause::Policy)),
            ("SomethingNobodyHasSeenYet", OperationFailure::Failed(ResetCause::Unrecognised)),
            ("", OperationFailure::Failed(ResetCause::Unrecognised)),
        ] {
            assert_eq!(classify_status_detail(detail), expected, "{detail}");
        }
    }

    #[test]
    fn every_fragment_matches_its_own_pattern_first() {
        for known in &DETAIL_PATTERNS {
            for word in known.fragments {
                assert_eq!(
                    classify_status_detail(&word.to_uppercase()),
                    known.failure,
                    "{word} matches an earlier pattern"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn any_detail_is_classified_without_panic(detail in "\\PC{0,200}") {
            let _ = classify_status_detail(&detail);
        }
    }
}
