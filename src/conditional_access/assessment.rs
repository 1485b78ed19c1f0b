//! Assesses whether Conditional Access policies enforce an authentication context. A pure function from policies to an
//! assessment with findings.
//!
//! Entra issues the context (`acrs`) to anyone to whom no enforced policy applies: it fails open. Every way in which a
//! policy does not apply to someone therefore matters:
//! <https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context>
//! (read 2026-11-25).

use serde::{Deserialize, Serialize};

use crate::entra::{
    AuthenticationMethodMode, ConditionalAccessPolicy, EntraRole, MethodCombination, PolicyState, SignInFrequency,
};

/// Finding about a policy. The first group, up to [`Self::UnknownMethod`], makes the result not enforced. The second
/// group is advisory. Stored as JSON in `policy_verdicts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "says", content = "what")]
pub(crate) enum PolicyFinding {
    /// No policy names the context.
    NoPolicy,
    Disabled,
    ReportOnly,
    /// The policy does not include all users.
    #[serde(rename = "not_everybody")]
    NotAllUsers,
    /// The policy has this condition and does not apply outside of it.
    #[serde(rename = "narrowed")]
    NarrowedByCondition(String),
    /// This grant control alone satisfies the policy, without the authentication strength.
    #[serde(rename = "or_else")]
    AlternativeControl(String),
    /// The policy blocks access.
    #[serde(rename = "blocks")]
    BlocksAccess,
    /// The policy requires no authentication strength.
    NoStrength,
    /// The strength allows the password, or a federated sign-in, which may use the password at the other provider.
    #[serde(rename = "password")]
    AllowsPassword(String),
    /// The strength allows a method that this release does not know.
    UnknownMethod(String),
    /// Sign-in frequency is not "every time", so the sign-in may be old. The portal checks its age itself.
    NotEveryTime,
    ExcludesPeople(usize),
    ExcludesGroups(usize),
    ExcludesRoles(usize),
    ExcludesGuests,
    /// The strength allows a single weak factor, so control of the phone number is enough to reset the password.
    WeakMethod(String),
    /// The strength allows a multi-use Temporary Access Pass.
    MultiUsePass,
}

impl PolicyFinding {
    /// Returns the stable code of the finding.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::NoPolicy => "no-policy",
            Self::Disabled => "disabled",
            Self::ReportOnly => "report-only",
            Self::NotAllUsers => "not-everybody",
            Self::NarrowedByCondition(_) => "narrowed",
            Self::AlternativeControl(_) => "or-else",
            Self::BlocksAccess => "blocks",
            Self::NoStrength => "no-strength",
            Self::AllowsPassword(_) => "password",
            Self::UnknownMethod(_) => "unknown-method",
            Self::NotEveryTime => "not-every-time",
            Self::ExcludesPeople(_) => "excludes-people",
            Self::ExcludesGroups(_) => "excludes-groups",
            Self::ExcludesRoles(_) => "excludes-roles",
            Self::ExcludesGuests => "excludes-guests",
            Self::WeakMethod(_) => "weak-method",
            Self::MultiUsePass => "multi-use-pass",
        }
    }

    /// Returns a description for administrators.
    pub(crate) fn description(&self) -> String {
        match self {
            Self::NoPolicy => "no Conditional Access policy names the context: Entra gives it to everybody".to_owned(),
            Self::Disabled => "the policy is off".to_owned(),
            Self::ReportOnly => "the policy only reports: Entra asks nobody for anything".to_owned(),
            Self::NotAllUsers => "the policy is for some people only: include all users".to_owned(),
            Self::NarrowedByCondition(by) => {
                format!("the policy has the condition {by}: outside of it nobody is asked")
            }
            Self::AlternativeControl(control) => {
                format!("{control} alone is enough (\"require one of the selected controls\"): require all of them")
            }
            Self::BlocksAccess => "the policy blocks everybody".to_owned(),
            Self::NoStrength => "the policy requires no authentication strength".to_owned(),
            Self::AllowsPassword(how) => {
                format!("the authentication strength takes \"{how}\", which is the forgotten password")
            }
            Self::UnknownMethod(how) => {
                format!("the authentication strength takes \"{how}\", which this release does not know")
            }
            Self::NotEveryTime => {
                "sign-in frequency is not \"every time\": the portal refuses old sign-ins by their age".to_owned()
            }
            Self::ExcludesPeople(n) => format!("{n} accounts are excluded: they cannot reset here"),
            Self::ExcludesGroups(n) => format!("{n} groups are excluded: their members cannot reset here"),
            Self::ExcludesRoles(n) => format!("{n} roles are excluded: their holders cannot reset here"),
            Self::ExcludesGuests => "guests are excluded: they cannot reset here".to_owned(),
            Self::WeakMethod(how) => format!("the authentication strength takes \"{how}\" alone"),
            Self::MultiUsePass => {
                "the authentication strength takes Temporary Access Passes for many sign-ins".to_owned()
            }
        }
    }
}

