//! Reason that staff state for a pause or a resume.

/// Length that a reason must have, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 10..=500;

/// Reason of 10 to 500 characters on one line, without characters that change the direction of the text around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StatedReason(String);

impl StatedReason {
    /// Parses what was typed, or returns `None` if it is too short or too long.
    pub(crate) fn parse(typed: &str) -> Option<Self> {
        let text = clean_line(typed);
        LENGTH.contains(&text.chars().count()).then_some(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns a text as one line without control characters and direction marks.
pub(super) fn clean_line(text: &str) -> String {
    let is_direction_mark =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let kept = words.map(|word| word.chars().filter(|c| !is_direction_mark(*c)).collect::<String>());
    kept.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_has_10_to_500_characters_on_one_line() {
        for refused in ["", "         ", "too short", "a\u{202e}\u{202e}\u{202e}bcdefgh", &"x".repeat(501)] {
            assert_eq!(StatedReason::parse(refused), None, "{refused:?}");
        }
        let read = |typed: &str| StatedReason::parse(typed).unwrap().as_str().to_owned();
        assert_eq!(read("  an attack,\r\n\tticket\u{202e} 4711\0 "), "an attack, ticket 4711");
        assert_eq!(read(&"ü".repeat(500)).chars().count(), 500);
    }
}
