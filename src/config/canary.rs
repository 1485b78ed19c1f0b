//! Configures the canary reset: a scheduled real reset of a test account, which proves that password writeback works
//! before a person needs it.

use serde::Deserialize;

use super::error::ConfigError;

/// Settings of the canary reset (`[canary]`). Without this section there is none.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanaryConfig {
    /// User principal name of the test account: synchronised, without any role, and used by no person.
    pub person: String,
    /// Interval in hours. Default 24. It must not be shorter than the minimum password age of the account.
    #[serde(default = "default_hours")]
    pub every_hours: i64,
    /// Number of consecutive failures after which the canary stops until someone resumes it. Default 3.
    #[serde(default = "default_stop")]
    pub stop_after: i64,
    /// Seconds from the request to Microsoft's result from which people read that resets are slow. Default 60.
    #[serde(default = "default_slow")]
    pub slow_seconds: i64,
}

fn default_hours() -> i64 {
    24
}

fn default_stop() -> i64 {
    3
}

fn default_slow() -> i64 {
    60
}

pub(super) fn validate_canary(canary: &CanaryConfig) -> Result<(), ConfigError> {
    if !canary.person.contains('@') {
        return Err(ConfigError::invalid_value("canary.person", "must be the user principal name of the test account"));
    }
    for (key, value, most) in [
        ("canary.every_hours", canary.every_hours, 24 * 31),
        ("canary.stop_after", canary.stop_after, 100),
        ("canary.slow_seconds", canary.slow_seconds, 86_400),
    ] {
        if !(1..=most).contains(&value) {
            return Err(ConfigError::invalid_value(key, format!("must be between 1 and {most}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_canary_settings_are_rejected() {
        let read = |text: &str| validate_canary(&toml::from_str(text).unwrap());
        read("person = \"canary@contoso.example\"").unwrap();
        for (text, names) in [
            ("person = \"canary\"", "canary.person"),
            ("person = \"c@x\"\nevery_hours = 0", "canary.every_hours"),
            ("person = \"c@x\"\nstop_after = -1", "canary.stop_after"),
            ("person = \"c@x\"\nslow_seconds = 0", "canary.slow_seconds"),
        ] {
            assert!(read(text).unwrap_err().to_string().contains(names), "{names}");
        }
        assert!(
            toml::from_str::<CanaryConfig>("person = \"c@x\"\npassword = \"x\"").is_err(),
            "the section has no password"
        );
    }
}
