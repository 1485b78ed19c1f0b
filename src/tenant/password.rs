//! What Entra itself thinks of a password: the cloud's characters and length, and the published banned-word scoring
//! (<https://learn.microsoft.com/entra/identity/authentication/concept-password-ban-bad>, read 2026-08).

use sha2::{Digest as _, Sha256};

use crate::base::Random;

/// A few of the words every list has. Microsoft does not publish its own.
const GLOBAL: &[&str] = &[
    "password", "qwerty", "welcome", "letmein", "iloveyou", "monkey", "dragon", "football", "baseball", "sunshine",
    "princess", "admin", "login", "abc123", "123456", "12345678", "summer", "winter", "spring2", "autumn",
];

/// What the cloud refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// Fewer than 8 or more than 256 characters, or one the cloud does not take.
    Shape,
    /// Fewer than five points.
    Banned,
}

/// Entra's verdict. `context` are the words of the person and the tenant, `custom` the organisation's own list.
pub(super) fn verdict(password: &str, context: &[&str], custom: &[String]) -> Result<(), Refusal> {
    let length = password.chars().count();
    if !(8..=256).contains(&length) || !password.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return Err(Refusal::Shape);
    }
    let normal = normalise(password);
    let names = context.iter().map(|word| word.to_lowercase()).filter(|word| word.chars().count() >= 4);
    if names.into_iter().any(|name| normal.contains(&name)) {
        return Err(Refusal::Banned);
    }
    let words: Vec<String> =
        GLOBAL.iter().map(|w| (*w).to_owned()).chain(custom.iter().map(|w| w.to_lowercase())).collect();
    if words.iter().any(|word| within_one(&normal, word)) || score(&normal, &words) < 5 {
        return Err(Refusal::Banned);
    }
    Ok(())
}

/// How many of the four classes it has.
pub(super) fn classes(password: &str) -> usize {
    let has = |test: fn(char) -> bool| usize::from(password.chars().any(test));
    has(char::is_lowercase) + has(char::is_uppercase) + has(char::is_numeric) + has(|c| !c.is_alphanumeric())
}

fn normalise(password: &str) -> String {
    password
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            '0' => 'o',
            '1' => 'l',
            '$' => 's',
            '@' => 'a',
            other => other,
        })
        .collect()
}

/// One point for each banned word found, one for each character outside them.
fn score(normal: &str, words: &[String]) -> usize {
    let mut rest = normal;
    let mut points = 0;
    while let Some(first) = rest.chars().next() {
        let longest =
            words.iter().map(|w| normalise(w)).filter(|w| rest.starts_with(w.as_str())).map(|w| w.len()).max();
        let step = longest.unwrap_or(first.len_utf8());
        rest = rest.get(step..).unwrap_or("");
        points += 1;
    }
    points
}

/// Whether one edit turns `a` into `b`.
fn within_one(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    head + tail + 1 >= a.len().max(b.len())
}

/// A salted digest: enough for an emulator that lives for an afternoon, and nothing that could be read back.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Digest {
    salt: [u8; 16],
    hash: [u8; 32],
}

impl Digest {
    pub(super) fn of(password: &str, random: &Random) -> Self {
        let salt = random.bytes();
        Self { salt, hash: Self::hash(salt, password) }
    }

    pub(super) fn matches(&self, password: &str) -> bool {
        Self::hash(self.salt, password) == self.hash
    }

    fn hash(salt: [u8; 16], password: &str) -> [u8; 32] {
        Sha256::new().chain_update(salt).chain_update(password).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microsofts_own_examples_are_judged_as_microsoft_judges_them() {
        let custom = ["contoso".to_owned(), "blank".to_owned()];
        // [c o n t o s o] + [b l a n k] + [1] + [2] = 4 points
        assert_eq!(verdict("C0ntos0Blank12", &[], &custom), Err(Refusal::Banned));
        // [contoso] + [blank] + f + 9 + ! = 5 points
        assert_eq!(verdict("ContoS0Bl@nkf9!", &[], &custom), Ok(()));
    }

    #[test]
    fn a_name_in_it_or_one_letter_from_a_banned_word_is_refused() {
        assert_eq!(verdict("p0ll23fb-poll-x", &["poll"], &[]), Err(Refusal::Banned));
        assert_eq!(verdict("abcdefg1", &[], &["abcdefg".to_owned()]), Err(Refusal::Banned));
        assert_eq!(verdict("kürzlich-neu-12", &[], &[]), Err(Refusal::Shape));
        assert_eq!(verdict("correct horse battery", &["Wanda"], &[]), Ok(()));
    }
}
