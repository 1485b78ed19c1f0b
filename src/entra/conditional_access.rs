//! Fetches Conditional Access policies and extracts what the policy assessment needs.
//!
//! The wire format is `conditionalAccessPolicy` of Graph v1.0. Responses contain more than the published metadata
//! (`times`, `clients`, `partialEnablementStrategy` …), and an unknown condition may exempt anyone.
//!
//! - A condition that is set and not known to be harmless counts as narrowing.
//!
//! Sources: <https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy>,
//! <https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-conditions> (read
//! 2026-11-25).

use serde_json::{Map, Value};

use super::graph::GraphClient;
use super::graph_error::GraphError;
use super::method_combination::MethodCombination;
use super::roles::EntraRole;
use super::wire_value::wire_enum;

wire_enum! {
    /// State of a policy (`state`).
    PolicyState, exact {
        Enabled = "enabled",
        Disabled = "disabled",
        ReportOnly = "enabledForReportingButNotEnforced",
    }
}

wire_enum! {
    /// Interval after which a policy requires a new sign-in (`frequencyInterval`).
    FrequencyInterval, ignore_case {
        EveryTime = "everyTime",
        TimeBased = "timeBased",
    }
}

wire_enum! {
    /// Factors that a new sign-in must repeat (`authenticationType` of the sign-in frequency).
    FrequencyFactors, ignore_case {
        PrimaryAndSecondary = "primaryAndSecondaryAuthentication",
        Secondary = "secondaryAuthentication",
    }
}

wire_enum! {
    /// Grant control of a policy (`builtInControls`), of which the product distinguishes this one.
    GrantControl, exact {
        Block = "block",
    }
}

wire_enum! {
    /// Relation between the grant controls of a policy (`operator`).
    GrantOperator, exact {
        AllOf = "AND",
        OneOf = "OR",
    }
}

/// Session control of a policy: how often a person must sign in again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignInFrequency {
    /// Every time, with all factors. Microsoft allows 5 minutes of clock skew.
    EveryTime,
    /// Any other setting: an interval, the second factor alone, or none.
    Other,
}

/// Conditional Access policy, reduced to the properties that are assessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConditionalAccessPolicy {
    pub(crate) name: String,
    pub(crate) state: PolicyState,
    pub(crate) contexts: Vec<String>,
    /// The policy includes all users. Exclusions are listed below.
    pub(crate) includes_all_users: bool,
    pub(crate) excluded_users: Vec<String>,
    pub(crate) excluded_groups: Vec<String>,
    pub(crate) excluded_roles: Vec<EntraRole>,
    pub(crate) excludes_guests: bool,
    /// Graph names of the conditions outside of which the policy does not apply.
    pub(crate) narrowing_conditions: Vec<String>,
    /// The policy blocks access.
    pub(crate) blocks_access: bool,
    /// Graph names of the grant controls that satisfy the policy instead of the authentication strength.
    pub(crate) alternative_controls: Vec<String>,
    pub(crate) allowed_combinations: Vec<MethodCombination>,
    pub(crate) frequency: SignInFrequency,
}

/// Returns true if nothing is set: `null`, empty, or the text `none`. Annotations (names with `@`) are ignored.
fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.iter().all(|(name, value)| name.contains('@') || is_unset(value)),
        Value::String(text) => text.is_empty() || text.eq_ignore_ascii_case("none"),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Returns the strings of a JSON array.
fn string_list(value: &Value) -> Vec<String> {
    value_list(value)
}

/// Returns the values of a JSON array of strings. Anything else in it is ignored.
fn value_list<T: From<String>>(value: &Value) -> Vec<T> {
    value.as_array().into_iter().flatten().filter_map(parse_value).collect()
}

/// Returns a value that is a string. `None` for anything else, also `null`.
fn parse_value<T: From<String>>(value: &Value) -> Option<T> {
    value.as_str().map(|text| text.to_owned().into())
}

/// Returns true if a pair such as `includeLocations` and `excludeLocations` covers everything.
fn covers_all(condition: &Value, include: &str, exclude: &str) -> bool {
    let all = string_list(&condition[include]).iter().any(|word| word.eq_ignore_ascii_case("all"));
    is_unset(condition) || all && is_unset(&condition[exclude])
}

/// Returns the properties that are set, without annotations.
fn set_fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).filter(|(name, value)| !name.contains('@') && !is_unset(value))
}