/// Result of an assessment. Stored as JSON in `policy_verdicts`, with the names of the first release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AssessmentResult {
    /// The policy covers every user except these.
    #[serde(rename = "good")]
    Enforced {
        people: Vec<String>,
        groups: Vec<String>,
        roles: Vec<EntraRole>,
        #[serde(default)]
        guests: bool,
        /// Whether the strength also allows a one-time Temporary Access Pass.
        #[serde(default)]
        passes: bool,
    },
    /// No enabled policy requires a password-free strength for this context.
    #[serde(rename = "bad")]
    NotEnforced,
}

impl AssessmentResult {
    pub(crate) fn is_enforced(&self) -> bool {
        matches!(self, Self::Enforced { .. })
    }
}

/// Result of an assessment, with its findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PolicyAssessment {
    pub(crate) result: AssessmentResult,
    /// Name of the policy that decided the result; empty without one.
    pub(crate) policy_name: String,
    pub(crate) findings: Vec<PolicyFinding>,
}

/// Strength of a method, or of a combination of methods: that of the method with the highest value here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CombinationStrength {
    Weak,
    Strong,
    Unknown,
    Password,
}

fn method_strength(method: &AuthenticationMethodMode) -> CombinationStrength {
    match method {
        AuthenticationMethodMode::Password
        | AuthenticationMethodMode::FederatedSingleFactor
        | AuthenticationMethodMode::FederatedMultiFactor => CombinationStrength::Password,
        AuthenticationMethodMode::Fido2
        | AuthenticationMethodMode::WindowsHelloForBusiness
        | AuthenticationMethodMode::X509CertificateMultiFactor
        | AuthenticationMethodMode::DeviceBasedPush
        | AuthenticationMethodMode::TemporaryAccessPassOneTime
        | AuthenticationMethodMode::TemporaryAccessPassMultiUse => CombinationStrength::Strong,
        AuthenticationMethodMode::Voice
        | AuthenticationMethodMode::HardwareOath
        | AuthenticationMethodMode::SoftwareOath
        | AuthenticationMethodMode::Sms
        | AuthenticationMethodMode::MicrosoftAuthenticatorPush
        | AuthenticationMethodMode::Email
        | AuthenticationMethodMode::X509CertificateSingleFactor
        | AuthenticationMethodMode::QrCodePin => CombinationStrength::Weak,
        AuthenticationMethodMode::Other(_) => CombinationStrength::Unknown,
    }
}

fn classify_combination(combination: &MethodCombination) -> CombinationStrength {
    combination.methods().iter().map(method_strength).max().unwrap_or(CombinationStrength::Unknown)
}

/// Returns the findings because of which a policy does not enforce the context.
fn blocking_findings(policy: &ConditionalAccessPolicy) -> Vec<PolicyFinding> {
    let mut found = Vec::new();
    match policy.state {
        PolicyState::Enabled => {}
        PolicyState::ReportOnly => found.push(PolicyFinding::ReportOnly),
        PolicyState::Disabled | PolicyState::Other(_) => found.push(PolicyFinding::Disabled),
    }
    if !policy.includes_all_users {
        found.push(PolicyFinding::NotAllUsers);
    }
    found.extend(policy.narrowing_conditions.iter().cloned().map(PolicyFinding::NarrowedByCondition));
    if policy.blocks_access {
        found.push(PolicyFinding::BlocksAccess);
    }
    found.extend(policy.alternative_controls.iter().cloned().map(PolicyFinding::AlternativeControl));
    if policy.allowed_combinations.is_empty() {
        found.push(PolicyFinding::NoStrength);
    }
    for combination in &policy.allowed_combinations {
        match classify_combination(combination) {
            CombinationStrength::Password => found.push(PolicyFinding::AllowsPassword(combination.to_string())),
            CombinationStrength::Unknown => found.push(PolicyFinding::UnknownMethod(combination.to_string())),
            CombinationStrength::Strong | CombinationStrength::Weak => {}
        }
    }
    found
}

