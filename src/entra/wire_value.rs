//! Defines enums for values that Microsoft writes as text.
//!
//! - Each known value is a variant. `Other` keeps any other value as it came, so that a value that Microsoft adds later
//!   is shown and stored unchanged.
//! - `as_str` and `Display` return the text as Microsoft documents it.
//! - `Debug` prints the quoted text, so that a log can be compared with Microsoft's pages.
//! - `null` is an error, as for a string: a property that may be missing is an `Option`.

/// Compares a value with a known text: `exact` or `ignore_case`.
macro_rules! wire_text_matches {
    (exact, $given:expr, $known:literal) => {
        $given == $known
    };
    (ignore_case, $given:expr, $known:literal) => {
        $given.eq_ignore_ascii_case($known)
    };
}
pub(in crate::entra) use wire_text_matches;

/// Defines an enum from its known texts: `wire_enum! { /// Doc. Name, exact { Variant = "text", } }`.
macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        $name:ident, $matching:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        pub(crate) enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// Value that this release does not know, as it came.
            Other(String),
        }

        impl $name {
            /// Returns the text as Microsoft writes it.
            pub(crate) fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                $(if $crate::entra::wire_value::wire_text_matches!($matching, text, $text) {
                    return Self::$variant;
                })+
                Self::Other(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(self.as_str(), f)
            }
        }

        #[cfg(test)]
        impl $crate::entra::wire_value::testing::WireValue for $name {
            const KNOWN_TEXTS: &'static [&'static str] = &[$($text),+];

            fn is_known(&self) -> bool {
                !matches!(self, Self::Other(_))
            }
        }
    };
}
pub(in crate::entra) use wire_enum;

#[cfg(test)]
pub(in crate::entra) mod testing {
    use std::fmt::{Debug, Display};

    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, from_value, json, to_value};

    /// Enum that `wire_enum!` defined.
    pub(in crate::entra) trait WireValue:
        Clone + Debug + DeserializeOwned + Display + PartialEq + Serialize
    {
        const KNOWN_TEXTS: &'static [&'static str];

        fn is_known(&self) -> bool;
    }

    /// Checks that every known value parses and prints back, that an unknown one is kept, and that `null` is an error.
    pub(in crate::entra) fn check_wire_values<T: WireValue>() {
        let parse = |text: &str| from_value::<T>(json!(text)).unwrap();
        for text in T::KNOWN_TEXTS {
            let value = parse(text);
            assert!(value.is_known(), "{text}");
            assert_eq!((value.to_string().as_str(), format!("{value:?}")), (*text, format!("{text:?}")));
            assert_eq!(to_value(&value).unwrap(), json!(text));
            assert_eq!(T::KNOWN_TEXTS.iter().filter(|other| parse(other) == value).count(), 1, "{text} is unique");
        }
        for text in ["", "addedByMicrosoftLater", "None of these"] {
            let value = parse(text);
            assert!(!value.is_known(), "{text}");
            assert_eq!((value.to_string().as_str(), to_value(&value).unwrap()), (text, json!(text)));
        }
        assert!(from_value::<T>(Value::Null).is_err());
    }

    /// Checks whether the case of a known value matters.
    pub(in crate::entra) fn accepts_any_case<T: WireValue>() -> bool {
        let same = |text: &&str| {
            let parse = |text: String| from_value::<T>(json!(text)).unwrap();
            parse(text.to_ascii_uppercase()) == parse(text.to_ascii_lowercase())
        };
        T::KNOWN_TEXTS.iter().all(same)
    }
}