/// Returns the names of all conditions that are set and not known to be harmless.
fn find_narrowing_conditions(policy: &Value) -> Vec<String> {
    let conditions = &policy["conditions"];
    let mut found = Vec::new();
    for (name, value) in set_fields(conditions) {
        let harmless = match name.as_str() {
            "users" | "applications" => true,
            // Entra treats a web application as a browser.
            "clientAppTypes" => string_list(value).iter().any(|word| word == "all" || word == "browser"),
            "platforms" => covers_all(value, "includePlatforms", "excludePlatforms"),
            "locations" => covers_all(value, "includeLocations", "excludeLocations"),
            _ => false,
        };
        if !harmless {
            found.push(name.clone());
        }
    }
    let apps = ["includeApplications", "excludeApplications", "includeUserActions"];
    let apps = set_fields(&conditions["applications"])
        .filter(|(name, _)| *name != "includeAuthenticationContextClassReferences" && !apps.contains(&name.as_str()));
    found.extend(apps.map(|(name, _)| name.clone()));
    let known = ["Users", "Groups", "Roles", "GuestsOrExternalUsers"];
    let users = set_fields(&conditions["users"]).filter(|(name, _)| {
        !known.iter().any(|known| name.strip_prefix("include").or_else(|| name.strip_prefix("exclude")) == Some(known))
    });
    found.extend(users.map(|(name, _)| name.clone()));
    if !is_unset(&policy["partialEnablementStrategy"]) {
        found.push("partialEnablementStrategy".to_owned());
    }
    found
}

/// Returns the controls that satisfy the policy alone, because they are joined to the strength by `OR`.
fn find_alternative_controls(controls: &Value) -> Vec<String> {
    if parse_value(&controls["operator"]) != Some(GrantOperator::OneOf) {
        return Vec::new();
    }
    let mut found = string_list(&controls["builtInControls"]);
    for list in ["customAuthenticationFactors", "termsOfUse"] {
        if !is_unset(&controls[list]) {
            found.push(list.to_owned());
        }
    }
    found
}

/// Returns the value at a JSON pointer, or `null` if it is missing, as Graph treats both alike.
fn pointer_or_null<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn parse_sign_in_frequency(session: &Value) -> SignInFrequency {
    let frequency = &session["signInFrequency"];
    let every = frequency["isEnabled"] == Value::Bool(true)
        && parse_value(&frequency["frequencyInterval"]) == Some(FrequencyInterval::EveryTime)
        && parse_value(&frequency["authenticationType"]) != Some(FrequencyFactors::Secondary);
    if every { SignInFrequency::EveryTime } else { SignInFrequency::Other }
}

fn parse_policy(policy: &Value) -> ConditionalAccessPolicy {
    let (users, controls) = (pointer_or_null(policy, "/conditions/users"), &policy["grantControls"]);
    let (guests, excluded_people): (Vec<_>, Vec<_>) =
        string_list(&users["excludeUsers"]).into_iter().partition(|who| who == "GuestsOrExternalUsers");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ConditionalAccessPolicy {
        name: text(&policy["displayName"]),
        state: text(&policy["state"]).into(),
        contexts: string_list(pointer_or_null(
            policy,
            "/conditions/applications/includeAuthenticationContextClassReferences",
        )),
        includes_all_users: string_list(&users["includeUsers"]).iter().any(|who| who == "All"),
        excluded_users: excluded_people,
        excluded_groups: string_list(&users["excludeGroups"]),
        excluded_roles: value_list(&users["excludeRoles"]),
        excludes_guests: !guests.is_empty() || !is_unset(&users["excludeGuestsOrExternalUsers"]),
        narrowing_conditions: find_narrowing_conditions(policy),
        blocks_access: value_list(&controls["builtInControls"]).contains(&GrantControl::Block),
        alternative_controls: find_alternative_controls(controls),
        allowed_combinations: value_list(pointer_or_null(controls, "/authenticationStrength/allowedCombinations")),
        frequency: parse_sign_in_frequency(&policy["sessionControls"]),
    }
}

impl GraphClient {
    /// Fetches all Conditional Access policies. Microsoft allows one request per second and tenant.
    pub(crate) async fn fetch_policies(&self) -> Result<Vec<ConditionalAccessPolicy>, GraphError> {
        let found: Vec<Value> = self.get_all_pages(self.url(&["identity", "conditionalAccess", "policies"])).await?;
        Ok(found.iter().map(parse_policy).collect())
    }
}

