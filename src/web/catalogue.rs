//! Provides the message catalogue: every text for people, by key and language.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::{LanguageIdentifier, langid};

use super::number_format;

/// Catalogue of one language, with its code and its own name. The text is parsed at first use: all 7 languages need
/// 4 MB, and most portals use 2.
struct MessageCatalogue {
    code: &'static str,
    name: &'static str,
    text: &'static str,
    bundle: OnceLock<FluentBundle<FluentResource>>,
}

macro_rules! message_catalogue {
    ($code:literal, $name:literal) => {
        MessageCatalogue {
            code: $code,
            name: $name,
            text: include_str!(concat!("../../locales/", $code, "/main.ftl")),
            bundle: OnceLock::new(),
        }
    };
}

static CATALOGUES: [MessageCatalogue; 7] = [
    message_catalogue!("en", "English"),
    message_catalogue!("de", "Deutsch"),
    message_catalogue!("fr", "Français"),
    message_catalogue!("es", "Español"),
    message_catalogue!("pt-BR", "Português (Brasil)"),
    message_catalogue!("ja", "日本語"),
    message_catalogue!("ar", "العربية"),
];

/// Identifiers of the languages, in the same order.
static SUPPORTED_LANGUAGES: LazyLock<Vec<LanguageIdentifier>> =
    LazyLock::new(|| CATALOGUES.iter().filter_map(|catalogue| catalogue.code.parse().ok()).collect());

impl MessageCatalogue {
    fn find(lang: &LanguageIdentifier) -> Option<&'static Self> {
        let at = SUPPORTED_LANGUAGES.iter().position(|spoken| spoken == lang)?;
        CATALOGUES.get(at)
    }

    fn bundle(&self) -> &FluentBundle<FluentResource> {
        self.bundle.get_or_init(|| {
            let lang = self.code.parse().unwrap_or_else(|_| langid!("en"));
            let mut bundle = FluentBundle::new_concurrent(vec![lang]);
            // Pages isolate names and references with <bdi>, because isolation marks in a text would be copied with it.
            bundle.set_use_isolating(false);
            bundle.set_formatter(Some(number_format::format_fluent_number));
            // A message that cannot be parsed falls back to English; a test checks that all can be parsed.
            let resource = FluentResource::try_new(self.text.to_owned()).unwrap_or_else(|(readable, _)| readable);
            bundle.add_resource_overriding(resource);
            bundle
        })
    }

    fn format_message(&self, key: &str, values: Option<&FluentArgs<'_>>) -> Option<String> {
        let bundle = self.bundle();
        let pattern = bundle.get_message(key)?.value()?;
        let mut problems = Vec::new();
        Some(bundle.format_pattern(pattern, values, &mut problems).into_owned())
    }
}

/// Formats a message in a language, or in English if the language lacks it.
fn format_or_english(lang: &LanguageIdentifier, key: &str, values: Option<&FluentArgs<'_>>) -> Option<String> {
    let mine = MessageCatalogue::find(lang).and_then(|catalogue| catalogue.format_message(key, values));
    mine.or_else(|| CATALOGUES.first().and_then(|english| english.format_message(key, values)))
}

/// Returns the text that replaces a missing message; tests check that no message is missing.
fn missing_message_text(key: &str) -> String {
    format!("Unknown localization {key}")
}

/// Name of the message argument that is a count.
const COUNT_ARGUMENT: &str = "n";
/// Name of the message argument that selects the name of a month.
const MONTH_ARGUMENT: &str = "month";

type FormattedMessages = HashMap<LanguageIdentifier, HashMap<String, Option<Arc<str>>>>;

/// Messages without arguments, formatted once: a page has about 40. Keys come only from code and templates, so the
/// cache cannot grow beyond the catalogue.
static CACHED_MESSAGES: LazyLock<RwLock<FormattedMessages>> = LazyLock::new(RwLock::default);

/// Language of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lang(LanguageIdentifier);

impl Lang {
    pub(crate) fn english() -> Self {
        Self(langid!("en"))
    }

    /// Returns the first supported language of `Accept-Language`, or English.
    pub(crate) fn negotiate(accept: &str) -> Self {
        Self::from_accept_language(accept).unwrap_or_else(Self::english)
    }

    /// Returns the first supported language of `Accept-Language`, if there is one.
    pub(crate) fn from_accept_language(accept: &str) -> Option<Self> {
        let wanted =
            accept.split(',').filter_map(|part| part.split(';').next()?.trim().parse::<LanguageIdentifier>().ok());
        wanted
            .into_iter()
            .find_map(|w| SUPPORTED_LANGUAGES.iter().find(|s| s.language == w.language))
            .map(|l| Self(l.clone()))
    }

