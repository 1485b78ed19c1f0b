//! Passphrases that are easy to read out and to type on a phone: words of the EFF's long list, one of them with a
//! capital letter, and a digit.
//!
//! 4 words give 51 bits of entropy. The position of the capital and the digit add some more.

use diceware_wordlists::Wordlist;
use zeroize::Zeroizing;

use crate::base::{Password, Random};

/// Minimum number of words.
const MIN_WORDS: usize = 4;

pub(super) fn generate_passphrase(random: &Random, min_length: usize) -> Password {
    let list = Wordlist::EffLong.get_list();
    let mut words: Vec<Zeroizing<String>> = Vec::new();
    while words.len() < MIN_WORDS || passphrase_length(&words) + 2 < min_length {
        let Some(word) = list.get(random_below(random, list.len())) else { break };
        // Plain words of medium length are easy to say and to type. Capital I and lower-case l look the same.
        let plain = word.chars().all(|c| c.is_ascii_lowercase()) && !word.starts_with(['i', 'l']);
        if (4..=8).contains(&word.len()) && plain {
            words.push(Zeroizing::new((*word).to_owned()));
        }
    }
    let capital = random_below(random, words.len());
    let mut text = Zeroizing::new(String::new());
    for (at, word) in words.iter().enumerate() {
        let mut letters = word.chars();
        if at == capital {
            text.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        }
        text.push_str(letters.as_str());
        text.push('-');
    }
    text.push(char::from_digit(random.number_below(10), 10).unwrap_or('7'));
    Password::new(std::mem::take(&mut *text))
}

fn passphrase_length(words: &[Zeroizing<String>]) -> usize {
    words.iter().map(|word| word.len() + 1).sum()
}

fn random_below(random: &Random, bound: usize) -> usize {
    usize::try_from(random.number_below(u32::try_from(bound).unwrap_or(0))).unwrap_or(0)
}
