//! Graph resource `riskyUser`: a person's risk in Identity Protection.

use jiff::Timestamp;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::graph::GraphClient;
use super::graph_error::GraphError;
use super::wire_value::wire_enum;
use crate::base::ObjectId;
use crate::config::RiskLevel;

wire_enum! {
    /// Level of a person's risk (`riskLevel`).
    UserRiskLevel, exact {
        Low = "low",
        Medium = "medium",
        High = "high",
        /// The tenant's licence does not include the level.
        Hidden = "hidden",
        NoRisk = "none",
    }
}

wire_enum! {
    /// State of a person's risk (`riskState`).
    UserRiskState, exact {
        AtRisk = "atRisk",
        ConfirmedCompromised = "confirmedCompromised",
        Remediated = "remediated",
        Dismissed = "dismissed",
        ConfirmedSafe = "confirmedSafe",
        NoRisk = "none",
    }
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
    #[serde(rename = "riskLevel", default)]
    pub(crate) level: Option<UserRiskLevel>,
    #[serde(rename = "riskState", default)]
    pub(crate) state: Option<UserRiskState>,
    #[serde(rename = "riskLastUpdatedDateTime", default)]
    pub(crate) updated_at: Option<Timestamp>,
}

impl RiskyUser {
    /// Returns true if the risk is open: not remediated, dismissed or confirmed safe.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.state, Some(UserRiskState::AtRisk | UserRiskState::ConfirmedCompromised))
    }

    /// Returns true if the risk is active and at `level` or above.
    ///
    /// A confirmed compromise and a level that is hidden or unknown count as high: a hidden level may be any.
    pub(crate) fn is_at_or_above(&self, level: RiskLevel) -> bool {
        let at = match (&self.state, &self.level) {
            (Some(UserRiskState::ConfirmedCompromised), _) => RiskLevel::High,
            (_, Some(UserRiskLevel::Low)) => RiskLevel::Low,
            (_, Some(UserRiskLevel::Medium)) => RiskLevel::Medium,
            _ => RiskLevel::High,
        };
        self.is_active() && at >= level
    }
}

impl GraphClient {
    /// Fetches a user's entry in Identity Protection. HTTP 403 becomes [`RiskLookup::NotAvailable`].
    pub(crate) async fn fetch_risky_user(&self, id: ObjectId) -> Result<RiskLookup, GraphError> {
        match self.get_json_if_found(self.url(&["identityProtection", "riskyUsers", &id.to_string()])).await {
            Err(GraphError::ErrorResponse(refusal)) if refusal.status == StatusCode::FORBIDDEN => {
                Ok(RiskLookup::NotAvailable)
            }
            read => Ok(read?.map_or(RiskLookup::NotListed, RiskLookup::Listed)),
        }
    }

    /// Dismisses a user's risk in Identity Protection. This changes the entry only and ends no session.
    pub(crate) async fn dismiss_risk(&self, id: ObjectId) -> Result<(), GraphError> {
        let token = self.app_token.access_token().await.map_err(GraphError::Token)?;
        let url = self.url(&["identityProtection", "riskyUsers", "dismiss"]);
        let request = self.unpooled_http.post(url).json(&json!({ "userIds": [id] }));
        self.send_ignoring_body(request, &token).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

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

    #[test]
    fn risk_without_level_counts_as_high_and_without_state_as_closed() {
        check_wire_values::<UserRiskLevel>();
        check_wire_values::<UserRiskState>();
        assert!(!accepts_any_case::<UserRiskLevel>() && !accepts_any_case::<UserRiskState>());
        for empty in [json!({}), json!({ "riskState": null, "riskLevel": null })] {
            let risk: RiskyUser = serde_json::from_value(empty).unwrap();
            assert!(risk.level.is_none() && risk.state.is_none() && !risk.is_active());
        }
        let risk: RiskyUser = serde_json::from_value(json!({ "riskState": "atRisk", "riskLevel": null })).unwrap();
        assert!(risk.is_at_or_above(RiskLevel::High));
    }
}
