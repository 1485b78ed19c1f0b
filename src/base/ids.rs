//! Ids are types, so that one cannot be passed for another.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Random;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub(crate) struct $name(Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id! { /// One attempt to set one person's password (`UUIDv7`: sorts by time).
ResetId }
id! { /// One caller at the helpdesk.
CaseId }
id! { /// An Entra tenant.
TenantId }
id! { /// An object of a tenant: a user.
ObjectId }

impl From<Uuid> for TenantId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl ObjectId {
    /// Nobody's.
    pub(crate) fn nil() -> Self {
        Self(Uuid::nil())
    }
}

impl ResetId {
    pub(crate) fn new(random: &Random, now: Timestamp) -> Self {
        Self(random.uuid_at(now))
    }

    /// No reset of this time or later has a smaller id, none of before a greater one.
    pub(crate) fn first_at(at: Timestamp) -> Self {
        let millis = u128::try_from(at.as_millisecond()).unwrap_or(0);
        Self(Uuid::from_u128((millis << 80) | (7 << 76) | (2 << 62)))
    }
}

impl CaseId {
    pub(crate) fn new(random: &Random, now: Timestamp) -> Self {
        Self(random.uuid_at(now))
    }
}

/// Who a person is, for ever: tenant and object id. The UPN changes when somebody marries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct PersonKey {
    pub(crate) tenant: TenantId,
    pub(crate) object: ObjectId,
}

impl fmt::Display for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.object)
    }
}

impl FromStr for PersonKey {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (tenant, object) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self { tenant: tenant.parse()?, object: object.parse()? })
    }
}

/// The short name of a reset that can be read out on the telephone: eight characters of Crockford's base32
/// (no I, L, O, U), shown as `7KQ4-M2ZD`. An id, not a secret.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Reference(String);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Reference {
    pub(crate) fn new(random: &Random) -> Self {
        let pick = |_| CROCKFORD.get(random.below(32) as usize).map_or('0', |&byte| char::from(byte));
        Self((0..8).map(pick).collect())
    }

    /// The eight characters as they stand in the database.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, tail) = self.0.split_at_checked(4).unwrap_or((&self.0, ""));
        write!(f, "{head}-{tail}")
    }
}

impl Reference {
    /// How a reference begins, from what was heard of it: at least two letters, at most all.
    pub(crate) fn beginning(text: &str) -> Option<String> {
        let read = fold(text)?;
        (2..=8).contains(&read.len()).then_some(read)
    }
}

/// Half-heard letters as Crockford folds them. `None`: there is one that no reference has.
fn fold(text: &str) -> Option<String> {
    let letter = |letter: char| match letter.to_ascii_uppercase() {
        'O' => Some('0'),
        'I' | 'L' => Some('1'),
        other => Some(other).filter(|c| c.is_ascii() && CROCKFORD.contains(&(*c as u8))),
    };
    text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(9).map(letter).collect()
}

/// What was typed is no reference.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reference has eight letters and digits, such as 7KQ4-M2ZD")]
pub(crate) struct NoReference;

impl FromStr for Reference {
    type Err = NoReference;

    /// Reads what a person wrote or half heard: case, spaces and dashes do not matter, `O` is `0`, `I` and `L` are `1`.
    fn from_str(text: &str) -> Result<Self, NoReference> {
        fold(text).filter(|read| read.len() == 8).map(Self).ok_or(NoReference)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_half_heard_reference_is_understood() {
        assert_eq!("okq4 m2zl".parse::<Reference>().unwrap().to_string(), "0KQ4-M2Z1");
        assert_eq!("7KQ4-M2Z".parse::<Reference>(), Err(NoReference));
        assert_eq!("7KQ4-M2ZU".parse::<Reference>(), Err(NoReference));
    }

    proptest! {
        #[test]
        fn every_reference_reads_back(seed: u64) {
            let made = Reference::new(&Random::seeded(seed));
            prop_assert_eq!(made.to_string().parse::<Reference>(), Ok(made.clone()));
            prop_assert_eq!(made.to_string().len(), 9);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = text.parse::<Reference>();
        }
    }
}
