//! Graph resource `user`: a person, the search for people, a manager, and the number of users.

use jiff::Timestamp;
use serde::Deserialize;

use super::graph::GraphClient;
use super::graph_error::GraphError;
use super::wire_value::wire_enum;
use crate::base::ObjectId;

/// Properties of a user that are requested (`$select`).
const USER_FIELDS: &str = "id,displayName,userPrincipalName,accountEnabled,userType,onPremisesSyncEnabled,onPremisesDomainName,\
                      onPremisesLastSyncDateTime,onPremisesSamAccountName,onPremisesSecurityIdentifier,lastPasswordChangeDateTime,isManagementRestricted,preferredLanguage,givenName,surname,mail,otherMails,mobilePhone,businessPhones";
const USER_SUMMARY_FIELDS: &str = "id,displayName,userPrincipalName";
/// Maximum length of a search text, which is a name or an address. A user principal name in Entra has at most 113
/// characters.
const MAX_SEARCH_CHARS: usize = 120;
/// Maximum number of people shown for one search. One more is requested to detect that there are more.
pub(crate) const MAX_SEARCH_RESULTS: usize = 20;

wire_enum! {
    /// Kind of account (`userType`).
    UserType, exact {
        Member = "Member",
        Guest = "Guest",
    }
}

/// User (Graph `user`).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphUser {
    pub(crate) id: ObjectId,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    pub(crate) user_principal_name: String,
    #[serde(default)]
    pub(crate) given_name: Option<String>,
    #[serde(default)]
    pub(crate) surname: Option<String>,
    #[serde(default)]
    pub(crate) account_enabled: Option<bool>,
    #[serde(default)]
    pub(crate) user_type: Option<UserType>,
    #[serde(default)]
    pub(crate) on_premises_sync_enabled: Option<bool>,
    #[serde(default)]
    pub(crate) on_premises_domain_name: Option<String>,
    #[serde(default)]
    pub(crate) on_premises_last_sync_date_time: Option<Timestamp>,
    #[serde(default)]
    pub(crate) on_premises_sam_account_name: Option<String>,
    #[serde(default)]
    pub(crate) on_premises_security_identifier: Option<String>,
    #[serde(default)]
    pub(crate) is_management_restricted: Option<bool>,
    /// Has a resolution of one second.
    #[serde(default)]
    pub(crate) last_password_change_date_time: Option<Timestamp>,
    #[serde(default)]
    pub(crate) preferred_language: Option<String>,
    #[serde(default)]
    pub(crate) mail: Option<String>,
    #[serde(default)]
    pub(crate) other_mails: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) mobile_phone: Option<String>,
    #[serde(default)]
    pub(crate) business_phones: Option<Vec<String>>,
}

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
    /// Fetches a user by object id.
    pub(crate) async fn fetch_user(&self, id: ObjectId) -> Result<GraphUser, GraphError> {
        let mut url = self.url(&["users", &id.to_string()]);
        url.query_pairs_mut().append_pair("$select", USER_FIELDS);
        self.get_json(url).await
    }

    /// Returns the number of users in the tenant. The default hourly reset limit is a share of it.
    pub(crate) async fn count_users(&self) -> Result<i64, GraphError> {
        self.get_json(self.url(&["users", "$count"])).await
    }

    /// Searches users by the beginning of a name, or by a complete user principal name or mail address.
    ///
    /// Returns at most [`MAX_SEARCH_RESULTS`] + 1 users.
    pub(crate) async fn search_users(&self, typed: &str) -> Result<Vec<UserSummary>, GraphError> {
        let Some(filter) = build_user_filter(typed) else { return Ok(Vec::new()) };
        let mut url = self.url(&["users"]);
        let top = (MAX_SEARCH_RESULTS + 1).to_string();
        url.query_pairs_mut().extend_pairs([("$select", USER_SUMMARY_FIELDS), ("$filter", &filter), ("$top", &top)]);
        self.get_first_page(url).await
    }

    /// Fetches a user's manager. `None` if there is none.
    pub(crate) async fn fetch_manager(&self, id: ObjectId) -> Result<Option<UserSummary>, GraphError> {
        let mut url = self.url(&["users", &id.to_string(), "manager"]);
        url.query_pairs_mut().append_pair("$select", USER_SUMMARY_FIELDS);
        self.get_json_if_found(url).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

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
    fn user_type_is_optional_and_compared_exactly() {
        check_wire_values::<UserType>();
        assert!(!accepts_any_case::<UserType>());
        let parse = |user_type: serde_json::Value| {
            let mut user = json!({ "id": "00000000-0000-4000-8000-000000000001", "userPrincipalName": "a@b" });
            if user_type != json!("missing") {
                user["userType"] = user_type;
            }
            serde_json::from_value::<GraphUser>(user).unwrap().user_type
        };
        assert_eq!((parse(json!(null)), parse(json!("missing"))), (None, None));
        assert_eq!(parse(json!("Guest")), Some(UserType::Guest));
        assert_eq!(parse(json!("guest")), Some(UserType::Other("guest".to_owned())));
    }
}
