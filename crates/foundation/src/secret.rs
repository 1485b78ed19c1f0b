//! Holds values that must never be shown: they cannot be printed, serialised or copied by accident, and this copy is
//! wiped from memory. Copies made by hyper, serde and TLS cannot be wiped (`docs/threat-model.md`).

use std::fmt;

use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Password that a person typed. It has no `Clone`: one copy moves from the form to the request.
pub struct Password(Zeroizing<String>);

impl Password {
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Returns the characters. Every call is a place where a password could leak: search for this name in review.
    #[must_use]
    pub fn expose_password(&self) -> &str {
        &self.0
    }

    /// Compares two passwords in constant time.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::new)
    }
}

/// Token, client secret or key. It is kept longer than a password, so it can be cloned, but never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Returns the characters. Search for this name in review.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_secrets() {
        let shown = format!("{:?} {:?}", Password::new("hunter2".to_owned()), Secret::new("hunter2".to_owned()));
        assert_eq!(shown, "Password(hidden) Secret(hidden)");
    }

    #[test]
    fn password_comparison_includes_every_character() {
        let one = Password::new("a b".to_owned());
        assert!(one.same_as(&Password::new("a b".to_owned())));
        assert!(!one.same_as(&Password::new("a b ".to_owned())));
    }
}
