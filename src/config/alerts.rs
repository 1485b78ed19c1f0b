//! Configures the detectors of security alerts: thresholds and working hours.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use serde::Deserialize;

/// Thresholds of the security alerts (`[helpdesk.alarms]`); 0 switches a detector off.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertConfig {
    /// Interval of the alert scan, in seconds.
    pub every_seconds: u64,
    /// Number of people on whom one agent works within an hour.
    pub people_per_agent: usize,
    /// Number of agents who work on one person within a day.
    pub agents_per_person: usize,
    /// Number of failed resets of one person that are followed by a successful one within an hour of the first failure.
    /// Passwords that break a rule are not counted: choosing another password is no attack.
    pub failures: usize,
    /// Number of minutes after a reset within which a new sign-in method of the person raises an alert.
    pub method_minutes: i64,
    /// Working hours of staff, such as `07:00-19:00`. Their actions on a person at other times raise an alert. Default:
    /// any time.
    pub working_hours: Option<WorkingHours>,
    /// Working days of staff: `mon` to `sun`.
    pub working_days: Vec<WorkingDay>,
    /// Time zone of the working hours, such as `Europe/Berlin`.
    pub time_zone: IanaTimeZone,
}

impl Default for AlertConfig {
    fn default() -> Self {
        Self {
            every_seconds: 60,
            people_per_agent: 20,
            agents_per_person: 3,
            failures: 3,
            method_minutes: 60,
            working_hours: None,
            working_days: vec![WorkingDay::Mon, WorkingDay::Tue, WorkingDay::Wed, WorkingDay::Thu, WorkingDay::Fri],
            time_zone: IanaTimeZone(TimeZone::UTC),
        }
    }
}

impl AlertConfig {
    /// Returns true outside the working hours. A span over midnight belongs to the day on which it begins.
    pub(crate) fn is_outside_working_hours(&self, at: Timestamp) -> bool {
        let Some(hours) = self.working_hours else { return false };
        let local = at.to_zoned(self.time_zone.0.clone()).datetime();
        let works = |day: civil::Date| self.working_days.iter().any(|d| d.weekday() == day.weekday());
        let (today, time) = (local.date(), local.time());
        let working = if hours.from <= hours.to {
            works(today) && (hours.from..hours.to).contains(&time)
        } else {
            works(today) && time >= hours.from || today.yesterday().is_ok_and(works) && time < hours.to
        };
        !working
    }
}

/// Span of a day in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct WorkingHours {
    from: Time,
    to: Time,
}

impl TryFrom<String> for WorkingHours {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = |part: &str| Time::strptime("%H:%M", part.trim()).ok();
        let parts = text.split_once('-').and_then(|(from, to)| Some(Self { from: read(from)?, to: read(to)? }));
        parts.ok_or_else(|| format!("{text:?} is not a span of hours such as 07:00-19:00"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkingDay {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl WorkingDay {
    fn weekday(self) -> Weekday {
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

/// Time zone by its IANA name.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct IanaTimeZone(TimeZone);

impl TryFrom<String> for IanaTimeZone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        TimeZone::get(&name).map(Self).map_err(|_| format!("{name:?} is not a time zone such as Europe/Berlin"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_alerts(text: &str) -> AlertConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn working_hours_follow_time_zone_and_weekdays() {
        let odd = |alarms: &AlertConfig, at: &str| alarms.is_outside_working_hours(at.parse().unwrap());
        let none = AlertConfig::default();
        assert!(!odd(&none, "2026-11-22T03:00:00Z"));
        let berlin = parse_alerts("working_hours = \"07:00-19:00\"\ntime_zone = \"Europe/Berlin\"");
        // A Monday in winter: 07:00 in Berlin is 06:00 UTC.
        assert!(odd(&berlin, "2026-11-23T05:59:59Z"));
        assert!(!odd(&berlin, "2026-11-23T06:00:00Z"));
        assert!(odd(&berlin, "2026-11-23T18:00:00Z"));
        assert!(odd(&berlin, "2026-11-22T12:00:00Z"), "a Sunday");
        // In summer, 07:00 in Berlin is 05:00 UTC.
        assert!(!odd(&berlin, "2026-07-06T05:00:00Z"));
        let night = parse_alerts("working_hours = \"22:00-06:00\"\nworking_days = [\"fri\"]");
        assert!(!odd(&night, "2026-11-20T23:00:00Z") && !odd(&night, "2026-11-21T05:59:00Z"), "Friday's night");
        assert!(odd(&night, "2026-11-20T05:00:00Z") && odd(&night, "2026-11-21T06:00:00Z"));
    }

    #[test]
    fn invalid_alert_settings_are_rejected() {
        for text in [
            "working_hours = \"7 to 19\"",
            "working_hours = \"07:00\"",
            "time_zone = \"Contoso/Berlin\"",
            "working_days = [\"monday\"]",
            "people_per_agent = -1",
            "thresholds = 3",
        ] {
            assert!(toml::from_str::<AlertConfig>(text).is_err(), "{text}");
        }
    }
}
