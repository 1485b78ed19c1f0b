//! Banned words, by Entra's published evaluation (Microsoft Entra documentation, concept-password-ban-bad, "How are
//! passwords evaluated", read 2026-08).
//!
//! 1. The password is normalised.
//! 2. It is rejected if it is within one edit of a banned word.
//! 3. Each banned word in it counts 1 point, and so does each other character. 5 points are required.
//!
//! Microsoft's global list is not published, so these checks use the organisation's own words, its name, and a few
//! common passwords.

use zeroize::Zeroizing;

/// Minimum number of points of an accepted password.
const REQUIRED_POINTS: usize = 5;
/// Minimum length of a banned word. A shorter one would ban half of all passwords, and Entra requires at least 4
/// characters too.
const MIN_BANNED_WORD_CHARS: usize = 4;
/// Words at the top of every published list of common passwords.
const COMMON_BANNED_WORDS: [&str; 24] = [
    "password",
    "passwort",
    "motdepasse",
    "welcome",
    "qwerty",
    "qwertz",
    "azerty",
    "letmein",
    "changeme",
    "admin",
    "abcd",
    "iloveyou",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "spring",
    "summer",
    "autumn",
    "winter",
    "sommer",
    "herbst",
    "sunshine",
    "princess",
];

/// Banned words in normalised form.
pub(super) struct BannedWords(Vec<String>);

/// Converts text to lower case and reverses the usual substitutions: `0` o, `1` l, `$` s, `@` a.
pub(super) fn normalise_text(text: &str) -> String {
    let plain = |c: char| match c {
        '0' => 'o',
        '1' => 'l',
        '$' => 's',
        '@' => 'a',
        other => other,
    };
    text.to_lowercase().chars().map(plain).collect()
}

impl BannedWords {
    pub(super) fn new<'a>(own: impl Iterator<Item = &'a str>) -> Self {
        let long = |word: &String| word.chars().count() >= MIN_BANNED_WORD_CHARS;
        let mut words: Vec<String> = own.chain(COMMON_BANNED_WORDS).map(normalise_text).filter(long).collect();
        words.sort();
        words.dedup();
        Self(words)
    }

    /// Returns whether a normalised password is allowed.
    pub(super) fn is_allowed(&self, normal: &str) -> bool {
        !self.0.iter().any(|word| is_within_one_edit(normal, word)) && self.count_points(normal) >= REQUIRED_POINTS
    }

    /// Counts the lowest number of points over all ways to split the password into banned words and single characters.
    fn count_points(&self, normal: &str) -> usize {
        let text = Zeroizing::new(normal.chars().collect::<Vec<char>>());
        let words: Vec<Vec<char>> = self.0.iter().map(|word| word.chars().collect()).collect();
        // best[at]: lowest number of points of the first `at` characters.
        let mut best = vec![0_usize; 1];
        for at in 1..=text.len() {
            let one_more = best.last().copied().unwrap_or(0) + 1;
            let read = text.get(..at).unwrap_or_default();
            let ending = words.iter().filter(|word| read.ends_with(word));
            let by_word = ending.filter_map(|word| best.get(at - word.len())).min().map(|before| before + 1);
            best.push(by_word.map_or(one_more, |points| points.min(one_more)));
        }
        best.last().copied().unwrap_or(0)
    }
}

/// Returns whether the texts are equal or differ by one added, removed or replaced character.
fn is_within_one_edit(one: &str, two: &str) -> bool {
    let (one, two): (Vec<char>, Vec<char>) = (one.chars().collect(), two.chars().collect());
    let (one, two) = (Zeroizing::new(one), two);
    let (shorter, longer): (&[char], &[char]) = if one.len() <= two.len() { (&one, &two) } else { (&two, &one) };
    if longer.len() - shorter.len() > 1 {
        return false;
    }
    let same = shorter.iter().zip(longer).take_while(|(a, b)| a == b).count();
    let skip = usize::from(shorter.len() == longer.len());
    shorter.get((same + skip).min(shorter.len())..) == longer.get((same + 1).min(longer.len())..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn banned_words() -> BannedWords {
        BannedWords::new(["Contoso", "Blank", "abcdef"].into_iter())
    }

    #[test]
    fn microsoft_examples_score_as_published() {
        let points = |text: &str| banned_words().count_points(&normalise_text(text));
        assert_eq!(points("C0ntos0Blank12"), 4);
        assert_eq!(points("ContoS0Bl@nkf9!"), 5);
        for close in ["abcdeg", "abcdefg", "abcde", "abcdef"] {
            assert!(!banned_words().is_allowed(close), "{close}");
        }
        assert!(banned_words().is_allowed(&normalise_text("ContoS0Bl@nkf9!")));
    }

    #[test]
    fn short_custom_words_are_ignored() {
        assert!(BannedWords::new(["a", "ltd"].into_iter()).is_allowed("a quiet harbour"));
    }

    proptest! {
        #[test]
        fn one_edit_is_detected_in_both_directions(text in "[a-d]{0,6}", at in 0_usize..7, letter in "[a-d]", kind in 0_u8..3) {
            let mut edited: Vec<char> = text.chars().collect();
            let at = at.min(edited.len());
            let new = letter.chars().next().unwrap();
            match kind {
                0 => edited.insert(at, new),
                1 if at < edited.len() => edited[at] = new,
                _ if at < edited.len() => { edited.remove(at); }
                _ => {}
            }
            let edited: String = edited.into_iter().collect();
            prop_assert!(is_within_one_edit(&text, &edited) && is_within_one_edit(&edited, &text));
            let two_more = format!("{text}xy");
            prop_assert!(!is_within_one_edit(&text, &two_more));
        }

        #[test]
        fn points_never_exceed_the_character_count(text in "\\PC{0,60}") {
            prop_assert!(banned_words().count_points(&text) <= text.chars().count());
        }
    }
}
