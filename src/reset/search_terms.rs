//! Search terms: which terms are indexed for a reset, and which terms a typed text is looked up by. Pure functions.
//!
//! Indexed for a reset are the prefixes of each word of the name and of the UPN in the lengths [`PREFIX_LENGTHS`],
//! pairs of prefixes of two words, and the prefix of the reference. A typed text is looked up by its longest indexed
//! prefix, and each reset found is then compared with the entire text. Every typed word therefore leads to a short
//! list, newest first, at any number of resets.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::base::ReferenceCode;

/// Lengths of the indexed prefixes: closer together where names differ most.
const PREFIX_LENGTHS: [usize; 8] = [1, 2, 3, 5, 8, 12, 20, 32];
/// Prefix lengths of the indexed word pairs: people type entire names, or the first two letters of each.
const PAIR_PREFIX_LENGTHS: [usize; 2] = [2, 4];
/// Maximum number of words that are indexed per name.
const MAX_NAME_WORDS: usize = 12;
/// Maximum length of a typed text.
const MAX_TEXT_CHARS: usize = 200;
/// Minimum number of characters to search for a reference: two characters match 1,000 of 1,000,000 references.
const MIN_REFERENCE_CHARS: usize = 3;
/// Maximum number of lookup terms of a text: two spellings of each word of a pair, UPN, reference, ticket.
pub(super) const MAX_LOOKUP_TERMS: usize = 8;

/// Typed search text: the beginning of a name, a UPN or a reference, or a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SearchText {
    /// Words, each with its spellings.
    words: Vec<Vec<String>>,
    upn: Option<String>,
    reference: Option<String>,
    ticket: String,
}

impl SearchText {
    /// Parses a text. Returns `None` if it contains no letter and no digit.
    pub(crate) fn parse(typed: &str) -> Option<Self> {
        let typed: String = typed.trim().chars().take(MAX_TEXT_CHARS).collect();
        let (plain, spelled) = (split_words(&fold_letters(&typed)), split_words(&fold_letters(&transliterate(&typed))));
        let spellings = plain.into_iter().zip(spelled).map(|(one, other)| distinct_spellings(one, other));
        let words: Vec<Vec<String>> = spellings.take(MAX_NAME_WORDS).collect();
        if words.is_empty() {
            return None;
        }
        let upn = (!typed.contains(char::is_whitespace)).then(|| strip_term_markers(&fold_letters(&typed)));
        let reference = ReferenceCode::parse_prefix(&typed).filter(|read| read.len() >= MIN_REFERENCE_CHARS);
        Some(Self { words, upn, reference, ticket: ticket_term(&typed) })
    }

    /// Returns the lookup terms. Every reset that matches is indexed under at least one of them.
    pub(super) fn lookup_terms(&self) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = self.pair_terms().unwrap_or_else(|| self.longest_word_terms());
        found.extend(self.upn.as_deref().and_then(longest_indexed_prefix));
        found.extend(self.reference.as_deref().map(reference_term));
        found.insert(self.ticket.clone());
        found
    }

    /// Returns the index term of the ticket.
    pub(super) fn ticket_term(&self) -> &str {
        &self.ticket
    }

    /// Returns the pair terms of the two longest words, which lead to shorter lists than one word. `None` if both words
    /// may mean the same word of a name, because they begin with the same two letters.
    fn pair_terms(&self) -> Option<BTreeSet<String>> {
        let mut long: Vec<&Vec<String>> = self.words.iter().collect();
        long.sort_by_key(|spellings| std::cmp::Reverse(word_length(spellings)));
        let (first, second) = (long.first()?, long.get(1)?);
        let heads = |letters: usize| Some((prefixes_of_length(first, letters)?, prefixes_of_length(second, letters)?));
        let (one, other) = heads(PAIR_PREFIX_LENGTHS[0])?;
        if !one.is_disjoint(&other) {
            return None;
        }
        let (one, other) = heads(PAIR_PREFIX_LENGTHS[1]).unwrap_or((one, other));
        Some(one.iter().flat_map(|one| other.iter().map(move |other| pair_term(one, other))).collect())
    }

    fn longest_word_terms(&self) -> BTreeSet<String> {
        let longest = self.words.iter().max_by_key(|spellings| word_length(spellings));
        longest.into_iter().flatten().filter_map(|word| longest_indexed_prefix(word)).collect()
    }

    /// Returns whether a reset matches the text, apart from its tickets.
    pub(super) fn is_match(&self, name: &str, upn: &str, reference: &str) -> bool {
        let known = words_of_name(name);
        let begins = |spelling: &String| known.iter().any(|word| word.starts_with(spelling));
        self.words.iter().all(|spellings| spellings.iter().any(begins))
            || self.upn.as_deref().is_some_and(|typed| strip_term_markers(&fold_letters(upn)).starts_with(typed))
            || self.reference.as_deref().is_some_and(|typed| reference.starts_with(typed))
    }
}

