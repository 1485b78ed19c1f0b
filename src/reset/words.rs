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
const STEPS: [usize; 8] = [1, 2, 3, 5, 8, 12, 20, 32];
/// Prefix lengths of the indexed word pairs: people type entire names, or the first two letters of each.
const HEADS: [usize; 2] = [2, 4];
/// Maximum number of words that are indexed per name.
const WORDS: usize = 12;
/// Maximum length of a typed text.
const TYPED: usize = 200;
/// Minimum number of characters to search for a reference: two characters match 1,000 of 1,000,000 references.
const REFERENCE: usize = 3;
/// Maximum number of lookup terms of a text: two spellings of each word of a pair, UPN, reference, ticket.
pub(super) const FINDERS: usize = 8;

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
    pub(crate) fn read(typed: &str) -> Option<Self> {
        let typed: String = typed.trim().chars().take(TYPED).collect();
        let (plain, spelled) = (words(&fold(&typed)), words(&fold(&spell(&typed))));
        let spellings = plain.into_iter().zip(spelled).map(|(one, other)| both(one, other));
        let words: Vec<Vec<String>> = spellings.take(WORDS).collect();
        if words.is_empty() {
            return None;
        }
        let upn = (!typed.contains(char::is_whitespace)).then(|| bare(&fold(&typed)));
        let reference = ReferenceCode::beginning(&typed).filter(|read| read.len() >= REFERENCE);
        Some(Self { words, upn, reference, ticket: ticket(&typed) })
    }

    /// Returns the lookup terms. Every reset that matches is indexed under at least one of them.
    pub(super) fn finders(&self) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = self.pair().unwrap_or_else(|| self.longest());
        found.extend(self.upn.as_deref().and_then(beginning));
        found.extend(self.reference.as_deref().map(about_reference));
        found.insert(self.ticket.clone());
        found
    }

    /// Returns the index term of the ticket.
    pub(super) fn ticket(&self) -> &str {
        &self.ticket
    }

    /// Returns the pair terms of the two longest words, which lead to shorter lists than one word. `None` if both words
    /// may mean the same word of a name, because they begin with the same two letters.
    fn pair(&self) -> Option<BTreeSet<String>> {
        let mut long: Vec<&Vec<String>> = self.words.iter().collect();
        long.sort_by_key(|spellings| std::cmp::Reverse(length(spellings)));
        let (first, second) = (long.first()?, long.get(1)?);
        let heads = |letters: usize| Some((heads(first, letters)?, heads(second, letters)?));
        let (one, other) = heads(HEADS[0])?;
        if !one.is_disjoint(&other) {
            return None;
        }
        let (one, other) = heads(HEADS[1]).unwrap_or((one, other));
        Some(one.iter().flat_map(|one| other.iter().map(move |other| pair(one, other))).collect())
    }

    fn longest(&self) -> BTreeSet<String> {
        let longest = self.words.iter().max_by_key(|spellings| length(spellings));
        longest.into_iter().flatten().filter_map(|word| beginning(word)).collect()
    }

    /// Returns whether a reset matches the text, apart from its tickets.
    pub(super) fn fits(&self, name: &str, upn: &str, reference: &str) -> bool {
        let known = of_name(name);
        let begins = |spelling: &String| known.iter().any(|word| word.starts_with(spelling));
        self.words.iter().all(|spellings| spellings.iter().any(begins))
            || self.upn.as_deref().is_some_and(|typed| bare(&fold(upn)).starts_with(typed))
            || self.reference.as_deref().is_some_and(|typed| reference.starts_with(typed))
    }
}

/// Returns every index term of a reset.
pub(super) fn of_reset(name: &str, upn: &str, reference: &str) -> BTreeSet<String> {
    let words = of_name(name);
    let mut kept: BTreeSet<String> = words.iter().flat_map(|word| beginnings(word)).collect();
    for letters in HEADS {
        let heads: Vec<String> = words.iter().filter_map(|word| front(word, letters)).collect();
        let others =
            |(at, one): (usize, &String)| heads.iter().skip(at + 1).map(|other| pair(one, other)).collect::<Vec<_>>();
        kept.extend(heads.iter().enumerate().flat_map(others));
    }
    kept.extend(beginnings(&bare(&fold(upn))));
    kept.insert(about_reference(reference));
    kept
}

/// Returns the index term of a ticket number.
pub(super) fn ticket(number: &str) -> String {
    let number: String = fold(number).chars().filter(|c| !c.is_whitespace()).take(TYPED).collect();
    format!("#{number}")
}

/// Returns the words of a name in both spellings.
fn of_name(name: &str) -> BTreeSet<String> {
    if name.is_ascii() {
        return words(&fold(name)).into_iter().take(WORDS).collect();
    }
    let both = words(&fold(name)).into_iter().zip(words(&fold(&spell(name))));
    both.take(WORDS).flat_map(|(one, other)| [one, other]).collect()
}

fn both(one: String, other: String) -> Vec<String> {
    if one == other { vec![one] } else { vec![one, other] }
}

