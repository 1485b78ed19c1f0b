//! LDAP entry as a domain controller sends it. Malformed content is never trusted: an attribute that cannot be read is
//! absent.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use ldap3::asn1::StructureTag;

/// Attributes of one object. Attribute names ignore case, as in LDAP.
#[derive(Clone, Debug, Default)]
pub(super) struct LdapEntry {
    attributes: HashMap<String, Vec<u8>>,
}

/// Seconds between 1601, the epoch of FILETIME (MS-DTYP 2.3.3), and 1970.
const FILETIME_TO_UNIX_SECONDS: i64 = 11_644_473_600;
/// FILETIME units of 100 ns per second.
const FILETIME_UNITS_PER_SECOND: i64 = 10_000_000;

impl LdapEntry {
    /// Reads a search result entry: a name, then attributes, each with a name and values (RFC 4511 section 4.5.2).
    /// `ldap3`'s own parser panics on malformed content that this one omits.
    pub(super) fn from_tag(tag: StructureTag) -> Self {
        let mut attributes = HashMap::new();
        let parts = tag.expect_constructed().unwrap_or_default();
        let listed = parts.into_iter().nth(1).and_then(StructureTag::expect_constructed).unwrap_or_default();
        for attribute in listed {
            let mut parts = attribute.expect_constructed().unwrap_or_default().into_iter();
            let name = parts.next().and_then(StructureTag::expect_primitive).and_then(|n| String::from_utf8(n).ok());
            let mut values = parts.next().and_then(StructureTag::expect_constructed).unwrap_or_default().into_iter();
            // Every requested attribute has a single value.
            if let (Some(name), Some(value)) = (name, values.next().and_then(StructureTag::expect_primitive)) {
                attributes.insert(name.to_ascii_lowercase(), value);
            }
        }
        Self { attributes }
    }

    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.attributes.get(&name.to_ascii_lowercase()).map(Vec::as_slice)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.bytes(name)?).ok()
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// Returns a non-negative integer attribute.
    pub(super) fn unsigned_number(&self, name: &str) -> Option<u32> {
        self.number(name)?.try_into().ok()
    }

    /// Returns a Boolean attribute, `TRUE` or `FALSE` (RFC 4517 section 3.3.3).
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        match self.text(name)? {
            "TRUE" => Some(true),
            "FALSE" => Some(false),
            _ => None,
        }
    }

    /// Returns a FILETIME attribute as a time. `None`: 0 and the maximum mean "never", and so does a value out of range.
    pub(super) fn timestamp(&self, name: &str) -> Option<Timestamp> {
        timestamp_from_filetime(self.number(name)?)
    }

    /// Returns an interval attribute of a policy.
    pub(super) fn interval(&self, name: &str) -> Option<PolicyInterval> {
        Some(PolicyInterval::from_filetime(self.number(name)?))
    }
}

fn timestamp_from_filetime(units: i64) -> Option<Timestamp> {
    if units <= 0 || units == i64::MAX {
        return None;
    }
    let nanos = i32::try_from(units % FILETIME_UNITS_PER_SECOND * 100).ok()?;
    Timestamp::new(units / FILETIME_UNITS_PER_SECOND - FILETIME_TO_UNIX_SECONDS, nanos).ok()
}

/// Duration in a password policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PolicyInterval {
    Finite(SignedDuration),
    Forever,
}

impl PolicyInterval {
    /// Converts AD's form of an interval: a negative number, of which the lowest means forever (MS-SAMR 3.1.1.5,
    /// MS-ADTS 3.1.1.4.5.17; read 2026-11-23). A positive number has no meaning and counts as zero.
    fn from_filetime(units: i64) -> Self {
        match units {
            i64::MIN => Self::Forever,
            0.. => Self::Finite(SignedDuration::ZERO),
            // Neither overflows: the number is above the minimum, and the remainder is less than 1 second.
            _ => Self::Finite(SignedDuration::new(
                -(units / FILETIME_UNITS_PER_SECOND),
                i32::try_from(-(units % FILETIME_UNITS_PER_SECOND) * 100).unwrap_or(0),
            )),
        }
    }
}

#[cfg(test)]
impl LdapEntry {
    /// Creates an entry with these attributes.
    pub(super) fn from_pairs(attributes: &[(&str, &str)]) -> Self {
        let owned = attributes.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_bytes().to_owned()));
        Self { attributes: owned.collect() }
    }
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::{PL, TagClass};
    use proptest::prelude::*;

    use super::*;

    fn arbitrary_tag() -> impl Strategy<Value = StructureTag> {
        let tag = |payload| StructureTag { class: TagClass::Universal, id: 4, payload };
        let leaf = any::<Vec<u8>>().prop_map(move |bytes| tag(PL::P(bytes)));
        leaf.prop_recursive(4, 32, 4, move |inner| {
            prop::collection::vec(inner, 0..4).prop_map(move |parts| tag(PL::C(parts)))
        })
    }

    #[test]
    fn filetime_converts_and_limits_mean_never() {
        assert_eq!(
            timestamp_from_filetime(116_444_736_000_000_000 + 15_000_000).unwrap().to_string(),
            "1970-01-01T00:00:01.5Z"
        );
        assert_eq!(
            (
                timestamp_from_filetime(0),
                timestamp_from_filetime(-1),
                timestamp_from_filetime(i64::MAX),
                timestamp_from_filetime(i64::MIN)
            ),
            (None, None, None, None)
        );
        assert_eq!(timestamp_from_filetime(i64::MAX - 1), None, "out of the range of a timestamp");
    }

    #[test]
    fn policy_interval_converts_and_lowest_means_forever() {
        assert_eq!(
            PolicyInterval::from_filetime(-864_000_000_000),
            PolicyInterval::Finite(SignedDuration::from_hours(24))
        );
        assert_eq!(
            PolicyInterval::from_filetime(-15_000_000),
            PolicyInterval::Finite(SignedDuration::from_millis(1_500))
        );
        assert_eq!(PolicyInterval::from_filetime(0), PolicyInterval::Finite(SignedDuration::ZERO));
        assert_eq!(PolicyInterval::from_filetime(5), PolicyInterval::Finite(SignedDuration::ZERO));
        assert_eq!(PolicyInterval::from_filetime(i64::MIN), PolicyInterval::Forever);
    }

    #[test]
    fn attribute_names_ignore_case_and_invalid_values_are_absent() {
        let entry = LdapEntry::from_pairs(&[("pwdLastSet", "x"), ("adminCount", "-1"), ("a", "TRUE"), ("b", "yes")]);
        assert_eq!(
            (entry.number("PWDLASTSET"), entry.unsigned_number("admincount"), entry.number("nothing")),
            (None, None, None)
        );
        assert_eq!((entry.text("pwdlastset"), entry.boolean("A"), entry.boolean("b")), (Some("x"), Some(true), None));
    }

    proptest! {
        #[test]
        fn filetime_conversion_never_overflows(units: i64) {
            let _ = (timestamp_from_filetime(units), PolicyInterval::from_filetime(units));
            if let (PolicyInterval::Finite(length), true) = (PolicyInterval::from_filetime(units), units < 0) {
                prop_assert_eq!(length.as_nanos(), -i128::from(units) * 100);
            }
        }

        #[test]
        fn arbitrary_ldap_response_never_panics(tag in arbitrary_tag()) {
            let entry = LdapEntry::from_tag(tag);
            for name in entry.attributes.keys() {
                let _ = (entry.number(name), entry.boolean(name), entry.timestamp(name), entry.interval(name));
            }
        }
    }
}
