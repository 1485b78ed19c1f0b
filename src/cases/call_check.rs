//! Words of a call check: the agent reads out 3 words, and the person picks them from 9.

use diceware_wordlists::Wordlist;
use serde::{Deserialize, Serialize};

use super::store::VerificationRequest;
use crate::base::Random;
use crate::store::{KeyPurpose, SealContext, SealError, Sealer};

const SPOKEN_WORD_COUNT: usize = 3;
const SHOWN_WORD_COUNT: usize = 9;

/// Words of one call check. Stored sealed while the request is open.
#[derive(Serialize, Deserialize)]
pub(crate) struct CallCheckWords {
    /// The words that the agent reads out.
    #[serde(rename = "said")]
    pub(crate) spoken: Vec<String>,
    /// The words that the person chooses from, in alphabetical order.
    pub(crate) shown: Vec<String>,
}

impl CallCheckWords {
    pub(crate) fn new(random: &Random) -> Self {
        let mut shown: Vec<String> = Vec::new();
        let list = Wordlist::EffShort2.get_list();
        // Words of the EFF short list differ in their first 3 letters, so a misheard word is still distinguishable.
        while shown.len() < SHOWN_WORD_COUNT {
            let at = usize::try_from(random.number_below(u32::try_from(list.len()).unwrap_or(1))).unwrap_or(0);
            let Some(word) = list.get(at).filter(|word| word.chars().all(|c| c.is_ascii_lowercase())) else { continue };
            if !shown.iter().any(|other| other == word) {
                shown.push((*word).to_owned());
            }
        }
        let said = shown.iter().take(SPOKEN_WORD_COUNT).cloned().collect();
        shown.sort();
        Self { spoken: said, shown }
    }

    /// Returns whether exactly the spoken words were picked, in any order.
    pub(crate) fn match_spoken(&self, picked: &[String]) -> bool {
        let mut picked: Vec<&String> = picked.iter().collect();
        picked.sort();
        picked.dedup();
        picked.len() == self.spoken.len() && picked.iter().all(|word| self.spoken.contains(word))
    }

    pub(crate) fn seal(&self, sealer: &Sealer, check: &str) -> Result<String, SealError> {
        let plain = serde_json::to_vec(self).map_err(|_| SealError::CannotOpen)?;
        sealer.seal(KeyPurpose::CallCheckWords, seal_context(check), &plain)
    }

    pub(crate) fn open(sealer: &Sealer, check: &VerificationRequest) -> Result<Self, SealError> {
        let plain = sealer.open(KeyPurpose::CallCheckWords, seal_context(&check.id), check.sealed_words())?;
        serde_json::from_slice(&plain).map_err(|_| SealError::CannotOpen)
    }
}

fn seal_context(check: &str) -> SealContext<'_> {
    SealContext { table: "case_checks", column: "sealed", row: check }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Stored JSON has the names of the release before, which reads it during an upgrade.
    #[test]
    fn stored_words_keep_their_shape() {
        let stored = r#"{"said":["oak","river","stone"],"shown":["oak","river","stone","x"]}"#;
        let value: CallCheckWords = serde_json::from_str(stored).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), stored);
    }

    proptest! {
        #[test]
        fn only_the_three_spoken_words_match(seed: u64) {
            let words = CallCheckWords::new(&Random::seeded(seed));
            prop_assert_eq!((words.spoken.len(), words.shown.len()), (SPOKEN_WORD_COUNT, SHOWN_WORD_COUNT));
            let mut right = 0;
            for a in 0..SHOWN_WORD_COUNT {
                for b in a + 1..SHOWN_WORD_COUNT {
                    for c in b + 1..SHOWN_WORD_COUNT {
                        let picked = [c, a, b].map(|at| words.shown[at].clone());
                        right += u32::from(words.match_spoken(&picked));
                    }
                }
            }
            prop_assert_eq!(right, 1, "one of 84");
            prop_assert!(!words.match_spoken(&words.shown) && !words.match_spoken(&words.spoken[..2]) && !words.match_spoken(&[]));
        }
    }
}
