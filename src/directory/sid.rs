//! Security identifiers in the text form of Graph and the binary form of AD (MS-DTYP 2.4.2; read 2026-11-23).

use std::fmt;
use std::str::FromStr;

/// Security identifier of a Windows account. Holds the bytes of `objectSid`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sid(Vec<u8>);

/// Text that is not a security identifier.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid security identifier: use the form S-1-5-21-1004336348-1177238915-682003330-1107")]
pub(crate) struct InvalidSid;

/// Maximum number of sub-authorities (`SubAuthorityCount`).
const MAX_SUB_AUTHORITIES: usize = 15;

impl Sid {
    /// Validates that the bytes are exactly one security identifier.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[revision, count, ..], rest) = bytes.split_first_chunk::<8>()?;
        let whole = revision == 1 && usize::from(count) <= MAX_SUB_AUTHORITIES && rest.len() == usize::from(count) * 4;
        whole.then(|| Self(bytes.to_owned()))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for Sid {
    type Err = InvalidSid;

    fn from_str(text: &str) -> Result<Self, InvalidSid> {
        let mut parts = text.strip_prefix("S-1-").ok_or(InvalidSid)?.split('-');
        // 6 bytes, big-endian. Windows writes large values in hexadecimal.
        let authority = parts.next().ok_or(InvalidSid)?;
        let authority = match authority.strip_prefix("0x") {
            Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u64::from_str_radix(hex, 16),
            _ => Ok(parse_digits(authority)?),
        };
        let [0, 0, authority @ ..] = authority.map_err(|_| InvalidSid)?.to_be_bytes() else { return Err(InvalidSid) };
        let below: Vec<u32> =
            parts.map(|part| u32::try_from(parse_digits(part)?).map_err(|_| InvalidSid)).collect::<Result<_, _>>()?;
        let count = u8::try_from(below.len())
            .ok()
            .filter(|count| usize::from(*count) <= MAX_SUB_AUTHORITIES)
            .ok_or(InvalidSid)?;
        let mut bytes = vec![1, count];
        bytes.extend(authority);
        bytes.extend(below.into_iter().flat_map(u32::to_le_bytes));
        Ok(Self(bytes))
    }
}

/// Parses digits only. `parse` alone would accept a sign.
fn parse_digits(text: &str) -> Result<u64, InvalidSid> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().map_err(|_| InvalidSid) } else { Err(InvalidSid) }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(([revision, _, authority @ ..], below)) = self.0.split_first_chunk::<8>() else { return Ok(()) };
        let authority = authority.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        write!(f, "S-{revision}-")?;
        match authority {
            0..=0xFFFF_FFFF => write!(f, "{authority}")?,
            _ => write!(f, "{authority:#014x}")?,
        }
        for part in below.as_chunks::<4>().0 {
            write!(f, "-{}", u32::from_le_bytes(*part))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sid_text_converts_to_object_sid_bytes() {
        let sid: Sid = "S-1-5-21-1004336348-1177238915-682003330-512".parse().unwrap();
        let bytes = [
            1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 0xDC, 0xF4, 0xDC, 0x3B, 0x83, 0x3D, 0x2B, 0x46, 0x82, 0x8B, 0xA6,
            0x28, 0, 2, 0, 0,
        ];
        assert_eq!(sid.as_bytes(), bytes);
        assert_eq!(Sid::from_bytes(&bytes), Some(sid));
    }

    #[test]
    fn invalid_sid_text_is_rejected() {
        for bad in [
            "",
            "S-1",
            "S-1-",
            "S-1--5",
            "S-2-5-21",
            "s-1-5-21",
            "S-1-5-",
            "S-1-5-4294967296",
            "S-1-5-+1",
            "S-1-5- 1",
            "S-1-0x",
            "S-1-0x+1-2",
            "S-1-281474976710656-1",
            "S-1-5-21)(objectClass=*",
            "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
        ] {
            assert_eq!(bad.parse::<Sid>(), Err(InvalidSid), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_sid_survives_a_round_trip(authority in 0_u64..1 << 48, parts in prop::collection::vec(any::<u32>(), 0..=15)) {
            let mut bytes = vec![1, u8::try_from(parts.len()).unwrap()];
            bytes.extend(&authority.to_be_bytes()[2..]);
            bytes.extend(parts.iter().flat_map(|part| part.to_le_bytes()));
            let sid = Sid::from_bytes(&bytes).unwrap();
            prop_assert_eq!(sid.to_string().parse::<Sid>(), Ok(sid.clone()));
        }

        #[test]
        fn arbitrary_text_and_bytes_never_panic(text in "(S-1-)?\\PC*", bytes: Vec<u8>) {
            let _ = text.parse::<Sid>();
            let _ = Sid::from_bytes(&bytes).map(|sid| sid.to_string());
        }
    }
}