/// Folds a text to lower-case letters without accents, for comparison.
fn fold(text: &str) -> String {
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
fn spell(text: &str) -> String {
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
fn words(folded: &str) -> Vec<String> {
    let kept: String = folded.chars().filter(|c| !matches!(c, '\'' | '’' | 'ʼ' | '`')).collect();
    kept.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Strips the characters that mark ticket, reference and pair terms from the start of a UPN.
fn bare(upn: &str) -> String {
    upn.trim_start_matches(['#', '~', ' ']).to_owned()
}

fn length(spellings: &[String]) -> usize {
    spellings.first().map_or(0, |word| word.chars().count())
}

fn front(word: &str, letters: usize) -> Option<String> {
    let front: String = word.chars().take(letters).collect();
    (front.chars().count() == letters).then_some(front)
}

fn beginnings(word: &str) -> impl Iterator<Item = String> {
    STEPS.iter().filter_map(|step| front(word, *step))
}

/// Returns the longest prefix of a word that is indexed.
fn beginning(word: &str) -> Option<String> {
    STEPS.iter().rev().find_map(|step| front(word, *step))
}

/// Returns the prefixes of all spellings, or `None` if one is shorter.
fn heads(spellings: &[String], letters: usize) -> Option<BTreeSet<String>> {
    spellings.iter().map(|word| front(word, letters)).collect()
}

fn pair(one: &str, other: &str) -> String {
    if one < other { format!("{one} {other}") } else { format!("{other} {one}") }
}

fn about_reference(reference: &str) -> String {
    format!("~{}", reference.chars().take(REFERENCE).collect::<String>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UPN: &str = "anna.mueller@contoso.example";

    fn finds(typed: &str, name: &str) -> bool {
        let text = SearchText::read(typed).unwrap();
        let found = text.finders().iter().any(|word| of_reset(name, UPN, "7KQ4M2ZD").contains(word));
        let fits = text.fits(name, UPN, "7KQ4M2ZD");
        assert!(found || !fits, "{typed}: a match must be found");
        fits
    }

    #[test]
    fn a_name_is_found_by_how_each_word_of_it_begins() {
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
            assert!(finds(typed, "Anna Müller"), "{typed}");
        }
        for typed in ["nna", "anna x", "mullerin", "an mu c", "an-na"] {
            assert!(!finds(typed, "Anna Müller"), "{typed}");
        }
        assert!(finds("müller", "Anna Mueller"), "as the directory spells it");
        assert!(finds("obri", "Siobhán O’Brien") && finds("o'b", "Siobhan O'Brien"));
        assert!(finds("lüd mül", "Jo Müller-Lüdenscheidt") && finds("muller-lu", "Jo Müller-Lüdenscheidt"));
        assert!(finds("łuk", "Lukasz Żak") && finds("zak", "Łukasz Żak") && finds("strasse", "Jo Straße"));
        assert!(finds("山田", "山田 太郎") && finds("محمد", "مُحَمَّد علي"));
        assert!(finds("an an", "Anna Anton") && finds("an anna", "Anna Müller"), "two words may mean the same");
    }

    #[test]
    fn a_upn_a_reference_and_a_ticket_are_understood() {
        for typed in
            ["anna.mueller@contoso.example", "ANNA.MUELLER@", "anna.mueller@con", "7kq", "7KQ4-M2", "7kq4 m2zd"]
        {
            assert!(finds(typed, "Somebody Else"), "{typed}");
        }
        for typed in ["mueller@contoso", "7k", "kq4", "anna mueller@"] {
            assert!(!finds(typed, "Somebody Else"), "{typed}");
        }
        assert!(SearchText::read("INC 0012345").unwrap().finders().contains(&ticket("inc0012345")));
        assert_eq!(SearchText::read(" -- "), None);
    }

    proptest! {
        #[test]
        fn any_text_is_safe_and_lookup_terms_are_bounded(typed in "\\PC*", name in "\\PC*", upn in "\\PC*") {
            of_reset(&name, &upn, "7KQ4M2ZD");
            if let Some(text) = SearchText::read(&typed) {
                prop_assert!(text.finders().len() <= FINDERS, "{:?}", text.finders());
                text.fits(&name, &upn, "7KQ4M2ZD");
            }
        }

        #[test]
        fn folding_is_idempotent(text in "\\PC*") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn every_match_is_reachable_by_lookup_term(name in "[a-cäöüéßøł A-C]{0,14}", typed in "[a-cäöüéßøł]{1,5}( [a-cäöü]{1,4})?", upn in "[a-c.@]{0,9}") {
            if let Some(text) = SearchText::read(&typed) {
                let kept = of_reset(&name, &upn, "ABCA0000");
                let found = text.finders().iter().any(|word| kept.contains(word));
                prop_assert!(found || !text.fits(&name, &upn, "ABCA0000"), "{:?} {:?}", text.finders(), kept);
            }
        }

        #[test]
        fn every_prefix_of_every_word_matches(name in "[A-Za-zÀ-ÿ]{1,12}( [A-Za-zÀ-ÿ]{1,12}){0,3}", lengths in proptest::collection::vec(1_usize..12, 4)) {
            let typed: Vec<String> =
                name.split(' ').zip(lengths).map(|(word, length)| word.chars().take(length).collect()).collect();
            if let Some(text) = SearchText::read(&typed.join(" ")) {
                prop_assert!(text.fits(&name, "", ""), "{:?}", typed);
                let kept = of_reset(&name, "", "");
                prop_assert!(text.finders().iter().any(|word| kept.contains(word)), "{:?}", typed);
            }
        }
    }
}