/// Returns every index term of a reset.
pub(super) fn terms_of_reset(name: &str, upn: &str, reference: &str) -> BTreeSet<String> {
    let words = words_of_name(name);
    let mut kept: BTreeSet<String> = words.iter().flat_map(|word| indexed_prefixes(word)).collect();
    for letters in PAIR_PREFIX_LENGTHS {
        let heads: Vec<String> = words.iter().filter_map(|word| prefix_of_length(word, letters)).collect();
        let others = |(at, one): (usize, &String)| {
            heads.iter().skip(at + 1).map(|other| pair_term(one, other)).collect::<Vec<_>>()
        };
        kept.extend(heads.iter().enumerate().flat_map(others));
    }
    kept.extend(indexed_prefixes(&strip_term_markers(&fold_letters(upn))));
    kept.insert(reference_term(reference));
    kept
}

/// Returns the index term of a ticket number.
pub(super) fn ticket_term(number: &str) -> String {
    let number: String = fold_letters(number).chars().filter(|c| !c.is_whitespace()).take(MAX_TEXT_CHARS).collect();
    format!("#{number}")
}

/// Returns the words of a name in both spellings.
fn words_of_name(name: &str) -> BTreeSet<String> {
    if name.is_ascii() {
        return split_words(&fold_letters(name)).into_iter().take(MAX_NAME_WORDS).collect();
    }
    let both = split_words(&fold_letters(name)).into_iter().zip(split_words(&fold_letters(&transliterate(name))));
    both.take(MAX_NAME_WORDS).flat_map(|(one, other)| [one, other]).collect()
}

fn distinct_spellings(one: String, other: String) -> Vec<String> {
    if one == other { vec![one] } else { vec![one, other] }
}

/// Folds a text to lower-case letters without accents, for comparison.
fn fold_letters(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let small = text.nfkd().flat_map(char::to_lowercase).nfkd();
    let mut folded = String::with_capacity(text.len());
    for letter in small.filter(|c| !is_combining_mark(*c)) {
        match letter {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            // The Arabic tatweel, which only stretches a word.
            'ـ' => {}
            other => folded.push(other),
        }
    }
    folded
}

/// Writes out letters that keyboards may lack: the directory may have Mueller where a person types Müller.
fn transliterate(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for letter in text.nfkc() {
        match letter {
            'ä' | 'Ä' => spelled.push_str("ae"),
            'ö' | 'Ö' | 'ø' | 'Ø' => spelled.push_str("oe"),
            'ü' | 'Ü' => spelled.push_str("ue"),
            'å' | 'Å' => spelled.push_str("aa"),
            other => spelled.push(other),
        }
    }
    spelled
}

