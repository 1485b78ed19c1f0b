//! Formats times and durations for people. Absolute times are in UTC and say so; scripts convert them to local time.

use jiff::{SignedDuration, Timestamp};

use super::catalogue::Lang;

/// Formats a time such as `14:05:09 UTC`.
pub(crate) fn format_time(lang: &Lang, at: Timestamp) -> String {
    lang.localise_digits(&at.strftime("%H:%M:%S UTC").to_string())
}

/// Formats a timestamp such as `23 Nov 2026, 14:05 UTC` in the language. Takes a reference, because templates pass
/// fields.
pub(crate) fn format_timestamp(lang: &Lang, at: &Timestamp) -> String {
    let part = |format: &str| at.strftime(format).to_string();
    let digits = |format: &str| lang.localise_digits(&part(format));
    let values =
        [("day", digits("%-d")), ("month", part("%-m")), ("year", digits("%Y")), ("time", digits("%H:%M UTC"))];
    lang.text_with("moment", &values.each_ref().map(|(name, value)| (*name, value.as_str())))
}

/// Formats a duration such as "12 seconds", "3 minutes" or "2 hours". It is rounded up, so that people do not return
/// too early.
pub(crate) fn format_duration(lang: &Lang, span: SignedDuration) -> String {
    let seconds = (span.as_millis().max(0) + 999) / 1_000;
    let (key, amount) = match seconds {
        0..=89 => ("span-seconds", seconds.max(1)),
        90..=5_399 => ("span-minutes", (seconds + 59) / 60),
        _ => ("span-hours", (seconds + 3_599) / 3_600),
    };
    lang.text_with(key, &[("n", &amount.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_up_to_one_unit() {
        let text = |s| format_duration(&Lang::english(), SignedDuration::from_secs(s));
        assert_eq!(text(0), "1 second");
        assert_eq!(text(20), "20 seconds");
        assert_eq!(text(100), "2 minutes");
        assert_eq!(text(7_200), "2 hours");
    }

    #[test]
    fn numbers_follow_the_language_format() {
        let years = SignedDuration::from_hours(12_345);
        for (language, number) in [
            ("en", "12,345"),
            ("de", "12.345"),
            ("fr", "12\u{202f}345"),
            ("es", "12.345"),
            ("pt-BR", "12.345"),
            ("ja", "12,345"),
            ("ar", "١٢٬٣٤٥"),
        ] {
            let lang = Lang::from_name(language).unwrap();
            let text = format_duration(&lang, years);
            assert!(text.contains(number), "{language}: {text}");
        }
    }

    #[test]
    fn dates_use_language_digits_without_grouping() {
        let at: Timestamp = "2026-11-23T14:05:09Z".parse().unwrap();
        for (language, year, time) in [("en", "2026", "14:05"), ("de", "2026", "14:05"), ("ar", "٢٠٢٦", "١٤:٠٥")]
        {
            let lang = Lang::from_name(language).unwrap();
            let text = format_timestamp(&lang, &at);
            assert!(text.contains(year) && text.contains(&format!("{time} UTC")), "{language}: {text}");
            assert!(format_time(&lang, at).starts_with(time), "{language}");
        }
    }
}
