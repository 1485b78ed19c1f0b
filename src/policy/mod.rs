//! Password policy: the checks of a new password before it is sent to Microsoft.
//!
//! The form runs the checks while the person types, and submitting runs the same checks again. A check that only
//! Microsoft can make is listed as a rule of its own and never guessed.

mod banned;
mod breach;
mod phrase;
mod strength;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) use breach::build;
pub use breach::{BreachError, BreachLookup};

use crate::base::{Password, Random};
use crate::config::{Breach as BreachSettings, Policy};
use crate::directory::Rules;
use banned::Words;
use breach::{Breach, Breached};

/// Rule that a new password must meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Length,
    Characters,
    Classes,
    Name,
    /// Not built from banned words, by Entra's published scoring.
    Banned,
    /// Not easy to guess, by zxcvbn.
    Strength,
    /// Not found in known breaches.
    Breach,
    /// Accepted by Microsoft. Checked before the reset begins, never while the person types.
    Microsoft,
}

impl Rule {
    pub(crate) const ALL: [Self; 8] = [
        Self::Length,
        Self::Characters,
        Self::Classes,
        Self::Name,
        Self::Banned,
        Self::Strength,
        Self::Breach,
        Self::Microsoft,
    ];

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Characters => "characters",
            Self::Classes => "classes",
            Self::Name => "name",
            Self::Banned => "banned",
            Self::Strength => "strength",
            Self::Breach => "breach",
            Self::Microsoft => "microsoft",
        }
    }

    /// Returns whether the rule is checked locally, without another service.
    fn is_ours(self) -> bool {
        !matches!(self, Self::Breach | Self::Microsoft)
    }
}

/// Status of a password rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Pending,
    Met,
    Failed,
    /// Could not be checked, and does not block the password.
    Unchecked,
}

impl Standing {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Met => "met",
            Self::Failed => "failed",
            Self::Unchecked => "unchecked",
        }
    }
}

/// Requirements for one person's password. Stored in their session while they type, so that a key press needs no
/// directory lookup. The field names are part of the stored session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) min_length: usize,
    pub(crate) classes: usize,
    /// Parts of the person's name, in lower case.
    pub(crate) name_parts: Vec<String>,
}

/// Maximum length that Entra accepts (Microsoft Entra documentation, concept-sspr-policy, read 2026-08).
const LONGEST: usize = 256;

/// Checks passwords against the configured rules.
pub(crate) struct Engine {
    settings: Policy,
    words: Words,
    breach: Breach,
}

impl Engine {
    /// Creates the policy from its configuration.
    ///
    /// # Errors
    /// When the breach file cannot be used.
    pub(crate) fn new(settings: Policy, breach: &BreachSettings, organisation: &str) -> Result<Self, BreachError> {
        let words = Words::new(settings.banned_words.iter().map(String::as_str).chain(organisation.split(' ')));
        Ok(Self { settings, words, breach: Breach::new(breach)? })
    }

    /// Returns the enabled rules in the order in which pages show them.
    pub(crate) fn rules(&self) -> Vec<Rule> {
        let asked = |rule: &Rule| match rule {
            Rule::Strength => self.settings.strength > 0,
            Rule::Breach => !matches!(self.breach, Breach::Off),
            Rule::Microsoft => self.settings.microsoft_check,
            _ => true,
        };
        Rule::ALL.into_iter().filter(asked).collect()
    }

    /// Returns the requirements for a person with these name parts: the stricter of the portal's settings and the
    /// directory's rules.
    pub(crate) fn asked(&self, name_parts: Vec<String>, directory: Option<&Rules>) -> Asked {
        let length = directory.map_or(0, |rules| usize::try_from(rules.min_length).unwrap_or(0));
        let classes = directory.map_or(0, |rules| if rules.complexity { 3 } else { 0 });
        let min_length = self.settings.min_length.max(length).min(LONGEST);
        Asked { min_length, classes: self.settings.classes.max(classes), name_parts }
    }

