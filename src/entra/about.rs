//! Graph requests that describe a person: search by name, manager, registered sign-in methods, risk and roles.
//!
//! Also fetches when the tenant was last synchronised with its directory.

use jiff::Timestamp;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::graph::{GraphClient, GraphError};
use super::reads::GraphPage;
use crate::base::ObjectId;
use crate::config::RiskLevel;

const USER_SUMMARY_FIELDS: &str = "id,displayName,userPrincipalName";
/// Maximum length of a search text, which is a name or an address. A user principal name in Entra has at most 113
/// characters.
const MAX_SEARCH_CHARS: usize = 120;
/// Maximum number of people shown for one search. One more is requested to detect that there are more.
pub(crate) const MAX_SEARCH_RESULTS: usize = 20;

/// Name and id of a user, as search results and managers are shown.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserSummary {
    pub(crate) id: ObjectId,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    /// `None` for a manager who is a contact: a contact has no user principal name and cannot sign in.
    #[serde(default)]
    pub(crate) user_principal_name: Option<String>,
}

/// Sign-in methods a person has registered. The report behind it is hours old.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RegistrationDetails {
    /// Microsoft's method names, such as `passKeyDeviceBound`.
    #[serde(rename = "methodsRegistered")]
    pub(crate) methods: Vec<String>,
    #[serde(rename = "isMfaCapable")]
    pub(crate) mfa_capable: bool,
    #[serde(rename = "isPasswordlessCapable")]
    pub(crate) passwordless_capable: bool,
    #[serde(rename = "lastUpdatedDateTime")]
    pub(crate) updated_at: Option<Timestamp>,
}

/// Result of looking a person up in Identity Protection.
#[derive(Clone, Debug)]
pub(crate) enum RiskLookup {
    /// The application lacks the permission, or the tenant lacks the licence (Entra ID P2).
    NotAvailable,
    /// Identity Protection has no entry for the person: no risk was ever detected.
    NotListed,
    /// Identity Protection has an entry. Its risk may be closed already: see [`RiskyUser::is_active`].
    Listed(RiskyUser),
}

/// Entry of a person in Identity Protection (Graph `riskyUser`).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RiskyUser {
    /// `low`, `medium`, `high`, `hidden` or `none`.
    #[serde(rename = "riskLevel", default)]
    pub(crate) level: Option<String>,
    /// `atRisk`, `confirmedCompromised`, `remediated`, `dismissed`, `confirmedSafe` or `none`.
    #[serde(rename = "riskState", default)]
    pub(crate) state: Option<String>,
    #[serde(rename = "riskLastUpdatedDateTime", default)]
    pub(crate) updated_at: Option<Timestamp>,
}

impl RiskyUser {
    /// Returns true if the risk is open: not remediated, dismissed or confirmed safe.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.state.as_deref(), Some("atRisk" | "confirmedCompromised"))
    }

    /// Returns true if the risk is active and at `level` or above.
    ///
    /// A confirmed compromise and a level that is hidden or unknown count as high: a hidden level may be any.
    pub(crate) fn is_at_or_above(&self, level: RiskLevel) -> bool {
        let at = match (self.state.as_deref(), self.level.as_deref()) {
            (Some("confirmedCompromised"), _) => RiskLevel::High,
            (_, Some("low")) => RiskLevel::Low,
            (_, Some("medium")) => RiskLevel::Medium,
            _ => RiskLevel::High,
        };
        self.is_active() && at >= level
    }
}

/// Response of the registration report. The documentation's example wraps the object in `value`, its schema does not:
/// both are accepted.
#[derive(Deserialize)]
#[serde(untagged)]
enum RegistrationResponse {
    Wrapped { value: RegistrationDetails },
    Plain(RegistrationDetails),
}

/// State of the tenant's synchronisation with its on-premises directory.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationSync {
    #[serde(default)]
    pub(crate) on_premises_sync_enabled: Option<bool>,
    #[serde(default)]
    pub(crate) on_premises_last_sync_date_time: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleDefinition {
    display_name: String,
}

/// Turns HTTP 404 into `None`.
fn none_if_not_found<T>(answer: Result<T, GraphError>) -> Result<Option<T>, GraphError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(GraphError::ErrorResponse(refusal)) if refusal.status == StatusCode::NOT_FOUND => Ok(None),
        Err(error) => Err(error),
    }
}

/// Builds the `$filter` for people whose name begins with the text or whose address equals it.
///
/// Returns `None` for fewer than 2 characters, which would match almost anyone.
/// `startsWith` and `eq` on these properties, joined by `or`, need no advanced query
/// (<https://learn.microsoft.com/graph/aad-advanced-queries>, read 2026-11-24).
fn build_user_filter(typed: &str) -> Option<String> {
    let typed: String = typed.trim().chars().filter(|c| !c.is_control()).take(MAX_SEARCH_CHARS).collect();
    if typed.chars().count() < 2 {
        return None;
    }
    // OData escapes a quote by doubling it. Nothing else ends a string literal.
    let text = typed.replace('\'', "''");
    let begins = ["displayName", "givenName", "surname"].map(|name| format!("startsWith({name},'{text}')"));
    let is = ["userPrincipalName", "mail"].map(|name| format!("{name} eq '{text}'"));
    Some([begins.as_slice(), is.as_slice()].concat().join(" or "))
}

impl GraphClient {
    /// Searches users by the beginning of a name, or by a complete user principal name or mail address.
    ///
    /// Returns at most [`MAX_SEARCH_RESULTS`] + 1 users.
    pub(crate) async fn search_users(&self, typed: &str) -> Result<Vec<UserSummary>, GraphError> {
        let Some(filter) = build_user_filter(typed) else { return Ok(Vec::new()) };
        let mut url = self.url(&["users"]);
        let top = (MAX_SEARCH_RESULTS + 1).to_string();
        url.query_pairs_mut().extend_pairs([("$select", USER_SUMMARY_FIELDS), ("$filter", &filter), ("$top", &top)]);
        let page: GraphPage<UserSummary> = self.get_json(url).await?;
        Ok(page.value)
    }