/// Splits a text into words of letters and digits. Apostrophes are dropped, so O'Brien is one word.
fn split_words(folded: &str) -> Vec<String> {
    let kept: String = folded.chars().filter(|c| !matches!(c, '\'' | '’' | 'ʼ' | '`')).collect();
    kept.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Strips the characters that mark ticket, reference and pair terms from the start of a UPN.
fn strip_term_markers(upn: &str) -> String {
    upn.trim_start_matches(['#', '~', ' ']).to_owned()
}

fn word_length(spellings: &[String]) -> usize {
    spellings.first().map_or(0, |word| word.chars().count())
}

fn prefix_of_length(word: &str, letters: usize) -> Option<String> {
    let front: String = word.chars().take(letters).collect();
    (front.chars().count() == letters).then_some(front)
}

fn indexed_prefixes(word: &str) -> impl Iterator<Item = String> {
    PREFIX_LENGTHS.iter().filter_map(|step| prefix_of_length(word, *step))
}

/// Returns the longest prefix of a word that is indexed.
fn longest_indexed_prefix(word: &str) -> Option<String> {
    PREFIX_LENGTHS.iter().rev().find_map(|step| prefix_of_length(word, *step))
}

/// Returns the prefixes of all spellings, or `None` if one is shorter.
fn prefixes_of_length(spellings: &[String], letters: usize) -> Option<BTreeSet<String>> {
    spellings.iter().map(|word| prefix_of_length(word, letters)).collect()
}

fn pair_term(one: &str, other: &str) -> String {
    if one < other { format!("{one} {other}") } else { format!("{other} {one}") }
}

fn reference_term(reference: &str) -> String {
    format!("~{}", reference.chars().take(MIN_REFERENCE_CHARS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UPN: &str = "anna.mueller@contoso.example";

    fn is_found(typed: &str, name: &str) -> bool {
        let text = SearchText::parse(typed).unwrap();
        let found = text.lookup_terms().iter().any(|word| terms_of_reset(name, UPN, "7KQ4M2ZD").contains(word));
        let fits = text.is_match(name, UPN, "7KQ4M2ZD");
        assert!(found || !fits, "{typed}: a match must be found");
        fits
    }

    #[test]
    fn name_is_found_by_prefix_of_each_word() {
        for typed in [
            "an mu",
            "anna",
            "MÜLLER",
            "mueller anna",
            "mul",
            "mue",
            "a",
            "a m",
            "müller",
            "ÀNNÁ",
            "anna.mu",
            "ann, mull",
        ] {
            assert!(is_found(typed, "Anna Müller"), "{typed}");
        }
        for typed in ["nna", "anna x", "mullerin", "an mu c", "an-na"] {
            assert!(!is_found(typed, "Anna Müller"), "{typed}");
        }
        assert!(is_found("müller", "Anna Mueller"), "as the directory spells it");
        assert!(is_found("obri", "Siobhán O’Brien") && is_found("o'b", "Siobhan O'Brien"));
        assert!(is_found("lüd mül", "Jo Müller-Lüdenscheidt") && is_found("muller-lu", "Jo Müller-Lüdenscheidt"));
        assert!(is_found("łuk", "Lukasz Żak") && is_found("zak", "Łukasz Żak") && is_found("strasse", "Jo Straße"));
        assert!(is_found("山田", "山田 太郎") && is_found("محمد", "مُحَمَّد علي"));
        assert!(is_found("an an", "Anna Anton") && is_found("an anna", "Anna Müller"), "two words may mean the same");
    }

    #[test]
    fn search_text_parses_upn_reference_and_ticket() {
        for typed in
            ["anna.mueller@contoso.example", "ANNA.MUELLER@", "anna.mueller@con", "7kq", "7KQ4-M2", "7kq4 m2zd"]
        {
            assert!(is_found(typed, "Somebody Else"), "{typed}");
        }
        for typed in ["mueller@contoso", "7k", "kq4", "anna mueller@"] {
            assert!(!is_found(typed, "Somebody Else"), "{typed}");
        }
        assert!(SearchText::parse("INC 0012345").unwrap().lookup_terms().contains(&ticket_term("inc0012345")));
        assert_eq!(SearchText::parse(" -- "), None);
    }

    proptest! {
        #[test]
        fn any_text_is_safe_and_lookup_terms_are_bounded(typed in "\\PC*", name in "\\PC*", upn in "\\PC*") {
            terms_of_reset(&name, &upn, "7KQ4M2ZD");
            if let Some(text) = SearchText::parse(&typed) {
                prop_assert!(text.lookup_terms().len() <= MAX_LOOKUP_TERMS, "{:?}", text.lookup_terms());
                text.is_match(&name, &upn, "7KQ4M2ZD");
            }
        }

        #[test]
        fn folding_is_idempotent(text in "\\PC*") {
            let once = fold_letters(&text);
            prop_assert_eq!(fold_letters(&once), once);
        }

        #[test]
        fn every_match_is_reachable_by_lookup_term(name in "[a-cäöüéßøł A-C]{0,14}", typed in "[a-cäöüéßøł]{1,5}( [a-cäöü]{1,4})?", upn in "[a-c.@]{0,9}") {
            if let Some(text) = SearchText::parse(&typed) {
                let kept = terms_of_reset(&name, &upn, "ABCA0000");
                let found = text.lookup_terms().iter().any(|word| kept.contains(word));
                prop_assert!(found || !text.is_match(&name, &upn, "ABCA0000"), "{:?} {:?}", text.lookup_terms(), kept);
            }
        }

        #[test]
        fn every_prefix_of_every_word_matches(name in "[A-Za-zÀ-ÿ]{1,12}( [A-Za-zÀ-ÿ]{1,12}){0,3}", lengths in proptest::collection::vec(1_usize..12, 4)) {
            let typed: Vec<String> =
                name.split(' ').zip(lengths).map(|(word, length)| word.chars().take(length).collect()).collect();
            if let Some(text) = SearchText::parse(&typed.join(" ")) {
                prop_assert!(text.is_match(&name, "", ""), "{:?}", typed);
                let kept = terms_of_reset(&name, "", "");
                prop_assert!(text.lookup_terms().iter().any(|word| kept.contains(word)), "{:?}", typed);
            }
        }
    }
}
