//! Emulates Entra's own password checks: allowed characters, length and the published banned-password scoring
//! (<https://learn.microsoft.com/entra/identity/authentication/concept-password-ban-bad>, read 2026-08).

use sha2::{Digest as _, Sha256};

use passback_foundation::Random;

/// Sample of common passwords. Microsoft does not publish its global banned password list.
const GLOBAL_BANNED_WORDS: &[&str] = &[
    "password", "qwerty", "welcome", "letmein", "iloveyou", "monkey", "dragon", "football", "baseball", "sunshine",
    "princess", "admin", "login", "abc123", "123456", "12345678", "summer", "winter", "spring2", "autumn",
];

/// A reason for which Entra refuses a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PasswordRefusal {
    /// Fewer than 8 or more than 256 characters, or a character that Entra does not allow.
    LengthOrCharacters,
    /// Fewer than 5 points, close to a banned word, or contains a word of the context.
    Banned,
}

/// Checks a password as Entra does. `context` contains the names of the person and the tenant, `custom` the
/// organisation's own banned words.
pub(super) fn check_password(password: &str, context: &[&str], custom: &[String]) -> Result<(), PasswordRefusal> {
    let length = password.chars().count();
    if !(8..=256).contains(&length) || !password.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return Err(PasswordRefusal::LengthOrCharacters);
    }
    let normal = normalise_characters(password);
    let names = context.iter().map(|word| word.to_lowercase()).filter(|word| word.chars().count() >= 4);
    if names.into_iter().any(|name| normal.contains(&name)) {
        return Err(PasswordRefusal::Banned);
    }
    let words: Vec<String> =
        GLOBAL_BANNED_WORDS.iter().map(|w| (*w).to_owned()).chain(custom.iter().map(|w| w.to_lowercase())).collect();
    if words.iter().any(|word| is_within_one_edit(&normal, word)) || count_points(&normal, &words) < 5 {
        return Err(PasswordRefusal::Banned);
    }
    Ok(())
}

/// Counts the character classes in a password: lower case, upper case, digits and others.
pub(super) fn count_character_classes(password: &str) -> usize {
    let has = |test: fn(char) -> bool| usize::from(password.chars().any(test));
    has(char::is_lowercase) + has(char::is_uppercase) + has(char::is_numeric) + has(|c| !c.is_alphanumeric())
}

/// Lowers case and replaces common character substitutions, as Microsoft describes for banned passwords.
fn normalise_characters(password: &str) -> String {
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

/// Counts 1 point for each banned word found and 1 for each character outside of them.
fn count_points(normal: &str, words: &[String]) -> usize {
    let mut rest = normal;
    let mut points = 0;
    while let Some(first) = rest.chars().next() {
        let longest = words
            .iter()
            .map(|w| normalise_characters(w))
            .filter(|w| rest.starts_with(w.as_str()))
            .map(|w| w.len())
            .max();
        let step = longest.unwrap_or(first.len_utf8());
        rest = rest.get(step..).unwrap_or("");
        points += 1;
    }
    points
}

/// Returns whether `a` and `b` differ by at most one edit.
fn is_within_one_edit(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    head + tail + 1 >= a.len().max(b.len())
}

/// A salted SHA-256 digest of a password. Sufficient for short-lived test data; not suitable for real passwords.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PasswordDigest {
    salt: [u8; 16],
    hash: [u8; 32],
}

impl PasswordDigest {
    pub(super) fn new(password: &str, random: &Random) -> Self {
        let salt = random.bytes();
        Self { salt, hash: Self::salted_hash(salt, password) }
    }

    pub(super) fn matches(&self, password: &str) -> bool {
        Self::salted_hash(self.salt, password) == self.hash
    }

    fn salted_hash(salt: [u8; 16], password: &str) -> [u8; 32] {
        Sha256::new().chain_update(salt).chain_update(password).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microsoft_examples_get_documented_result() {
        let custom = ["contoso".to_owned(), "blank".to_owned()];
        // [c o n t o s o] + [b l a n k] + [1] + [2] = 4 points
        assert_eq!(check_password("C0ntos0Blank12", &[], &custom), Err(PasswordRefusal::Banned));
        // [contoso] + [blank] + f + 9 + ! = 5 points
        assert_eq!(check_password("ContoS0Bl@nkf9!", &[], &custom), Ok(()));
    }

    #[test]
    fn name_near_banned_word_or_non_ascii_is_refused() {
        assert_eq!(check_password("p0ll23fb-poll-x", &["poll"], &[]), Err(PasswordRefusal::Banned));
        assert_eq!(check_password("abcdefg1", &[], &["abcdefg".to_owned()]), Err(PasswordRefusal::Banned));
        assert_eq!(check_password("kürzlich-neu-12", &[], &[]), Err(PasswordRefusal::LengthOrCharacters));
        assert_eq!(check_password("correct horse battery", &["Wanda"], &[]), Ok(()));
    }
}
