//! What can be said of a password before it is sent. One engine: the form asks it while somebody types, and submit
//! asks it again. What only Microsoft can check is named as such and not guessed.

use zeroize::Zeroizing;

use crate::base::Password;
use crate::config::Policy;

/// A rule we can check ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Length,
    Characters,
    Classes,
    Name,
}

impl Rule {
    pub(crate) const ALL: [Self; 4] = [Self::Length, Self::Characters, Self::Classes, Self::Name];

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Characters => "characters",
            Self::Classes => "classes",
            Self::Name => "name",
        }
    }
}

/// How a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Pending,
    Met,
    Failed,
}

impl Standing {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Met => "met",
            Self::Failed => "failed",
        }
    }
}

/// The most Entra takes.
const LONGEST: usize = 256;

/// A password that meets every rule we know: the only kind that can be submitted.
pub(crate) struct NewPassword(Password);

/// Why it cannot be submitted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotYet {
    Empty,
    /// The two entries differ.
    Different,
    Rules(Vec<Rule>),
}

impl NewPassword {
    pub(crate) fn parse(
        first: Password,
        again: &Password,
        policy: &Policy,
        name_parts: &[String],
    ) -> Result<Self, NotYet> {
        if first.expose_password().is_empty() {
            return Err(NotYet::Empty);
        }
        let failed: Vec<Rule> = judge(&first, policy, name_parts)
            .into_iter()
            .filter(|(_, standing)| *standing != Standing::Met)
            .map(|(rule, _)| rule)
            .collect();
        if !failed.is_empty() {
            return Err(NotYet::Rules(failed));
        }
        if !first.same_as(again) {
            return Err(NotYet::Different);
        }
        Ok(Self(first))
    }

    pub(super) fn into_inner(self) -> Password {
        self.0
    }
}

/// Every rule and how it stands.
pub(crate) fn judge(password: &Password, policy: &Policy, name_parts: &[String]) -> Vec<(Rule, Standing)> {
    let text = password.expose_password();
    let standing = |met: bool| match (text.is_empty(), met) {
        (true, _) => Standing::Pending,
        (false, true) => Standing::Met,
        (false, false) => Standing::Failed,
    };
    let length = text.chars().count();
    // A copy of the password like any other: it is wiped.
    let lower = Zeroizing::new(text.to_lowercase());
    Rule::ALL
        .into_iter()
        .map(|rule| {
            let met = match rule {
                Rule::Length => (policy.min_length..=LONGEST).contains(&length),
                // Entra takes printable ASCII and the blank; AD would take more, but then the two would differ.
                Rule::Characters => text.chars().all(|c| c == ' ' || c.is_ascii_graphic()),
                Rule::Classes => classes(text) >= policy.classes,
                Rule::Name => !name_parts.iter().any(|part| lower.contains(part)),
            };
            (rule, standing(met))
        })
        .collect()
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

    fn parse(first: &str, again: &str) -> Result<(), NotYet> {
        NewPassword::parse(password(first), &password(again), &Policy::default(), &["wanda".to_owned()]).map(|_| ())
    }

    #[test]
    fn each_rule_is_named() {
        assert_eq!(parse("Quiet-Harbour-92", "Quiet-Harbour-92"), Ok(()));
        assert_eq!(parse("", ""), Err(NotYet::Empty));
        assert_eq!(parse("Quiet-Harbour-92", "Quiet-Harbour-93"), Err(NotYet::Different));
        assert_eq!(parse("Short-1", "Short-1"), Err(NotYet::Rules(vec![Rule::Length])));
        assert_eq!(parse("all lower and long", "x"), Err(NotYet::Rules(vec![Rule::Classes])));
        assert_eq!(parse("Grüße-aus-Bremen-9", "x"), Err(NotYet::Rules(vec![Rule::Characters])));
        assert_eq!(parse("My-Name-Is-WANDA-9", "x"), Err(NotYet::Rules(vec![Rule::Name])));
    }

    proptest! {
        #[test]
        fn whatever_passes_is_what_entra_takes(text in "\\PC{0,40}") {
            if parse(&text, &text).is_ok() {
                prop_assert!(text.chars().count() >= 12);
                prop_assert!(text.is_ascii());
            }
        }
    }
}