/// Returns the findings that an administrator should know about an enforced policy.
fn advisory_findings(policy: &ConditionalAccessPolicy) -> Vec<PolicyFinding> {
    let mut found = Vec::new();
    if policy.frequency != SignInFrequency::EveryTime {
        found.push(PolicyFinding::NotEveryTime);
    }
    let some = |count: usize, says: fn(usize) -> PolicyFinding| (count > 0).then(|| says(count));
    found.extend(some(policy.excluded_users.len(), PolicyFinding::ExcludesPeople));
    found.extend(some(policy.excluded_groups.len(), PolicyFinding::ExcludesGroups));
    found.extend(some(policy.excluded_roles.len(), PolicyFinding::ExcludesRoles));
    if policy.excludes_guests {
        found.push(PolicyFinding::ExcludesGuests);
    }
    for combination in &policy.allowed_combinations {
        if matches!(classify_combination(combination), CombinationStrength::Weak) {
            found.push(PolicyFinding::WeakMethod(combination.to_string()));
        }
        if combination.has_method(&AuthenticationMethodMode::TemporaryAccessPassMultiUse) {
            found.push(PolicyFinding::MultiUsePass);
        }
    }
    found
}

fn count_exclusions(policy: &ConditionalAccessPolicy) -> usize {
    policy.excluded_users.len() + policy.excluded_groups.len() + policy.excluded_roles.len()
}

