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
pub use breach::{BreachError, BreachList};

use crate::base::{Password, Random};
use crate::config::{BreachCheckConfig as BreachSettings, PasswordPolicyConfig};
use crate::directory::DirectoryPasswordRules;
use banned::BannedWords;
use breach::{BreachChecker, BreachStatus};

/// Rule that a new password must meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordRule {
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

impl PasswordRule {
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
pub(crate) enum RuleStatus {
    Pending,
    Met,
    Failed,
    /// Could not be checked, and does not block the password.
    Unchecked,
}

impl RuleStatus {
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
pub(crate) struct PasswordRequirements {
    pub(crate) min_length: usize,
    pub(crate) classes: usize,
    /// Parts of the person's name, in lower case.
    pub(crate) name_parts: Vec<String>,
}

/// Maximum length that Entra accepts (Microsoft Entra documentation, concept-sspr-policy, read 2026-08).
const LONGEST: usize = 256;

/// Checks passwords against the configured rules.
pub(crate) struct PasswordPolicy {
    settings: PasswordPolicyConfig,
    words: BannedWords,
    breach: BreachChecker,
}

impl PasswordPolicy {
    /// Creates the policy from its configuration.
    ///
    /// # Errors
    /// When the breach file cannot be used.
    pub(crate) fn new(
        settings: PasswordPolicyConfig,
        breach: &BreachSettings,
        organisation: &str,
    ) -> Result<Self, BreachError> {
        let words = BannedWords::new(settings.banned_words.iter().map(String::as_str).chain(organisation.split(' ')));
        Ok(Self { settings, words, breach: BreachChecker::new(breach)? })
    }

    /// Returns the enabled rules in the order in which pages show them.
    pub(crate) fn rules(&self) -> Vec<PasswordRule> {
        let asked = |rule: &PasswordRule| match rule {
            PasswordRule::Strength => self.settings.strength > 0,
            PasswordRule::Breach => !matches!(self.breach, BreachChecker::Off),
            PasswordRule::Microsoft => self.settings.microsoft_check,
            _ => true,
        };
        PasswordRule::ALL.into_iter().filter(asked).collect()
    }

    /// Returns the requirements for a person with these name parts: the stricter of the portal's settings and the
    /// directory's rules.
    pub(crate) fn asked(
        &self,
        name_parts: Vec<String>,
        directory: Option<&DirectoryPasswordRules>,
    ) -> PasswordRequirements {
        let length = directory.map_or(0, |rules| usize::try_from(rules.min_length).unwrap_or(0));
        let classes = directory.map_or(0, |rules| if rules.complexity { 3 } else { 0 });
        let min_length = self.settings.min_length.max(length).min(LONGEST);
        PasswordRequirements { min_length, classes: self.settings.classes.max(classes), name_parts }
    }

    /// Checks the password against every rule. The breach check runs last, and only if all local rules are met: it may
    /// send part of the hash to another service, which must not happen for a partly typed password. `may_ask` decides
    /// whether another request to that service is allowed now.
    pub(crate) async fn judge(
        &self,
        password: &Password,
        asked: &PasswordRequirements,
        may_ask: impl AsyncFnOnce() -> bool,
    ) -> Vec<(PasswordRule, RuleStatus)> {
        let mut standings = self.judge_here(password, asked);
        let whole = standings.iter().all(|(rule, standing)| !rule.is_ours() || *standing == RuleStatus::Met);
        let breach = standings.iter_mut().find(|(rule, _)| *rule == PasswordRule::Breach).filter(|_| whole);
        if let Some((_, standing)) = breach {
            let here = !matches!(self.breach, BreachChecker::Range(_));
            let known = if here || may_ask().await { self.breach.look(password).await } else { BreachStatus::NotKnown };
            *standing = match known {
                BreachStatus::No => RuleStatus::Met,
                BreachStatus::Yes => RuleStatus::Failed,
                BreachStatus::NotKnown => RuleStatus::Unchecked,
            };
        }
        standings
    }

    /// Checks the rules that need no other service.
    fn judge_here(&self, password: &Password, asked: &PasswordRequirements) -> Vec<(PasswordRule, RuleStatus)> {
        let text = password.expose_password();
        // Copies of the password, which are zeroed on drop.
        let normal = Zeroizing::new(banned::normalised(text));
        let lower = Zeroizing::new(text.to_lowercase());
        let judged = |rule| match rule {
            PasswordRule::Length => (asked.min_length..=LONGEST).contains(&text.chars().count()),
            // Entra accepts printable ASCII and the space. AD accepts more, but then the two passwords would differ.
            PasswordRule::Characters => text.chars().all(|c| c == ' ' || c.is_ascii_graphic()),
            PasswordRule::Classes => classes(text) >= asked.classes,
            PasswordRule::Name => {
                let parts = &asked.name_parts;
                !parts.iter().any(|part| lower.contains(part) || normal.contains(&banned::normalised(part)))
            }
            PasswordRule::Banned => self.words.allow(&normal),
            PasswordRule::Strength => strength::score(text, &asked.name_parts) >= self.settings.strength,
            PasswordRule::Breach | PasswordRule::Microsoft => false,
        };
        let standing = |rule: PasswordRule| match (text.is_empty() || !rule.is_ours(), judged(rule)) {
            (true, _) => RuleStatus::Pending,
            (false, true) => RuleStatus::Met,
            (false, false) => RuleStatus::Failed,
        };
        self.rules().into_iter().map(|rule| (rule, standing(rule))).collect()
    }

