//! How hard a password is to guess: its character classes and its zxcvbn score.

/// Maximum number of characters to score. zxcvbn's cost grows with the square of the length, and a password with a
/// strong first part is strong.
const MAX_SCORED_CHARS: usize = 64;

/// Returns the score by zxcvbn, from 0 (guessed immediately) to 4 (very hard to guess).
pub(super) fn estimate_strength(text: &str, name_parts: &[String]) -> u8 {
    let end = text.char_indices().nth(MAX_SCORED_CHARS).map_or(text.len(), |(at, _)| at);
    let known: Vec<&str> = name_parts.iter().map(String::as_str).collect();
    zxcvbn::zxcvbn(text.get(..end).unwrap_or(text), &known).score().into()
}

/// Counts the classes of characters: lower case, upper case, digits, others.
pub(super) fn count_character_classes(text: &str) -> usize {
    let has = |test: fn(&char) -> bool| usize::from(text.chars().any(|c| test(&c)));
    has(char::is_ascii_lowercase)
        + has(char::is_ascii_uppercase)
        + has(char::is_ascii_digit)
        + has(|c| !c.is_ascii_alphanumeric())
}