/// Assesses the policies of a context. The policy with the fewest blocking findings and then the fewest exclusions
/// decides. A person excluded from it may be covered by another policy, but the result does not rely on that.
pub(super) fn assess_policies(policies: &[ConditionalAccessPolicy], context: &str) -> PolicyAssessment {
    let mut named: Vec<&ConditionalAccessPolicy> =
        policies.iter().filter(|policy| policy.contexts.iter().any(|c| c == context)).collect();
    named.sort_by_key(|policy| (blocking_findings(policy).len(), count_exclusions(policy)));
    let Some(best) = named.first() else {
        return PolicyAssessment {
            result: AssessmentResult::NotEnforced,
            policy_name: String::new(),
            findings: vec![PolicyFinding::NoPolicy],
        };
    };
    let faults = blocking_findings(best);
    if !faults.is_empty() {
        return PolicyAssessment {
            result: AssessmentResult::NotEnforced,
            policy_name: best.name.clone(),
            findings: faults,
        };
    }
    let verdict = AssessmentResult::Enforced {
        people: best.excluded_users.clone(),
        groups: best.excluded_groups.clone(),
        roles: best.excluded_roles.clone(),
        guests: best.excludes_guests,
        passes: best
            .allowed_combinations
            .iter()
            .any(|combination| combination.is_only(&AuthenticationMethodMode::TemporaryAccessPassOneTime)),
    };
    PolicyAssessment { result: verdict, policy_name: best.name.clone(), findings: advisory_findings(best) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::entra::parse_policy_for_test;

    fn changed_policy(change: impl Fn(&mut Value)) -> ConditionalAccessPolicy {
        let mut one = json!({
            "displayName": "p", "state": "enabled",
            "conditions": {
                "applications": { "includeAuthenticationContextClassReferences": ["c1"] },
                "users": { "includeUsers": ["All"], "excludeUsers": ["u1"], "excludeGroups": ["g1"] },
            },
            "grantControls": { "operator": "OR", "authenticationStrength": { "allowedCombinations": ["fido2", "windowsHelloForBusiness"] } },
            "sessionControls": { "signInFrequency": { "isEnabled": true, "frequencyInterval": "everyTime" } },
        });
        change(&mut one);
        parse_policy_for_test(&one)
    }

    fn assess_changed_policy(change: impl Fn(&mut Value)) -> PolicyAssessment {
        assess_policies(&[changed_policy(change)], "c1")
    }

    fn finding_codes(opinion: &PolicyAssessment) -> Vec<&'static str> {
        opinion.findings.iter().map(PolicyFinding::as_str).collect()
    }

    #[test]
    fn enforced_policy_covers_all_users_and_excludes_password() {
        let good = assess_changed_policy(|_| {});
        let (people, groups) = (vec!["u1".to_owned()], vec!["g1".to_owned()]);
        assert_eq!(
            good.result,
            AssessmentResult::Enforced { people, groups, roles: vec![], guests: false, passes: false }
        );
        assert_eq!(
            (good.policy_name.as_str(), finding_codes(&good)),
            ("p", vec!["excludes-people", "excludes-groups"])
        );
    }

    type PolicyChange = fn(&mut Value);

    #[test]
    fn any_bypass_makes_policy_not_enforced() {
        let all: [(PolicyChange, &str); 12] = [
            (|p| p["state"] = json!("disabled"), "disabled"),
            (|p| p["state"] = json!("enabledForReportingButNotEnforced"), "report-only"),
            (|p| p["conditions"]["users"]["includeUsers"] = json!(["u7"]), "not-everybody"),
            (|p| p["conditions"]["locations"] = json!({ "includeLocations": ["AllTrusted"] }), "narrowed"),
            (|p| p["conditions"]["signInRiskLevels"] = json!(["high"]), "narrowed"),
            (|p| p["grantControls"]["builtInControls"] = json!(["compliantDevice"]), "or-else"),
            (
                |p| p["grantControls"] = json!({ "operator": "AND", "builtInControls": ["block"], "authenticationStrength": { "allowedCombinations": ["fido2"] } }),
                "blocks",
            ),
            (|p| p["grantControls"] = Value::Null, "no-strength"),
            (|p| p["grantControls"]["authenticationStrength"]["allowedCombinations"] = json!([]), "no-strength"),
            (
                |p| {
                    p["grantControls"]["authenticationStrength"]["allowedCombinations"] =
                        json!(["fido2", "password, sms"]);
                },
                "password",
            ),
            (
                |p| {
                    p["grantControls"]["authenticationStrength"]["allowedCombinations"] =
                        json!(["federatedMultiFactor"]);
                },
                "password",
            ),
            (
                |p| p["grantControls"]["authenticationStrength"]["allowedCombinations"] = json!(["telepathy"]),
                "unknown-method",
            ),
        ];
        for (change, code) in all {
            let bad = assess_changed_policy(change);
            assert_eq!(
                (bad.result.clone(), finding_codes(&bad)),
                (AssessmentResult::NotEnforced, vec![code]),
                "{code}"
            );
            assert!(!bad.findings[0].description().is_empty());
        }
        assert_eq!(finding_codes(&assess_policies(&[], "c1")), ["no-policy"]);
        assert_eq!(
            finding_codes(&assess_policies(&[changed_policy(|_| {})], "c2")),
            ["no-policy"],
            "the policy is for another context"
        );
    }

    #[test]
    fn enforced_policy_reports_advisory_findings() {
        let all: [(PolicyChange, &str); 5] = [
            (|p| p["sessionControls"] = Value::Null, "not-every-time"),
            (|p| p["conditions"]["users"]["excludeRoles"] = json!(["r1"]), "excludes-roles"),
            (|p| p["conditions"]["users"]["excludeUsers"] = json!(["u1", "GuestsOrExternalUsers"]), "excludes-guests"),
            (
                |p| p["grantControls"]["authenticationStrength"]["allowedCombinations"] = json!(["fido2", "sms"]),
                "weak-method",
            ),
            (
                |p| {
                    p["grantControls"]["authenticationStrength"]["allowedCombinations"] =
                        json!(["temporaryAccessPassMultiUse"]);
                },
                "multi-use-pass",
            ),
        ];
        for (change, code) in all {
            let good = assess_changed_policy(change);
            assert!(matches!(good.result, AssessmentResult::Enforced { .. }), "{code}");
            assert!(finding_codes(&good).contains(&code), "{code}: {:?}", finding_codes(&good));
        }
        let pass = assess_changed_policy(|p| {
            p["grantControls"]["authenticationStrength"]["allowedCombinations"] =
                json!(["fido2", "temporaryAccessPassOneTime"]);
        });
        assert!(matches!(pass.result, AssessmentResult::Enforced { passes: true, .. }));
    }

    #[test]
    fn strictest_of_several_policies_is_assessed() {
        let (off, more) = (changed_policy(|p| p["state"] = json!("disabled")), changed_policy(|_| {}));
        let fewer = changed_policy(|p| {
            p["displayName"] = json!("fewer");
            p["conditions"]["users"]["excludeUsers"] = json!([]);
        });
        assert_eq!(assess_policies(&[off.clone(), more.clone(), fewer], "c1").policy_name, "fewer");
        let worse = changed_policy(|p| {
            p["state"] = json!("disabled");
            p["grantControls"] = Value::Null;
        });
        assert_eq!(
            finding_codes(&assess_policies(&[worse, off], "c1")),
            ["disabled"],
            "the policy with the fewest blocking findings"
        );
    }
}
