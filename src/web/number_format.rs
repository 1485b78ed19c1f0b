//! Formats numbers by CLDR: the digits and the thousands separator of a language.

use fluent_bundle::FluentValue;
use fluent_bundle::memoizer::MemoizerKind;
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_decimal::options::DecimalFormatterOptions;
use icu_locale_core::Locale;
use intl_memoizer::Memoizable;
use unic_langid::LanguageIdentifier;

/// Number formatter of one language.
struct NumberFormatter(DecimalFormatter);

impl Memoizable for NumberFormatter {
    type Args = ();
    type Error = ();

    fn construct(lang: LanguageIdentifier, (): ()) -> Result<Self, ()> {
        // Browsers use these digits for Arabic without a country, and pages contain times formatted by the browser.
        let name = if is_arabic(&lang) { format!("{lang}-u-nu-arab") } else { lang.to_string() };
        let locale: Locale = name.parse().map_err(|_| ())?;
        DecimalFormatter::try_new((&locale).into(), DecimalFormatterOptions::default()).map(Self).map_err(|_| ())
    }
}

impl NumberFormatter {
    fn format_integer(&self, number: i64) -> String {
        self.0.format(&Decimal::from(number)).to_string()
    }
}

/// Formats whole numbers for Fluent, which calls it for every value. Fluent formats all other values itself.
#[expect(clippy::cast_possible_truncation, reason = "only whole numbers below 1e15 reach the cast")]
pub(super) fn format_fluent_number<M: MemoizerKind>(value: &FluentValue<'_>, memoizer: &M) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    if number.value.fract() != 0.0 || number.value.abs() > 1e15 {
        return None;
    }
    memoizer
        .with_try_get_threadsafe::<NumberFormatter, _, _>((), |numbers| numbers.format_integer(number.value as i64))
        .ok()
}

/// Replaces each digit, without separators: a year and a time of day are not amounts. Every page has times, so they do
/// not use the slower formatter.
pub(super) fn localise_digits(lang: &LanguageIdentifier, text: &str) -> String {
    if !is_arabic(lang) {
        return text.to_owned();
    }
    let digit = |c: char| c.to_digit(10).and_then(|digit| char::from_u32('٠' as u32 + digit)).unwrap_or(c);
    text.chars().map(digit).collect()
}

fn is_arabic(lang: &LanguageIdentifier) -> bool {
    lang.language.as_str() == "ar"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localised_digits_match_cldr() {
        for name in ["en", "de", "fr", "es", "pt-BR", "ja", "ar"] {
            let lang = name.parse().unwrap();
            let numbers = NumberFormatter::construct(lang, ()).unwrap();
            let lang = name.parse().unwrap();
            for digit in 0..10 {
                assert_eq!(localise_digits(&lang, &digit.to_string()), numbers.format_integer(digit), "{name}");
            }
        }
    }
}
