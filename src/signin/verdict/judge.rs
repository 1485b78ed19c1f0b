//! Assesses whether Conditional Access policies enforce an authentication context. A pure function from policies to an
//! assessment with findings.
//!
//! Entra issues the context (`acrs`) to anyone to whom no enforced policy applies: it fails open. Every way in which a
//! policy does not apply to someone therefore matters:
//! <https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context>
//! (read 2026-11-25).

use serde::{Deserialize, Serialize};

use super::AssessmentResult;
use crate::entra::{ConditionalAccessPolicy, SignInFrequency};

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
    NotEverybody,
    /// The policy has this condition and does not apply outside of it.
    Narrowed(String),
    /// This grant control alone satisfies the policy, without the authentication strength.
    OrElse(String),
    /// The policy blocks access.
    Blocks,
    /// The policy requires no authentication strength.
    NoStrength,
    /// The strength allows the password, or a federated sign-in, which may use the password at the other provider.
    Password(String),
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
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoPolicy => "no-policy",
            Self::Disabled => "disabled",
            Self::ReportOnly => "report-only",
            Self::NotEverybody => "not-everybody",
            Self::Narrowed(_) => "narrowed",
            Self::OrElse(_) => "or-else",
            Self::Blocks => "blocks",
            Self::NoStrength => "no-strength",
            Self::Password(_) => "password",
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
    pub(crate) fn text(&self) -> String {
        match self {
            Self::NoPolicy => "no Conditional Access policy names the context: Entra gives it to everybody".to_owned(),
            Self::Disabled => "the policy is off".to_owned(),
            Self::ReportOnly => "the policy only reports: Entra asks nobody for anything".to_owned(),
            Self::NotEverybody => "the policy is for some people only: include all users".to_owned(),
            Self::Narrowed(by) => format!("the policy has the condition {by}: outside of it nobody is asked"),
            Self::OrElse(control) => {
                format!("{control} alone is enough (\"require one of the selected controls\"): require all of them")
            }
            Self::Blocks => "the policy blocks everybody".to_owned(),
            Self::NoStrength => "the policy requires no authentication strength".to_owned(),
            Self::Password(how) => {
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

/// Result of an assessment, with its findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PolicyAssessment {
    pub(crate) verdict: AssessmentResult,
    /// Name of the policy that decided the result; empty without one.
    pub(crate) policy: String,
    pub(crate) remarks: Vec<PolicyFinding>,
}

/// Strength of a combination of authentication methods.
enum CombinationStrength {
    Strong,
    Weak,
    Password,
    Unknown,
}

/// Classifies a combination by the members of `authenticationMethodModes` (msgraph-metadata, 2026-08-20).
fn worth(combination: &str) -> CombinationStrength {
    let parts: Vec<&str> = combination.split(',').map(str::trim).collect();
    let any = |names: &[&str]| parts.iter().any(|part| names.contains(part));
    if any(&["password", "federatedSingleFactor", "federatedMultiFactor"]) {
        return CombinationStrength::Password;
    }
    let strong = [
        "fido2",
        "windowsHelloForBusiness",
        "x509CertificateMultiFactor",
        "deviceBasedPush",
        "temporaryAccessPassOneTime",
        "temporaryAccessPassMultiUse",
    ];
    let weak = [
        "voice",
        "hardwareOath",
        "softwareOath",
        "sms",
        "microsoftAuthenticatorPush",
        "email",
        "x509CertificateSingleFactor",
        "qrCodePin",
    ];
    match parts.iter().all(|part| strong.contains(part) || weak.contains(part)) {
        false => CombinationStrength::Unknown,
        true if any(&strong) => CombinationStrength::Strong,
        true => CombinationStrength::Weak,
    }
}

/// Returns the findings because of which a policy does not enforce the context.
fn faults(policy: &ConditionalAccessPolicy) -> Vec<PolicyFinding> {
    let mut found = Vec::new();
    match policy.state.as_str() {
        "enabled" => {}
        "enabledForReportingButNotEnforced" => found.push(PolicyFinding::ReportOnly),
        _ => found.push(PolicyFinding::Disabled),
    }
    if !policy.everybody {
        found.push(PolicyFinding::NotEverybody);
    }
    found.extend(policy.narrowed_by.iter().cloned().map(PolicyFinding::Narrowed));
    if policy.blocks {
        found.push(PolicyFinding::Blocks);
    }
    found.extend(policy.or_else.iter().cloned().map(PolicyFinding::OrElse));
    if policy.combinations.is_empty() {
        found.push(PolicyFinding::NoStrength);
    }
    for combination in &policy.combinations {
        match worth(combination) {
            CombinationStrength::Password => found.push(PolicyFinding::Password(combination.clone())),
            CombinationStrength::Unknown => found.push(PolicyFinding::UnknownMethod(combination.clone())),
            CombinationStrength::Strong | CombinationStrength::Weak => {}
        }
    }
    found
}

/// Returns the findings that an administrator should know about an enforced policy.
fn warnings(policy: &ConditionalAccessPolicy) -> Vec<PolicyFinding> {
    let mut found = Vec::new();
    if policy.frequency != SignInFrequency::EveryTime {
        found.push(PolicyFinding::NotEveryTime);
    }
    let some = |count: usize, says: fn(usize) -> PolicyFinding| (count > 0).then(|| says(count));
    found.extend(some(policy.excluded_people.len(), PolicyFinding::ExcludesPeople));
    found.extend(some(policy.excluded_groups.len(), PolicyFinding::ExcludesGroups));
    found.extend(some(policy.excluded_roles.len(), PolicyFinding::ExcludesRoles));
    if policy.excludes_guests {
        found.push(PolicyFinding::ExcludesGuests);
    }
    for combination in &policy.combinations {
        if matches!(worth(combination), CombinationStrength::Weak) {
            found.push(PolicyFinding::WeakMethod(combination.clone()));
        }
        if combination.contains("temporaryAccessPassMultiUse") {
            found.push(PolicyFinding::MultiUsePass);
        }
    }
    found
}

fn exclusions(policy: &ConditionalAccessPolicy) -> usize {
    policy.excluded_people.len() + policy.excluded_groups.len() + policy.excluded_roles.len()
}

/// Assesses the policies of a context. The policy with the fewest blocking findings and then the fewest exclusions
/// decides. A person excluded from it may be covered by another policy, but the result does not rely on that.
pub(super) fn judge(policies: &[ConditionalAccessPolicy], context: &str) -> PolicyAssessment {
    let mut named: Vec<&ConditionalAccessPolicy> =
        policies.iter().filter(|policy| policy.contexts.iter().any(|c| c == context)).collect();
    named.sort_by_key(|policy| (faults(policy).len(), exclusions(policy)));
    let Some(best) = named.first() else {
        return PolicyAssessment {
            verdict: AssessmentResult::Bad,
            policy: String::new(),
            remarks: vec![PolicyFinding::NoPolicy],
        };
    };
    let faults = faults(best);
    if !faults.is_empty() {
        return PolicyAssessment { verdict: AssessmentResult::Bad, policy: best.name.clone(), remarks: faults };
    }
    let verdict = AssessmentResult::Good {
        people: best.excluded_people.clone(),
        groups: best.excluded_groups.clone(),
        roles: best.excluded_roles.clone(),
        guests: best.excludes_guests,
        passes: best.combinations.iter().any(|c| c == "temporaryAccessPassOneTime"),
    };
    PolicyAssessment { verdict, policy: best.name.clone(), remarks: warnings(best) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::entra::read_policy;

    fn wire(change: impl Fn(&mut Value)) -> ConditionalAccessPolicy {
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
        read_policy(&one)
    }

    fn opinion(change: impl Fn(&mut Value)) -> PolicyAssessment {
        judge(&[wire(change)], "c1")
    }

    fn codes(opinion: &PolicyAssessment) -> Vec<&'static str> {
        opinion.remarks.iter().map(PolicyFinding::code).collect()
    }

    #[test]
    fn a_good_policy_is_enabled_for_all_and_without_the_password() {
        let good = opinion(|_| {});
        let (people, groups) = (vec!["u1".to_owned()], vec!["g1".to_owned()]);
        assert_eq!(
            good.verdict,
            AssessmentResult::Good { people, groups, roles: vec![], guests: false, passes: false }
        );
        assert_eq!((good.policy.as_str(), codes(&good)), ("p", vec!["excludes-people", "excludes-groups"]));
    }

    type PolicyChange = fn(&mut Value);

    #[test]
    fn whatever_leaves_a_way_round_makes_a_policy_worth_nothing() {
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
            let bad = opinion(change);
            assert_eq!((bad.verdict.clone(), codes(&bad)), (AssessmentResult::Bad, vec![code]), "{code}");
            assert!(!bad.remarks[0].text().is_empty());
        }
        assert_eq!(codes(&judge(&[], "c1")), ["no-policy"]);
        assert_eq!(codes(&judge(&[wire(|_| {})], "c2")), ["no-policy"], "the policy is for another context");
    }

    #[test]
    fn what_an_administrator_should_know_of_a_good_policy_is_said() {
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
            let good = opinion(change);
            assert!(matches!(good.verdict, AssessmentResult::Good { .. }), "{code}");
            assert!(codes(&good).contains(&code), "{code}: {:?}", codes(&good));
        }
        let pass = opinion(|p| {
            p["grantControls"]["authenticationStrength"]["allowedCombinations"] =
                json!(["fido2", "temporaryAccessPassOneTime"]);
        });
        assert!(matches!(pass.verdict, AssessmentResult::Good { passes: true, .. }));
    }

    #[test]
    fn of_several_policies_the_best_one_is_judged() {
        let (off, more) = (wire(|p| p["state"] = json!("disabled")), wire(|_| {}));
        let fewer = wire(|p| {
            p["displayName"] = json!("fewer");
            p["conditions"]["users"]["excludeUsers"] = json!([]);
        });
        assert_eq!(judge(&[off.clone(), more.clone(), fewer], "c1").policy, "fewer");
        let worse = wire(|p| {
            p["state"] = json!("disabled");
            p["grantControls"] = Value::Null;
        });
        assert_eq!(codes(&judge(&[worse, off], "c1")), ["disabled"], "the policy with the fewest blocking findings");
    }
}
