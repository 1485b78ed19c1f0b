//! Password policy: the checks of a new password before it is sent to Microsoft.
//!
//! The form runs the checks while the person types, and submitting runs the same checks again. A check that only
//! Microsoft can make is listed as a rule of its own and never guessed.

mod banned_words;
mod breach;
mod passphrase;
mod strength;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) use breach::build_breach_list;
pub use breach::{BreachError, BreachList};

use crate::base::{Password, Random};
use crate::config::{BreachCheckConfig, PasswordPolicyConfig};
use crate::directory::DirectoryPasswordRules;
use banned_words::BannedWords;
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

    pub(crate) fn as_str(self) -> &'static str {
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
    fn is_local(self) -> bool {
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
    pub(crate) fn as_str(self) -> &'static str {
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
const MAX_PASSWORD_CHARS: usize = 256;

/// Checks passwords against the configured rules.
pub(crate) struct PasswordPolicy {
    settings: PasswordPolicyConfig,
    banned_words: BannedWords,
    breach_checker: BreachChecker,
}

impl PasswordPolicy {
    /// Creates the policy from its configuration.
    ///
    /// # Errors
    /// When the breach file cannot be used.
    pub(crate) fn new(
        settings: PasswordPolicyConfig,
        breach: &BreachCheckConfig,
        organisation: &str,
    ) -> Result<Self, BreachError> {
        let words = BannedWords::new(settings.banned_words.iter().map(String::as_str).chain(organisation.split(' ')));
        Ok(Self { settings, banned_words: words, breach_checker: BreachChecker::new(breach)? })
    }

    /// Returns the enabled rules in the order in which pages show them.
    pub(crate) fn active_rules(&self) -> Vec<PasswordRule> {
        let is_enabled = |rule: &PasswordRule| match rule {
            PasswordRule::Strength => self.settings.strength > 0,
            PasswordRule::Breach => !matches!(self.breach_checker, BreachChecker::Off),
            PasswordRule::Microsoft => self.settings.microsoft_check,
            _ => true,
        };
        PasswordRule::ALL.into_iter().filter(is_enabled).collect()
    }

    /// Returns the requirements for a person with these name parts: the stricter of the portal's settings and the
    /// directory's rules.
    pub(crate) fn requirements_for(
        &self,
        name_parts: Vec<String>,
        directory: Option<&DirectoryPasswordRules>,
    ) -> PasswordRequirements {
        let length = directory.map_or(0, |rules| usize::try_from(rules.min_length).unwrap_or(0));
        let classes = directory.map_or(0, |rules| if rules.complexity { 3 } else { 0 });
        let min_length = self.settings.min_length.max(length).min(MAX_PASSWORD_CHARS);
        PasswordRequirements { min_length, classes: self.settings.classes.max(classes), name_parts }
    }

    /// Checks the password against every rule. The breach check runs last, and only if all local rules are met: it may
    /// send part of the hash to another service, which must not happen for a partly typed password. `may_ask` decides
    /// whether another request to that service is allowed now.
    pub(crate) async fn check_password(
        &self,
        password: &Password,
        requirements: &PasswordRequirements,
        may_ask: impl AsyncFnOnce() -> bool,
    ) -> Vec<(PasswordRule, RuleStatus)> {
        let mut statuses = self.check_locally(password, requirements);
        let local_rules_met = statuses.iter().all(|(rule, status)| !rule.is_local() || *status == RuleStatus::Met);
        let breach = statuses.iter_mut().find(|(rule, _)| *rule == PasswordRule::Breach).filter(|_| local_rules_met);
        if let Some((_, status)) = breach {
            let here = !matches!(self.breach_checker, BreachChecker::Range(_));
            let known = if here || may_ask().await {
                self.breach_checker.check_password(password).await
            } else {
                BreachStatus::Unknown
            };
            *status = match known {
                BreachStatus::NotFound => RuleStatus::Met,
                BreachStatus::Found => RuleStatus::Failed,
                BreachStatus::Unknown => RuleStatus::Unchecked,
            };
        }
        statuses
    }

    /// Checks the rules that need no other service.
    fn check_locally(
        &self,
        password: &Password,
        requirements: &PasswordRequirements,
    ) -> Vec<(PasswordRule, RuleStatus)> {
        let text = password.expose_password();
        // Copies of the password, which are zeroed on drop.
        let normal = Zeroizing::new(banned_words::normalise_text(text));
        let lower = Zeroizing::new(text.to_lowercase());
        let judged = |rule| match rule {
            PasswordRule::Length => (requirements.min_length..=MAX_PASSWORD_CHARS).contains(&text.chars().count()),
            // Entra accepts printable ASCII and the space. AD accepts more, but then the two passwords would differ.
            PasswordRule::Characters => text.chars().all(|c| c == ' ' || c.is_ascii_graphic()),
            PasswordRule::Classes => strength::count_character_classes(text) >= requirements.classes,
            PasswordRule::Name => {
                let parts = &requirements.name_parts;
                !parts.iter().any(|part| lower.contains(part) || normal.contains(&banned_words::normalise_text(part)))
            }
            PasswordRule::Banned => self.banned_words.is_allowed(&normal),
            PasswordRule::Strength => {
                strength::estimate_strength(text, &requirements.name_parts) >= self.settings.strength
            }
            PasswordRule::Breach | PasswordRule::Microsoft => false,
        };
        let status = |rule: PasswordRule| match (text.is_empty() || !rule.is_local(), judged(rule)) {
            (true, _) => RuleStatus::Pending,
            (false, true) => RuleStatus::Met,
            (false, false) => RuleStatus::Failed,
        };
        self.active_rules().into_iter().map(|rule| (rule, status(rule))).collect()
    }

    /// Suggests a passphrase that meets every local rule. `None` if 20 attempts found none.
    pub(crate) fn suggest_passphrase(&self, random: &Random, requirements: &PasswordRequirements) -> Option<Password> {
        (0..20).find_map(|_| {
            let phrase = passphrase::generate_passphrase(random, requirements.min_length);
            let met = |(rule, status): &(PasswordRule, RuleStatus)| !rule.is_local() || *status == RuleStatus::Met;
            self.check_locally(&phrase, requirements).iter().all(met).then_some(phrase)
        })
    }
}

/// New password that meets every rule checked so far. Only this type can be submitted.
pub(crate) struct NewPassword {
    password: Password,
    rule_statuses: Vec<(PasswordRule, RuleStatus)>,
}

/// Reason why a password cannot be submitted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PasswordProblem {
    Empty,
    /// The two entries differ.
    Mismatch,
    /// At least one rule is not met. Holds all rules with their status.
    RulesNotMet(Vec<(PasswordRule, RuleStatus)>),
}