    /// Suggests a passphrase that meets every local rule. `None` if 20 attempts found none.
    pub(crate) fn phrase(&self, random: &Random, asked: &PasswordRequirements) -> Option<Password> {
        (0..20).find_map(|_| {
            let phrase = phrase::phrase(random, asked.min_length);
            let met = |(rule, standing): &(PasswordRule, RuleStatus)| !rule.is_ours() || *standing == RuleStatus::Met;
            self.judge_here(&phrase, asked).iter().all(met).then_some(phrase)
        })
    }
}

/// New password that meets every rule checked so far. Only this type can be submitted.
pub(crate) struct NewPassword {
    password: Password,
    standings: Vec<(PasswordRule, RuleStatus)>,
}

/// Reason why a password cannot be submitted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PasswordProblem {
    Empty,
    /// The two entries differ.
    Different,
    /// At least one rule is not met. Holds all rules with their status.
    Rules(Vec<(PasswordRule, RuleStatus)>),
}

impl NewPassword {
    /// Validates the two entries of a new password.
    pub(crate) async fn parse(
        first: Password,
        again: &Password,
        engine: &PasswordPolicy,
        asked: &PasswordRequirements,
    ) -> Result<Self, PasswordProblem> {
        if first.expose_password().is_empty() {
            return Err(PasswordProblem::Empty);
        }
        let standings = engine.judge(&first, asked, async || true).await;
        // The caller that submits runs Microsoft's check last.
        let open = |(rule, standing): &(PasswordRule, RuleStatus)| {
            *standing == RuleStatus::Pending && *rule != PasswordRule::Microsoft
        };
        if standings.iter().any(|one| one.1 == RuleStatus::Failed || open(one)) {
            return Err(PasswordProblem::Rules(standings));
        }
        if !first.same_as(again) {
            return Err(PasswordProblem::Different);
        }
        Ok(Self { password: first, standings })
    }

    /// Returns the status of each rule.
    pub(crate) fn standings(&self) -> &[(PasswordRule, RuleStatus)] {
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

    fn engine() -> PasswordPolicy {
        let settings = PasswordPolicyConfig {
            banned_words: vec!["contoso".to_owned(), "blank".to_owned()],
            ..PasswordPolicyConfig::default()
        };
        PasswordPolicy::new(settings, &BreachSettings::default(), "Fabrikam Ltd").unwrap()
    }

    async fn failed(first: &str, again: &str) -> Result<(), PasswordProblem> {
        let engine = engine();
        let asked = engine.asked(vec!["wanda".to_owned()], None);
        let parsed = NewPassword::parse(password(first), &password(again), &engine, &asked).await;
        parsed.map(|_| ()).map_err(|not_yet| match not_yet {
            PasswordProblem::Rules(all) => {
                PasswordProblem::Rules(all.into_iter().filter(|(_, s)| *s != RuleStatus::Met).collect())
            }
            other => other,
        })
    }

    #[tokio::test]
    async fn each_rule_is_named() {
        let only = |rule| Err(PasswordProblem::Rules(vec![(rule, RuleStatus::Failed)]));
        assert_eq!(failed("Quiet-Harbour-92", "Quiet-Harbour-92").await, Ok(()));
        assert_eq!(failed("", "").await, Err(PasswordProblem::Empty));
        assert_eq!(failed("Quiet-Harbour-92", "Quiet-Harbour-93").await, Err(PasswordProblem::Different));
        assert_eq!(failed("Mjx7-qTv2W", "x").await, only(PasswordRule::Length));
        assert_eq!(failed("all lower mixtures velvet", "x").await, only(PasswordRule::Classes));
        assert_eq!(failed("Grüße-aus-Bremen-9-Velvet", "x").await, only(PasswordRule::Characters));
        assert_eq!(failed("My-Name-Is-WANDA-9-Kite", "x").await, only(PasswordRule::Name));
        assert_eq!(
            failed("My-Name-Is-W@nd@-9-Kite", "x").await,
            only(PasswordRule::Name),
            "also with substituted characters"
        );
        assert_eq!(failed("C0ntos0Blank12", "x").await, only(PasswordRule::Banned));
        assert_eq!(failed("Password-1234", "x").await, only(PasswordRule::Strength));
        assert_eq!(
            failed("F@brikamF@brikam!F@brikam", "x").await,
            only(PasswordRule::Banned),
            "the organisation's own name"
        );
    }

    #[tokio::test]
    async fn nothing_typed_is_pending_and_a_rule_that_is_off_is_not_shown() {
        let engine = PasswordPolicy::new(
            PasswordPolicyConfig { strength: 0, ..PasswordPolicyConfig::default() },
            &BreachSettings::default(),
            "",
        )
        .unwrap();
        let standings = engine.judge(&password(""), &engine.asked(vec![], None), async || true).await;
        assert!(standings.iter().all(|(_, s)| *s == RuleStatus::Pending));
        assert_eq!(standings.len(), 5, "neither strength nor breach");
    }

    #[test]
    fn a_phrase_is_offered_that_passes_and_is_never_the_same() {
        let (engine, random) = (engine(), Random::seeded(7));
        for min_length in [8, 12, 20, 40] {
            let asked = PasswordRequirements { min_length, ..engine.asked(vec!["wanda".to_owned()], None) };
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
            if standings.iter().all(|(_, s)| *s == RuleStatus::Met) {
                prop_assert!(text.chars().count() >= 12);
                prop_assert!(text.is_ascii());
            }
        }
    }
}
