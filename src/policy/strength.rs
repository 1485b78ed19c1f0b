//! How hard a password is to guess, by zxcvbn: 0 (at once) to 4 (not in a lifetime).

/// zxcvbn's work grows with the square of the length; what is strong in its first part is strong.
const LOOKED_AT: usize = 64;

pub(super) fn score(text: &str, name_parts: &[String]) -> u8 {
    let end = text.char_indices().nth(LOOKED_AT).map_or(text.len(), |(at, _)| at);
    let known: Vec<&str> = name_parts.iter().map(String::as_str).collect();
    zxcvbn::zxcvbn(text.get(..end).unwrap_or(text), &known).score().into()
}
