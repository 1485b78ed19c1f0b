//! Defines one type for each kind of id, so that one cannot be passed in place of another.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Random;

macro_rules! define_id {
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

define_id! { /// Id of one attempt to set one person's password (`UUIDv7`: sorts by time).
ResetId }
define_id! { /// Id of a helpdesk case.
CaseId }
define_id! { /// Id of an Entra tenant.
TenantId }
define_id! { /// Id of an object in a tenant, such as a user.
ObjectId }

impl From<Uuid> for TenantId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl ObjectId {
    /// Returns the nil id, which belongs to no user.
    pub(crate) fn nil() -> Self {
        Self(Uuid::nil())
    }
}

impl ResetId {
    pub(crate) fn new(random: &Random, now: Timestamp) -> Self {
        Self(random.uuid_at(now))
    }

    /// Returns the lower bound of ids created at this time: resets from this time on have no smaller id, and earlier
    /// resets have no greater one.
    pub(crate) fn lower_bound_at(at: Timestamp) -> Self {
        let millis = u128::try_from(at.as_millisecond()).unwrap_or(0);
        Self(Uuid::from_u128((millis << 80) | (7 << 76) | (2 << 62)))
    }
}

impl CaseId {
    pub(crate) fn new(random: &Random, now: Timestamp) -> Self {
        Self(random.uuid_at(now))
    }
}

/// Permanent identity of a person: tenant and object id. The UPN is not stable, for example after a marriage.
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

/// Short name of a reset that can be read out on the phone: 8 characters of Crockford's base32 (no I, L, O, U), shown
/// as `7KQ4-M2ZD`. An id, not a secret.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct ReferenceCode(String);

const CROCKFORD_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl ReferenceCode {
    pub(crate) fn new(random: &Random) -> Self {
        let pick = |_| CROCKFORD_ALPHABET.get(random.number_below(32) as usize).map_or('0', |&byte| char::from(byte));
        Self((0..8).map(pick).collect())
    }

    /// Returns the 8 characters as stored in the database.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReferenceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, tail) = self.0.split_at_checked(4).unwrap_or((&self.0, ""));
        write!(f, "{head}-{tail}")
    }
}

impl ReferenceCode {
    /// Parses the beginning of a reference, from 2 to all 8 characters, as a person typed or misheard it.
    pub(crate) fn parse_prefix(text: &str) -> Option<String> {
        let read = normalise_letters(text)?;
        (2..=8).contains(&read.len()).then_some(read)
    }
}

/// Replaces letters that are easily confused, as Crockford's base32 does. Returns `None` if a character cannot occur in
/// a reference.
fn normalise_letters(text: &str) -> Option<String> {
    let letter = |letter: char| match letter.to_ascii_uppercase() {
        'O' => Some('0'),
        'I' | 'L' => Some('1'),
        other => Some(other).filter(|c| c.is_ascii() && CROCKFORD_ALPHABET.contains(&(*c as u8))),
    };
    text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(9).map(letter).collect()
}

/// Error for text that is not a reference.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reference has 8 letters and digits, such as 7KQ4-M2ZD")]
pub(crate) struct InvalidReference;

impl FromStr for ReferenceCode {
    type Err = InvalidReference;

    /// Parses what a person wrote or misheard: case, spaces and dashes do not matter, `O` is `0`, `I` and `L` are `1`.
    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        normalise_letters(text).filter(|read| read.len() == 8).map(Self).ok_or(InvalidReference)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn misheard_reference_letters_are_accepted() {
        assert_eq!("okq4 m2zl".parse::<ReferenceCode>().unwrap().to_string(), "0KQ4-M2Z1");
        assert_eq!("7KQ4-M2Z".parse::<ReferenceCode>(), Err(InvalidReference));
        assert_eq!("7KQ4-M2ZU".parse::<ReferenceCode>(), Err(InvalidReference));
    }

    proptest! {
        #[test]
        fn every_reference_round_trips(seed: u64) {
            let made = ReferenceCode::new(&Random::seeded(seed));
            prop_assert_eq!(made.to_string().parse::<ReferenceCode>(), Ok(made.clone()));
            prop_assert_eq!(made.to_string().len(), 9);
        }

        #[test]
        fn arbitrary_text_does_not_panic_the_parser(text in "\\PC*") {
            let _ = text.parse::<ReferenceCode>();
        }
    }
}