    /// Fetches a user's manager. `None` if there is none.
    pub(crate) async fn fetch_manager(&self, id: ObjectId) -> Result<Option<UserSummary>, GraphError> {
        let mut url = self.url(&["users", &id.to_string(), "manager"]);
        url.query_pairs_mut().append_pair("$select", USER_SUMMARY_FIELDS);
        none_if_not_found(self.get_json(url).await)
    }

    /// Fetches the sign-in methods a user has registered. `None` if the report has no entry for them.
    pub(crate) async fn fetch_registration(&self, id: ObjectId) -> Result<Option<RegistrationDetails>, GraphError> {
        let url = self.url(&["reports", "authenticationMethods", "userRegistrationDetails", &id.to_string()]);
        let report = none_if_not_found(self.get_json(url).await)?;
        Ok(report.map(|report| match report {
            RegistrationResponse::Wrapped { value } | RegistrationResponse::Plain(value) => value,
        }))
    }

    /// Fetches a user's entry in Identity Protection. HTTP 403 becomes [`RiskLookup::NotAvailable`].
    pub(crate) async fn fetch_risky_user(&self, id: ObjectId) -> Result<RiskLookup, GraphError> {
        let read = self.get_json(self.url(&["identityProtection", "riskyUsers", &id.to_string()])).await;
        if let Err(GraphError::ErrorResponse(refusal)) = &read
            && refusal.status == StatusCode::FORBIDDEN
        {
            return Ok(RiskLookup::NotAvailable);
        }
        Ok(none_if_not_found(read)?.map_or(RiskLookup::NotListed, RiskLookup::Listed))
    }

    /// Dismisses a user's risk in Identity Protection. This changes the entry only and ends no session.
    pub(crate) async fn dismiss_risk(&self, id: ObjectId) -> Result<(), GraphError> {
        let token = self.app_token.access_token().await.map_err(GraphError::Token)?;
        let url = self.url(&["identityProtection", "riskyUsers", "dismiss"]);
        let request = self.unpooled_http.post(url).json(&json!({ "userIds": [id] }));
        self.send_ignoring_body(request, &token).await.map(|_| ())
    }

    /// Fetches the state of the tenant's directory synchronisation.
    pub(crate) async fn fetch_organization_sync(&self) -> Result<OrganizationSync, GraphError> {
        let mut url = self.url(&["organization"]);
        url.query_pairs_mut().append_pair("$select", "id,onPremisesSyncEnabled,onPremisesLastSyncDateTime");
        let page: GraphPage<OrganizationSync> = self.get_json(url).await?;
        page.value.into_iter().next().ok_or_else(|| GraphError::Unreadable("no organization".to_owned()))
    }

    /// Fetches the display name of a role by its template id.
    pub(crate) async fn fetch_role_name(&self, template: &str) -> Result<String, GraphError> {
        let mut url = self.url(&["roleManagement", "directory", "roleDefinitions", template]);
        url.query_pairs_mut().append_pair("$select", "id,displayName");
        let role: RoleDefinition = self.get_json(url).await?;
        Ok(role.display_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_text_cannot_change_filter() {
        let filter = |typed| super::build_user_filter(typed).unwrap();
        assert!(filter(" O'Neil\n").contains("startsWith(displayName,'O''Neil') or "), "{}", filter("O'Neil"));
        assert!(filter("x') or (id ne '").ends_with("mail eq 'x'') or (id ne '''"));
        assert_eq!(filter("ab"), super::build_user_filter(&format!("{}ab\u{7f}", " ".repeat(500))).unwrap());
        assert!(filter(&"'".repeat(100_000)).len() < 2_000);
        assert_eq!((super::build_user_filter(" w "), super::build_user_filter("\u{0}\u{1}\u{2}")), (None, None));
    }

    #[test]
    fn registration_response_parses_wrapped_and_plain() {
        for text in [
            r#"{"value":{"id":"x","methodsRegistered":["fido2"],"isMfaCapable":true}}"#,
            r#"{"id":"x","methodsRegistered":["fido2"],"isMfaCapable":true}"#,
        ] {
            let report: RegistrationResponse = serde_json::from_str(text).unwrap();
            let (RegistrationResponse::Wrapped { value } | RegistrationResponse::Plain(value)) = report;
            assert_eq!((value.methods, value.mfa_capable), (vec!["fido2".to_owned()], true));
        }
    }

    #[test]
    fn risk_is_active_until_closed_and_hidden_level_counts_as_high() {
        let risk = |state: &str, level: &str| -> RiskyUser {
            serde_json::from_value(json!({ "riskState": state, "riskLevel": level })).unwrap()
        };
        let reached = |risk: RiskyUser| {
            [RiskLevel::Low, RiskLevel::Medium, RiskLevel::High].map(|level| risk.is_at_or_above(level))
        };
        assert_eq!(reached(risk("atRisk", "low")), [true, false, false]);
        assert_eq!(reached(risk("atRisk", "medium")), [true, true, false]);
        for (state, level) in [("atRisk", "high"), ("atRisk", "hidden"), ("confirmedCompromised", "low")] {
            assert_eq!(reached(risk(state, level)), [true; 3], "{state} {level}");
        }
        for over in ["remediated", "dismissed", "confirmedSafe", "none", "unknownFutureValue"] {
            assert_eq!(reached(risk(over, "high")), [false; 3], "{over}");
        }
    }
}