    /// Checks the password against every rule. The breach check runs last, and only if all local rules are met: it may
    /// send part of the hash to another service, which must not happen for a partly typed password. `may_ask` decides
    /// whether another request to that service is allowed now.
    pub(crate) async fn judge(
        &self,
        password: &Password,
        asked: &Asked,
        may_ask: impl AsyncFnOnce() -> bool,
    ) -> Vec<(Rule, Standing)> {
        let mut standings = self.judge_here(password, asked);
        let whole = standings.iter().all(|(rule, standing)| !rule.is_ours() || *standing == Standing::Met);
        let breach = standings.iter_mut().find(|(rule, _)| *rule == Rule::Breach).filter(|_| whole);
        if let Some((_, standing)) = breach {
            let here = !matches!(self.breach, Breach::Range(_));
            let known = if here || may_ask().await { self.breach.look(password).await } else { Breached::NotKnown };
            *standing = match known {
                Breached::No => Standing::Met,
                Breached::Yes => Standing::Failed,
                Breached::NotKnown => Standing::Unchecked,
            };
        }
        standings
    }

    /// Checks the rules that need no other service.
    fn judge_here(&self, password: &Password, asked: &Asked) -> Vec<(Rule, Standing)> {
        let text = password.expose_password();
        // Copies of the password, which are zeroed on drop.
        let normal = Zeroizing::new(banned::normalised(text));
        let lower = Zeroizing::new(text.to_lowercase());
        let judged = |rule| match rule {
            Rule::Length => (asked.min_length..=LONGEST).contains(&text.chars().count()),
            // Entra accepts printable ASCII and the space. AD accepts more, but then the two passwords would differ.
            Rule::Characters => text.chars().all(|c| c == ' ' || c.is_ascii_graphic()),
            Rule::Classes => classes(text) >= asked.classes,
            Rule::Name => {
                let parts = &asked.name_parts;
                !parts.iter().any(|part| lower.contains(part) || normal.contains(&banned::normalised(part)))
            }
            Rule::Banned => self.words.allow(&normal),
            Rule::Strength => strength::score(text, &asked.name_parts) >= self.settings.strength,
            Rule::Breach | Rule::Microsoft => false,
        };
        let standing = |rule: Rule| match (text.is_empty() || !rule.is_ours(), judged(rule)) {
            (true, _) => Standing::Pending,
            (false, true) => Standing::Met,
            (false, false) => Standing::Failed,
        };
        self.rules().into_iter().map(|rule| (rule, standing(rule))).collect()
    }

    /// Suggests a passphrase that meets every local rule. `None` if 20 attempts found none.
    pub(crate) fn phrase(&self, random: &Random, asked: &Asked) -> Option<Password> {
        (0..20).find_map(|_| {
            let phrase = phrase::phrase(random, asked.min_length);
            let met = |(rule, standing): &(Rule, Standing)| !rule.is_ours() || *standing == Standing::Met;
            self.judge_here(&phrase, asked).iter().all(met).then_some(phrase)
        })
    }
}

/// New password that meets every rule checked so far. Only this type can be submitted.
pub(crate) struct NewPassword {
    password: Password,
    standings: Vec<(Rule, Standing)>,
}

/// Reason why a password cannot be submitted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotYet {
    Empty,
    /// The two entries differ.
    Different,
    /// At least one rule is not met. Holds all rules with their status.
    Rules(Vec<(Rule, Standing)>),
}

impl NewPassword {
    /// Validates the two entries of a new password.
    pub(crate) async fn parse(
        first: Password,
        again: &Password,
        engine: &Engine,
        asked: &Asked,
    ) -> Result<Self, NotYet> {
        if first.expose_password().is_empty() {
            return Err(NotYet::Empty);
        }
        let standings = engine.judge(&first, asked, async || true).await;
        // The caller that submits runs Microsoft's check last.
        let open = |(rule, standing): &(Rule, Standing)| *standing == Standing::Pending && *rule != Rule::Microsoft;
        if standings.iter().any(|one| one.1 == Standing::Failed || open(one)) {
            return Err(NotYet::Rules(standings));
        }
        if !first.same_as(again) {
            return Err(NotYet::Different);
        }
        Ok(Self { password: first, standings })
    }

