//! The canary: a scheduled real reset of a test account, which proves the way to the directory before a person needs it.

use serde::Deserialize;

use super::ConfigError;

/// Off without this section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The test account, by its user principal name: synchronised, without any role, nobody's own.
    pub person: String,
    /// How often, in hours. Default 24; where a minimum password age counts, not more often.
    #[serde(default = "default_hours")]
    pub every_hours: i64,
    /// After so many failures one after another it stops until somebody tries it again. Default 3.
    #[serde(default = "default_stop")]
    pub stop_after: i64,
    /// From this many seconds on, from the request to Microsoft's word, people read that it is slow. Default 60.
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

pub(super) fn check(canary: &Canary) -> Result<(), ConfigError> {
    if !canary.person.contains('@') {
        return Err(ConfigError::value("canary.person", "must be the user principal name of the test account"));
    }
    for (key, value, most) in [
        ("canary.every_hours", canary.every_hours, 24 * 31),
        ("canary.stop_after", canary.stop_after, 100),
        ("canary.slow_seconds", canary.slow_seconds, 86_400),
    ] {
        if !(1..=most).contains(&value) {
            return Err(ConfigError::value(key, "must be more than zero and not absurdly much"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_named_and_rare_enough() {
        let read = |text: &str| check(&toml::from_str(text).unwrap());
        read("person = \"canary@contoso.example\"").unwrap();
        for (text, names) in [
            ("person = \"canary\"", "canary.person"),
            ("person = \"c@x\"\nevery_hours = 0", "canary.every_hours"),
            ("person = \"c@x\"\nstop_after = -1", "canary.stop_after"),
            ("person = \"c@x\"\nslow_seconds = 0", "canary.slow_seconds"),
        ] {
            assert!(read(text).unwrap_err().to_string().contains(names), "{names}");
        }
        assert!(toml::from_str::<Canary>("person = \"c@x\"\npassword = \"x\"").is_err(), "there is none to keep");
    }
}
