//! Password strength by zxcvbn, from 0 (guessed immediately) to 4 (very hard to guess).

/// Maximum number of characters to score. zxcvbn's cost grows with the square of the length, and a password with a
/// strong first part is strong.
const MAX_SCORED_CHARS: usize = 64;

pub(super) fn estimate_strength(text: &str, name_parts: &[String]) -> u8 {
    let end = text.char_indices().nth(MAX_SCORED_CHARS).map_or(text.len(), |(at, _)| at);
    let known: Vec<&str> = name_parts.iter().map(String::as_str).collect();
    zxcvbn::zxcvbn(text.get(..end).unwrap_or(text), &known).score().into()
}