#[cfg(test)]
pub(crate) fn parse_policy_for_test(policy: &Value) -> ConditionalAccessPolicy {
    parse_policy(policy)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

    /// Policy as Graph returns it, with everything that is not set present as `null` or empty.
    fn policy_json() -> Value {
        json!({
            "id": "1", "templateId": null, "displayName": "Reset", "state": "enabled", "partialEnablementStrategy": null,
            "conditions": {
                "userRiskLevels": [], "signInRiskLevels": [], "servicePrincipalRiskLevels": [], "insiderRiskLevels": null,
                "clientAppTypes": ["all"], "platforms": null, "locations": null, "times": null, "clients": null,
                "deviceStates": null, "devices": null, "authenticationFlows": null,
                "clientApplications": { "includeServicePrincipals": [], "servicePrincipalFilter": null },
                "applications": {
                    "includeApplications": [], "excludeApplications": [], "includeUserActions": [],
                    "includeAuthenticationContextClassReferences": ["c1"], "applicationFilter": null, "networkAccess": null,
                },
                "users": {
                    "includeUsers": ["All"], "excludeUsers": [], "includeGroups": [], "excludeGroups": [],
                    "includeRoles": [], "excludeRoles": [], "includeGuestsOrExternalUsers": null,
                    "excludeGuestsOrExternalUsers": null,
                },
            },
            "grantControls": {
                "operator": "OR", "builtInControls": [], "customAuthenticationFactors": [], "termsOfUse": [],
                "authenticationStrength@odata.context": "https://graph.microsoft.com/…",
                "authenticationStrength": { "id": "5", "allowedCombinations": ["fido2", "deviceBasedPush"] },
            },
            "sessionControls": {
                "persistentBrowser": null,
                "signInFrequency": { "isEnabled": true, "value": null, "type": null, "frequencyInterval": "everyTime",
                    "authenticationType": "primaryAndSecondaryAuthentication" },
            },
        })
    }

    fn policy_with(at: &str, value: Value) -> ConditionalAccessPolicy {
        let mut policy = policy_json();
        let (parent, name) = at.rsplit_once('/').unwrap();
        policy.pointer_mut(parent).unwrap()[name] = value;
        parse_policy(&policy)
    }

    #[test]
    fn policy_values_keep_their_text() {
        check_wire_values::<PolicyState>();
        check_wire_values::<FrequencyInterval>();
        check_wire_values::<FrequencyFactors>();
        check_wire_values::<GrantControl>();
        check_wire_values::<GrantOperator>();
        assert!(accepts_any_case::<FrequencyInterval>() && accepts_any_case::<FrequencyFactors>());
        assert!(!accepts_any_case::<PolicyState>() && !accepts_any_case::<GrantOperator>());
    }

    #[test]
    fn missing_state_and_strength_are_readable() {
        for nothing in [Value::Null, json!(7), json!([])] {
            assert_eq!(policy_with("/state", nothing.clone()).state, PolicyState::Other(String::new()));
            assert_eq!(policy_with("/grantControls", nothing).allowed_combinations, []);
        }
        assert_eq!(policy_with("/state", json!("Enabled")).state, PolicyState::Other("Enabled".to_owned()));
        let roles = policy_with("/conditions/users/excludeRoles", json!(["62e90394-69f5-4237-9190-012177145e10", "x"]));
        assert_eq!(roles.excluded_roles, [EntraRole::GlobalAdministrator, EntraRole::Other("x".to_owned())]);
    }

    #[test]
    fn unset_conditions_do_not_narrow_policy() {
        let policy = parse_policy(&policy_json());
        assert_eq!(policy.narrowing_conditions, Vec::<String>::new());
        assert!(
            policy.includes_all_users
                && !policy.blocks_access
                && policy.alternative_controls.is_empty()
                && !policy.excludes_guests
        );
        assert_eq!((policy.frequency, policy.contexts), (SignInFrequency::EveryTime, vec!["c1".to_owned()]));
    }

    #[test]
    fn narrowing_condition_is_named() {
        for (at, value) in [
            ("/conditions/locations", json!({ "includeLocations": ["All"], "excludeLocations": ["AllTrusted"] })),
            ("/conditions/locations", json!({ "includeLocations": ["77"], "excludeLocations": [] })),
            ("/conditions/platforms", json!({ "includePlatforms": ["android", "iOS"], "excludePlatforms": [] })),
            ("/conditions/platforms", json!({ "includePlatforms": ["all"], "excludePlatforms": ["windows"] })),
            (
                "/conditions/devices",
                json!({ "deviceFilter": { "mode": "exclude", "rule": "device.isCompliant -eq True" } }),
            ),
            ("/conditions/clientAppTypes", json!(["mobileAppsAndDesktopClients"])),
            ("/conditions/userRiskLevels", json!(["high"])),
            ("/conditions/signInRiskLevels", json!(["medium", "high"])),
            ("/conditions/servicePrincipalRiskLevels", json!(["high"])),
            ("/conditions/insiderRiskLevels", json!("elevated")),
            ("/conditions/authenticationFlows", json!({ "transferMethods": "deviceCodeFlow" })),
            ("/conditions/times", json!({ "includedRanges": [{ "startTime": "1" }] })),
            ("/conditions/somethingNew", json!({ "mode": "on" })),
            ("/conditions/applications/applicationFilter", json!({ "mode": "include", "rule": "x" })),
            ("/conditions/users/excludeSomethingNew", json!(["x"])),
            ("/partialEnablementStrategy", json!({ "percentage": 10 })),
        ] {
            let name = at.rsplit('/').next().unwrap();
            assert_eq!(policy_with(at, value).narrowing_conditions, [name], "{at}");
        }
        for (at, value) in [
            ("/conditions/locations", json!({ "includeLocations": ["All"], "excludeLocations": [] })),
            ("/conditions/platforms", json!({ "includePlatforms": ["all"], "excludePlatforms": null })),
            ("/conditions/clientAppTypes", json!(["browser", "mobileAppsAndDesktopClients"])),
            ("/conditions/authenticationFlows", json!({ "transferMethods": "none" })),
        ] {
            assert_eq!(policy_with(at, value).narrowing_conditions, Vec::<String>::new(), "{at}");
        }
    }

    #[test]
    fn other_control_joined_by_or_replaces_strength() {
        assert_eq!(
            policy_with("/grantControls/builtInControls", json!(["compliantDevice"])).alternative_controls,
            ["compliantDevice"]
        );
        assert_eq!(policy_with("/grantControls/termsOfUse", json!(["1"])).alternative_controls, ["termsOfUse"]);
        let mut both = policy_json();
        both["grantControls"]["builtInControls"] = json!(["compliantDevice"]);
        both["grantControls"]["operator"] = json!("AND");
        assert!(parse_policy(&both).alternative_controls.is_empty(), "both are asked for");
        assert!(policy_with("/grantControls/builtInControls", json!(["block"])).blocks_access);
    }

    #[test]
    fn both_forms_of_guest_exclusion_are_detected() {
        assert!(policy_with("/conditions/users/excludeUsers", json!(["GuestsOrExternalUsers"])).excludes_guests);
        let some = json!({ "guestOrExternalUserTypes": "b2bCollaborationGuest", "externalTenants": null });
        assert!(policy_with("/conditions/users/excludeGuestsOrExternalUsers", some).excludes_guests);
        let people = policy_with("/conditions/users/excludeUsers", json!(["GuestsOrExternalUsers", "u1"]));
        assert_eq!(people.excluded_users, ["u1"]);
    }

    #[test]
    fn other_sign_in_frequency_is_not_every_time() {
        let at = "/sessionControls/signInFrequency";
        for other in [
            Value::Null,
            json!({ "isEnabled": false, "frequencyInterval": "everyTime" }),
            json!({ "isEnabled": true, "frequencyInterval": "timeBased", "value": 1, "type": "hours" }),
            json!({ "isEnabled": true, "frequencyInterval": "everyTime", "authenticationType": "secondaryAuthentication" }),
        ] {
            assert_eq!(policy_with(at, other).frequency, SignInFrequency::Other);
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            "[a-zA-Z]{0,8}".prop_map(Value::String)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::hash_map(
                    "(conditions|users|grantControls|operator|locations|[a-z]{1,6})",
                    inner,
                    0..4
                )
                .prop_map(|all| Value::Object(all.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// One unusual policy must not make the others unreadable.
        #[test]
        fn arbitrary_json_does_not_panic(policy in any_json()) {
            let _ = parse_policy(&policy);
        }
    }
}