    /// Returns the status of each rule.
    pub(crate) fn standings(&self) -> &[(Rule, Standing)] {
        &self.standings
    }

    pub(crate) fn as_password(&self) -> &Password {
        &self.password
    }

    pub(crate) fn into_inner(self) -> Password {
        self.password
    }
}

fn classes(text: &str) -> usize {
    let has = |test: fn(&char) -> bool| usize::from(text.chars().any(|c| test(&c)));
    has(char::is_ascii_lowercase)
        + has(char::is_ascii_uppercase)
        + has(char::is_ascii_digit)
        + has(|c| !c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    fn engine() -> Engine {
        let settings = Policy { banned_words: vec!["contoso".to_owned(), "blank".to_owned()], ..Policy::default() };
        Engine::new(settings, &BreachSettings::default(), "Fabrikam Ltd").unwrap()
    }

    async fn failed(first: &str, again: &str) -> Result<(), NotYet> {
        let engine = engine();
        let asked = engine.asked(vec!["wanda".to_owned()], None);
        let parsed = NewPassword::parse(password(first), &password(again), &engine, &asked).await;
        parsed.map(|_| ()).map_err(|not_yet| match not_yet {
            NotYet::Rules(all) => NotYet::Rules(all.into_iter().filter(|(_, s)| *s != Standing::Met).collect()),
            other => other,
        })
    }

    #[tokio::test]
    async fn each_rule_is_named() {
        let only = |rule| Err(NotYet::Rules(vec![(rule, Standing::Failed)]));
        assert_eq!(failed("Quiet-Harbour-92", "Quiet-Harbour-92").await, Ok(()));
        assert_eq!(failed("", "").await, Err(NotYet::Empty));
        assert_eq!(failed("Quiet-Harbour-92", "Quiet-Harbour-93").await, Err(NotYet::Different));
        assert_eq!(failed("Mjx7-qTv2W", "x").await, only(Rule::Length));
        assert_eq!(failed("all lower mixtures velvet", "x").await, only(Rule::Classes));
        assert_eq!(failed("Grüße-aus-Bremen-9-Velvet", "x").await, only(Rule::Characters));
        assert_eq!(failed("My-Name-Is-WANDA-9-Kite", "x").await, only(Rule::Name));
        assert_eq!(failed("My-Name-Is-W@nd@-9-Kite", "x").await, only(Rule::Name), "also with substituted characters");
        assert_eq!(failed("C0ntos0Blank12", "x").await, only(Rule::Banned));
        assert_eq!(failed("Password-1234", "x").await, only(Rule::Strength));
        assert_eq!(failed("F@brikamF@brikam!F@brikam", "x").await, only(Rule::Banned), "the organisation's own name");
    }

    #[tokio::test]
    async fn nothing_typed_is_pending_and_a_rule_that_is_off_is_not_shown() {
        let engine = Engine::new(Policy { strength: 0, ..Policy::default() }, &BreachSettings::default(), "").unwrap();
        let standings = engine.judge(&password(""), &engine.asked(vec![], None), async || true).await;
        assert!(standings.iter().all(|(_, s)| *s == Standing::Pending));
        assert_eq!(standings.len(), 5, "neither strength nor breach");
    }

    #[test]
    fn a_phrase_is_offered_that_passes_and_is_never_the_same() {
        let (engine, random) = (engine(), Random::seeded(7));
        for min_length in [8, 12, 20, 40] {
            let asked = Asked { min_length, ..engine.asked(vec!["wanda".to_owned()], None) };
            let (one, two) = (engine.phrase(&random, &asked).unwrap(), engine.phrase(&random, &asked).unwrap());
            assert!(!one.same_as(&two));
            assert!(one.expose_password().len() >= min_length);
        }
    }

    proptest! {
        #[test]
        fn whatever_passes_is_what_entra_takes(text in "\\PC{0,40}") {
            let engine = engine();
            let standings = engine.judge_here(&password(&text), &engine.asked(vec![], None));
            if standings.iter().all(|(_, s)| *s == Standing::Met) {
                prop_assert!(text.chars().count() >= 12);
                prop_assert!(text.is_ascii());
            }
        }
    }
}
