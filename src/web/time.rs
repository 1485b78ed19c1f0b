//! Times and spans for people. Absolute times are UTC and say so; scripts make them local.

use jiff::{SignedDuration, Timestamp};

use super::messages::Lang;

/// `14:05:09 UTC`.
pub(crate) fn clock_time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S UTC").to_string()
}

/// `23 Nov 2026, 14:05 UTC`, as the language puts it. By reference: templates hand over what they hold.
pub(crate) fn moment(lang: &Lang, at: &Timestamp) -> String {
    let part = |format: &str| at.strftime(format).to_string();
    let values = [("day", part("%-d")), ("month", part("%-m")), ("year", part("%Y")), ("time", part("%H:%M UTC"))];
    lang.with("moment", &values.each_ref().map(|(name, value)| (*name, value.as_str())))
}

/// "12 seconds", "3 minutes", "2 hours": rounded up, so that nobody comes back too early.
pub(crate) fn duration(lang: &Lang, span: SignedDuration) -> String {
    let seconds = (span.as_millis().max(0) + 999) / 1_000;
    let (key, amount) = match seconds {
        0..=89 => ("span-seconds", seconds.max(1)),
        90..=5_399 => ("span-minutes", (seconds + 59) / 60),
        _ => ("span-hours", (seconds + 3_599) / 3_600),
    };
    lang.with(key, &[("n", &amount.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_say_them() {
        let said = |s| duration(&Lang::english(), SignedDuration::from_secs(s));
        assert_eq!(said(0), "1 second");
        assert_eq!(said(20), "20 seconds");
        assert_eq!(said(100), "2 minutes");
        assert_eq!(said(7_200), "2 hours");
    }
}
