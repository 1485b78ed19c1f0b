//! Password strength by zxcvbn, from 0 (guessed immediately) to 4 (very hard to guess).

/// Maximum number of characters to score. zxcvbn's cost grows with the square of the length, and a password with a
/// strong first part is strong.
const LOOKED_AT: usize = 64;

pub(super) fn score(text: &str, name_parts: &[String]) -> u8 {
    let end = text.char_indices().nth(LOOKED_AT).map_or(text.len(), |(at, _)| at);
    let known: Vec<&str> = name_parts.iter().map(String::as_str).collect();
    zxcvbn::zxcvbn(text.get(..end).unwrap_or(text), &known).score().into()
}