impl NewPassword {
    /// Validates the two entries of a new password.
    pub(crate) async fn parse(
        first: Password,
        again: &Password,
        engine: &PasswordPolicy,
        requirements: &PasswordRequirements,
    ) -> Result<Self, PasswordProblem> {
        if first.expose_password().is_empty() {
            return Err(PasswordProblem::Empty);
        }
        let statuses = engine.check_password(&first, requirements, async || true).await;
        // The caller that submits runs Microsoft's check last.
        let open = |(rule, status): &(PasswordRule, RuleStatus)| {
            *status == RuleStatus::Pending && *rule != PasswordRule::Microsoft
        };
        if statuses.iter().any(|one| one.1 == RuleStatus::Failed || open(one)) {
            return Err(PasswordProblem::RulesNotMet(statuses));
        }
        if !first.same_as(again) {
            return Err(PasswordProblem::Mismatch);
        }
        Ok(Self { password: first, rule_statuses: statuses })
    }

    /// Returns the status of each rule.
    pub(crate) fn rule_statuses(&self) -> &[(PasswordRule, RuleStatus)] {
        &self.rule_statuses
    }

    pub(crate) fn as_password(&self) -> &Password {
        &self.password
    }

    pub(crate) fn into_inner(self) -> Password {
        self.password
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Stored JSON has the names of the release before, which reads it during an upgrade.
    #[test]
    fn stored_requirements_keep_their_shape() {
        let stored = r#"{"min_length":8,"classes":3,"name_parts":["wanda"]}"#;
        let value: PasswordRequirements = serde_json::from_str(stored).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), stored);
    }

    fn password_from(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    fn new_policy() -> PasswordPolicy {
        let settings = PasswordPolicyConfig {
            banned_words: vec!["contoso".to_owned(), "blank".to_owned()],
            ..PasswordPolicyConfig::default()
        };
        PasswordPolicy::new(settings, &BreachCheckConfig::default(), "Fabrikam Ltd").unwrap()
    }

    async fn parse_failures(first: &str, again: &str) -> Result<(), PasswordProblem> {
        let engine = new_policy();
        let requirements = engine.requirements_for(vec!["wanda".to_owned()], None);
        let parsed = NewPassword::parse(password_from(first), &password_from(again), &engine, &requirements).await;
        parsed.map(|_| ()).map_err(|not_yet| match not_yet {
            PasswordProblem::RulesNotMet(all) => {
                PasswordProblem::RulesNotMet(all.into_iter().filter(|(_, s)| *s != RuleStatus::Met).collect())
            }
            other => other,
        })
    }

    #[tokio::test]
    async fn each_failed_rule_is_reported() {
        let only = |rule| Err(PasswordProblem::RulesNotMet(vec![(rule, RuleStatus::Failed)]));
        assert_eq!(parse_failures("Quiet-Harbour-92", "Quiet-Harbour-92").await, Ok(()));
        assert_eq!(parse_failures("", "").await, Err(PasswordProblem::Empty));
        assert_eq!(parse_failures("Quiet-Harbour-92", "Quiet-Harbour-93").await, Err(PasswordProblem::Mismatch));
        assert_eq!(parse_failures("Mjx7-qTv2W", "x").await, only(PasswordRule::Length));
        assert_eq!(parse_failures("all lower mixtures velvet", "x").await, only(PasswordRule::Classes));
        assert_eq!(parse_failures("Grüße-aus-Bremen-9-Velvet", "x").await, only(PasswordRule::Characters));
        assert_eq!(parse_failures("My-Name-Is-WANDA-9-Kite", "x").await, only(PasswordRule::Name));
        assert_eq!(
            parse_failures("My-Name-Is-W@nd@-9-Kite", "x").await,
            only(PasswordRule::Name),
            "also with substituted characters"
        );
        assert_eq!(parse_failures("C0ntos0Blank12", "x").await, only(PasswordRule::Banned));
        assert_eq!(parse_failures("Password-1234", "x").await, only(PasswordRule::Strength));
        assert_eq!(
            parse_failures("F@brikamF@brikam!F@brikam", "x").await,
            only(PasswordRule::Banned),
            "the organisation's own name"
        );
    }

    #[tokio::test]
    async fn empty_password_is_pending_and_disabled_rules_are_omitted() {
        let engine = PasswordPolicy::new(
            PasswordPolicyConfig { strength: 0, ..PasswordPolicyConfig::default() },
            &BreachCheckConfig::default(),
            "",
        )
        .unwrap();
        let statuses =
            engine.check_password(&password_from(""), &engine.requirements_for(vec![], None), async || true).await;
        assert!(statuses.iter().all(|(_, s)| *s == RuleStatus::Pending));
        assert_eq!(statuses.len(), 5, "neither strength nor breach");
    }

    #[test]
    fn suggested_passphrase_meets_rules_and_differs_each_time() {
        let (engine, random) = (new_policy(), Random::seeded(7));
        for min_length in [8, 12, 20, 40] {
            let requirements =
                PasswordRequirements { min_length, ..engine.requirements_for(vec!["wanda".to_owned()], None) };
            let (one, two) = (
                engine.suggest_passphrase(&random, &requirements).unwrap(),
                engine.suggest_passphrase(&random, &requirements).unwrap(),
            );
            assert!(!one.same_as(&two));
            assert!(one.expose_password().len() >= min_length);
        }
    }

    proptest! {
        #[test]
        fn accepted_password_meets_entra_limits(text in "\\PC{0,40}") {
            let engine = new_policy();
            let statuses = engine.check_locally(&password_from(&text), &engine.requirements_for(vec![], None));
            if statuses.iter().all(|(_, s)| *s == RuleStatus::Met) {
                prop_assert!(text.chars().count() >= 12);
                prop_assert!(text.is_ascii());
            }
        }
    }
}