    /// Returns a language by its code, if it is supported.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let wanted: LanguageIdentifier = name.parse().ok()?;
        let known = SUPPORTED_LANGUAGES.iter().find(|l| **l == wanted);
        known.or_else(|| SUPPORTED_LANGUAGES.iter().find(|l| l.language == wanted.language)).map(|l| Self(l.clone()))
    }

    /// Returns every supported language with its own name.
    pub(crate) fn all() -> Vec<(Self, &'static str)> {
        CATALOGUES.iter().filter_map(|catalogue| Some((Self::from_name(catalogue.code)?, catalogue.name))).collect()
    }

    pub(crate) fn code(&self) -> String {
        self.0.to_string()
    }

    pub(crate) fn direction(&self) -> &'static str {
        if self.0.character_direction() == unic_langid::CharacterDirection::RTL { "rtl" } else { "ltr" }
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.cached_text(key).map_or_else(|| missing_message_text(key), |text| text.to_string())
    }

    fn cached_text(&self, key: &str) -> Option<Arc<str>> {
        let known = {
            let texts = CACHED_MESSAGES.read().unwrap_or_else(PoisonError::into_inner);
            texts.get(&self.0).and_then(|texts| texts.get(key)).cloned()
        };
        known.unwrap_or_else(|| {
            let text: Option<Arc<str>> = format_or_english(&self.0, key, None).map(Arc::from);
            let mut texts = CACHED_MESSAGES.write().unwrap_or_else(PoisonError::into_inner);
            texts.entry(self.0.clone()).or_default().insert(key.to_owned(), text.clone());
            text
        })
    }

    /// Returns a message with arguments. An argument named [`COUNT_ARGUMENT`] or [`MONTH_ARGUMENT`] is a number: it
    /// selects the plural or the name and is formatted in the language. All others are text, whatever they look like: a
    /// phone number keeps its leading zero.
    pub(crate) fn text_with(&self, key: &str, values: &[(&'static str, &str)]) -> String {
        let value = |name: &str, text: &str| {
            let number = [COUNT_ARGUMENT, MONTH_ARGUMENT].contains(&name).then(|| text.parse::<i64>().ok()).flatten();
            number.map_or_else(|| FluentValue::from(text.to_owned()), FluentValue::from)
        };
        let mut all = FluentArgs::with_capacity(values.len());
        for (name, text) in values {
            all.set(*name, value(name, text));
        }
        format_or_english(&self.0, key, Some(&all)).unwrap_or_else(|| missing_message_text(key))
    }

    /// Replaces the digits of a text with those of the language and changes nothing else.
    pub(crate) fn localise_digits(&self, text: &str) -> String {
        number_format::localise_digits(&self.0, text)
    }

    /// Returns true if the catalogue has this message.
    pub(crate) fn has_message(&self, key: &str) -> bool {
        self.cached_text(key).is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn unsupported_language_falls_back_to_english() {
        assert_eq!(Lang::negotiate("tlh, x;q=0.1"), Lang::english());
        assert_eq!(Lang::negotiate(""), Lang::english());
        assert_eq!(Lang::negotiate("en-GB,en;q=0.9"), Lang::english());
    }

    #[test]
    fn only_counts_are_formatted_as_numbers() {
        let arabic = Lang::from_name("ar").unwrap();
        let call = arabic.text_with("support-line", &[("phone", "0800 12")]);
        assert!(call.contains("0800 12"), "{call}");
        let call = Lang::english().text_with("support-line", &[("phone", "0080012345")]);
        assert!(call.contains("0080012345"), "{call}");
    }

    /// Checks that all keys used in templates and code exist, and that no key is unused.
    #[test]
    fn every_message_exists_and_is_used() {
        let mut sources = String::new();
        for root in ["src", "templates"] {
            read_sources(std::path::Path::new(root), &mut sources);
        }
        let catalogue = std::fs::read_to_string("locales/en/main.ftl").unwrap();
        let keys: Vec<&str> = catalogue
            .lines()
            .filter_map(|l| l.split_once(" ="))
            .map(|(k, _)| k)
            .filter(|k| !k.starts_with([' ', '#', '.', '*', '[']))
            .collect();
        for call in ["ctx.t(\"", "ctx.tv(\"", "ctx.tv2(\""] {
            for used in sources.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(keys.contains(&used), "{used} is used and not in the catalogue");
            }
        }
        // Keys with these prefixes are built from codes: `cause-r-policy-person`, `refusal-s-guest-title`.
        let families = [
            "cause-",
            "refusal-",
            "state-",
            "rung-",
            "rule-",
            "stopped-",
            "link-",
            "care-",
            "desk-state-",
            "desk-rung-",
            "desk-carried-",
            "case-state-",
            "case-action-",
            "case-method-",
            "case-check-",
            "case-outcome-",
            "case-said-",
            "account-said-",
            "desk-why-",
            "desk-number-",
            "desk-method-",
            "desk-risk-level-",
            "alarm-",
            "letter-",
            "trouble-",
            "canary-",
        ];
        for key in keys {
            let made = families.iter().any(|family| key.starts_with(family));
            assert!(made || sources.contains(&format!("\"{key}\"")), "{key} is in the catalogue and never used");
        }
    }

    /// Checks that every code that a page can show has title and text. Codes are literals such as `S-GUEST` in the
    /// sources.
    #[test]
    fn every_refusal_code_has_title_and_text() {
        let mut sources = String::new();
        read_sources(std::path::Path::new("src"), &mut sources);
        let catalogue = std::fs::read_to_string("locales/en/main.ftl").unwrap();
        let mut checked = 0;
        for (prefix, family) in [("E-", "refusal"), ("S-", "refusal"), ("L-", "refusal"), ("G-", "stopped")] {
            for code in sources.split(&format!("\"{prefix}")).skip(1).filter_map(|rest| rest.split('"').next()) {
                let whole = code.len() > 2 && code.chars().all(|c| c.is_ascii_uppercase() || c == '-');
                if whole {
                    let key = format!("{family}-{prefix}{code}").to_lowercase();
                    for part in ["title", "text"] {
                        assert!(
                            catalogue.contains(&format!(
                                "
{key}-{part} = "
                            )),
                            "{key}-{part}"
                        );
                    }
                    checked += 1;
                }
            }
        }
        assert!(checked > 30, "{checked}");
    }

    /// Returns key, arguments and text of every message of a catalogue.
    fn load_catalogue(language: &str) -> BTreeMap<String, (BTreeSet<String>, String)> {
        let text = std::fs::read_to_string(format!("locales/{language}/main.ftl")).unwrap();
        let mut found: BTreeMap<String, (BTreeSet<String>, String)> = BTreeMap::new();
        let mut current = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let key = line.split_once(" =").filter(|(key, _)| !key.starts_with([' ', '.', '*', '[']));
            if let Some((key, _)) = key {
                key.clone_into(&mut current);
            }
            let (values, whole) = found.entry(current.clone()).or_default();
            let names = line.split("{ $").skip(1).filter_map(|rest| rest.split([' ', '}']).next());
            values.extend(names.map(str::to_owned));
            whole.push_str(key.map_or(line, |(_, text)| text).trim());
        }
        found.remove("");
        found
    }

    /// Checks for duplicate keys, of which the second would replace the first.
    #[test]
    fn message_keys_are_unique() {
        for entry in std::fs::read_dir("locales").unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path().join("main.ftl")).unwrap();
            let mut keys = BTreeSet::new();
            for key in text.lines().filter(|line| line.starts_with(char::is_alphabetic)) {
                let key = key.split(' ').next().unwrap();
                assert!(keys.insert(key), "{key} is there twice");
            }
        }
    }

    /// Checks that every language is complete.
    #[test]
    fn every_language_is_complete_with_the_same_arguments() {
        let english = load_catalogue("en");
        for (lang, name) in Lang::all().into_iter().filter(|(lang, _)| *lang != Lang::english()) {
            let other = load_catalogue(&lang.code());
            let keys = |of: &BTreeMap<String, _>| of.keys().cloned().collect::<BTreeSet<String>>();
            assert_eq!(
                keys(&english).difference(&keys(&other)).collect::<Vec<_>>(),
                Vec::<&String>::new(),
                "missing in {name}"
            );
            assert_eq!(
                keys(&other).difference(&keys(&english)).collect::<Vec<_>>(),
                Vec::<&String>::new(),
                "too much in {name}"
            );
            for (key, (values, text)) in &english {
                let (theirs, translated) = &other[key];
                assert_eq!(values, theirs, "{key} in {name}");
                let wordy = text.split(' ').filter(|word| word.chars().all(char::is_alphabetic)).count() > 3;
                assert!(!wordy || text != translated, "{key} is still English in {name}");
                // Also check the formatted text: a message that the parser rejects falls back to English.
                let values: Vec<(&'static str, &str)> =
                    values.iter().map(|v| (&*String::leak(v.clone()), "3")).collect();
                let shown = lang.text_with(key, &values);
                assert!(
                    !wordy || shown != Lang::english().text_with(key, &values),
                    "{key} is shown in English in {name}"
                );
            }
        }
        assert_eq!(Lang::all().len(), std::fs::read_dir("locales").unwrap().count(), "each has a name of its own");
    }

    fn read_sources(dir: &std::path::Path, into: &mut String) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_sources(&path, into);
            } else if path.extension().is_some_and(|e| e == "rs" || e == "html") {
                into.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
}
