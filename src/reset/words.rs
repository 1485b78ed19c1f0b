//! By which words a reset is found, and what somebody who types means. Pure.
//!
//! Kept of a reset are the beginnings of each word of the name and of the UPN in some lengths ([`STEPS`]), pairs of
//! beginnings of two words, and the beginning of the reference. What is typed is looked up by the longest
//! beginning that is kept, and each row found is then held against the whole of it. So every word typed leads to a short
//! list, the newest first, however many resets there are.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::base::Reference;

/// Lengths in which beginnings are kept: closer where names differ most.
const STEPS: [usize; 8] = [1, 2, 3, 5, 8, 12, 20, 32];
/// How many letters of two words make a pair: what is typed is often whole names, and sometimes two letters of each.
const HEADS: [usize; 2] = [2, 4];
/// So many words of one name are kept.
const WORDS: usize = 12;
/// What is typed is no letter.
const TYPED: usize = 200;
/// A reference is looked for from so many letters on: two are the beginning of a thousand in a million.
const REFERENCE: usize = 3;
/// At most so many lists come of what was typed: two spellings of each word of a pair, UPN, reference, ticket.
pub(super) const FINDERS: usize = 8;

/// What somebody typed: how a name, a UPN or a reference begins, or a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// Each word with its spellings.
    words: Vec<Vec<String>>,
    upn: Option<String>,
    reference: Option<String>,
    ticket: String,
}

impl Text {
    /// `None`: there is no letter and no digit in it.
    pub(crate) fn read(typed: &str) -> Option<Self> {
        let typed: String = typed.trim().chars().take(TYPED).collect();
        let (plain, spelled) = (words(&fold(&typed)), words(&fold(&spell(&typed))));
        let spellings = plain.into_iter().zip(spelled).map(|(one, other)| both(one, other));
        let words: Vec<Vec<String>> = spellings.take(WORDS).collect();
        if words.is_empty() {
            return None;
        }
        let upn = (!typed.contains(char::is_whitespace)).then(|| bare(&fold(&typed)));
        let reference = Reference::beginning(&typed).filter(|read| read.len() >= REFERENCE);
        Some(Self { words, upn, reference, ticket: ticket(&typed) })
    }

    /// The lists in which every reset is that this may mean.
    pub(super) fn finders(&self) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = self.pair().unwrap_or_else(|| self.longest());
        found.extend(self.upn.as_deref().and_then(beginning));
        found.extend(self.reference.as_deref().map(about_reference));
        found.insert(self.ticket.clone());
        found
    }

    /// The word of a ticket.
    pub(super) fn ticket(&self) -> &str {
        &self.ticket
    }

    /// Two words lead closer than one, where they cannot mean the same word of a name: with the same two letters in
    /// front they might.
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

    /// Whether a reset is meant, apart from its tickets.
    pub(super) fn fits(&self, name: &str, upn: &str, reference: &str) -> bool {
        let known = of_name(name);
        let begins = |spelling: &String| known.iter().any(|word| word.starts_with(spelling));
        self.words.iter().all(|spellings| spellings.iter().any(begins))
            || self.upn.as_deref().is_some_and(|typed| bare(&fold(upn)).starts_with(typed))
            || self.reference.as_deref().is_some_and(|typed| reference.starts_with(typed))
    }
}

/// Every word that is kept of a reset.
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

/// A ticket as it is kept.
pub(super) fn ticket(number: &str) -> String {
    let number: String = fold(number).chars().filter(|c| !c.is_whitespace()).take(TYPED).collect();
    format!("#{number}")
}

/// The words of a name in both spellings.
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

/// Small letters without accents, the way they are compared.
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
            // The Arabic stroke that only makes a word longer.
            'ـ' => {}
            other => folded.push(other),
        }
    }
    folded
}

/// How letters are written out where a keyboard lacks them: a directory says Mueller, a caller Müller.
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

/// Words of letters and digits. An apostrophe is nothing: O'Brien is one word.
fn words(folded: &str) -> Vec<String> {
    let kept: String = folded.chars().filter(|c| !matches!(c, '\'' | '’' | 'ʼ' | '`')).collect();
    kept.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A UPN without what begins words of ours.
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

/// The longest beginning that is kept.
fn beginning(word: &str) -> Option<String> {
    STEPS.iter().rev().find_map(|step| front(word, *step))
}

/// The fronts of all spellings, if they are long enough.
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
        let text = Text::read(typed).unwrap();
        let found = text.finders().iter().any(|word| of_reset(name, UPN, "7KQ4M2ZD").contains(word));
        let fits = text.fits(name, UPN, "7KQ4M2ZD");
        assert!(found || !fits, "{typed}: what fits must be found");
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
        assert!(Text::read("INC 0012345").unwrap().finders().contains(&ticket("inc0012345")));
        assert_eq!(Text::read(" -- "), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_lists_are_few(typed in "\\PC*", name in "\\PC*", upn in "\\PC*") {
            of_reset(&name, &upn, "7KQ4M2ZD");
            if let Some(text) = Text::read(&typed) {
                prop_assert!(text.finders().len() <= FINDERS, "{:?}", text.finders());
                text.fits(&name, &upn, "7KQ4M2ZD");
            }
        }

        #[test]
        fn folding_again_changes_nothing(text in "\\PC*") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn whatever_fits_is_in_a_list(name in "[a-cäöüéßøł A-C]{0,14}", typed in "[a-cäöüéßøł]{1,5}( [a-cäöü]{1,4})?", upn in "[a-c.@]{0,9}") {
            if let Some(text) = Text::read(&typed) {
                let kept = of_reset(&name, &upn, "ABCA0000");
                let found = text.finders().iter().any(|word| kept.contains(word));
                prop_assert!(found || !text.fits(&name, &upn, "ABCA0000"), "{:?} {:?}", text.finders(), kept);
            }
        }

        #[test]
        fn every_beginning_of_every_word_finds(name in "[A-Za-zÀ-ÿ]{1,12}( [A-Za-zÀ-ÿ]{1,12}){0,3}", lengths in proptest::collection::vec(1_usize..12, 4)) {
            let typed: Vec<String> =
                name.split(' ').zip(lengths).map(|(word, length)| word.chars().take(length).collect()).collect();
            if let Some(text) = Text::read(&typed.join(" ")) {
                prop_assert!(text.fits(&name, "", ""), "{:?}", typed);
                let kept = of_reset(&name, "", "");
                prop_assert!(text.finders().iter().any(|word| kept.contains(word)), "{:?}", typed);
            }
        }
    }
}
