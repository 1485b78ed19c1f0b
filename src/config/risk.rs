//! Configures the use of Entra's user risk. It needs Entra ID P2 and the permission IdentityRiskyUser.Read.All.

use serde::Deserialize;

/// Settings of user risk (`[risk]`). Without this section risk is not read. With it, a person at risk is informed
/// before they choose a password.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RiskConfig {
    /// Level from which a reset requires a grant of the helpdesk: `low`, `medium` or `high`. Default: no level does.
    pub approval_from: Option<RiskLevel>,
}

/// Entra's levels of user risk, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RiskLevel {
    Low,
    Medium,
    High,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risk_levels_are_ordered() {
        let read = |text: &str| toml::from_str::<RiskConfig>(text).unwrap().approval_from;
        assert_eq!((read(""), read("approval_from = \"medium\"")), (None, Some(RiskLevel::Medium)));
        assert!(RiskLevel::Low < RiskLevel::Medium && RiskLevel::Medium < RiskLevel::High);
        assert!(toml::from_str::<RiskConfig>("approval_from = \"hidden\"").is_err());
    }
}
