//! What is made of Microsoft's risk about a person. Needs Entra ID P2 and the permission IdentityRiskyUser.Read.All.

use serde::Deserialize;

/// Off without this section; with it, whoever is at risk is told before they choose a password.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RiskSettings {
    /// From this level on a reset takes a grant of the desk first: `low`, `medium` or `high`. Default: none does.
    pub approval_from: Option<RiskLevel>,
}

/// Microsoft's levels, in their order.
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
    fn a_level_has_a_place_among_the_others() {
        let read = |text: &str| toml::from_str::<RiskSettings>(text).unwrap().approval_from;
        assert_eq!((read(""), read("approval_from = \"medium\"")), (None, Some(RiskLevel::Medium)));
        assert!(RiskLevel::Low < RiskLevel::Medium && RiskLevel::Medium < RiskLevel::High);
        assert!(toml::from_str::<RiskSettings>("approval_from = \"hidden\"").is_err());
    }
}
