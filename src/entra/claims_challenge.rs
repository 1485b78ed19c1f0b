//! Claims challenges of Graph, and the `claims` parameter that answers them.
//!
//! A token declares the client capability `cp1` if its owner can answer a claims challenge
//! (<https://learn.microsoft.com/entra/identity-platform/claims-challenge>, read 2026-11-23).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Maximum length of an encoded claims challenge. A real one has a few hundred bytes.
const MAX_CHALLENGE_BYTES: usize = 4_096;

/// Whether the owner of a token can answer a claims challenge to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChallengeCapability {
    /// A person is present and can sign in again.
    CanAnswer,
    CannotAnswer,
}

/// Claims challenge: the claims a token must contain before Graph accepts it, keyed by the kind of token.
///
/// It is passed to Entra unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimsChallenge(BTreeMap<String, Map<String, Value>>);

impl ClaimsChallenge {
    /// Parses the challenge in a `WWW-Authenticate` header.
    ///
    /// Microsoft sends Base64 in the standard or the URL-safe alphabet, with or without padding.
    pub(super) fn from_header(header: &str) -> Option<Self> {
        let at = header.to_ascii_lowercase().find("claims=\"")?;
        let coded = header.get(at + "claims=\"".len()..)?.split('"').next()?;
        if coded.len() > MAX_CHALLENGE_BYTES {
            return None;
        }
        let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let plain = [STANDARD, URL_SAFE].iter().find_map(|of| GeneralPurpose::new(of, lenient).decode(coded).ok())?;
        serde_json::from_slice(&plain).ok()
    }

    /// Builds the `claims` parameter of an authorize or token request. `None` if no claim is needed.
    ///
    /// It combines the challenge, the authentication context that the sign-in must satisfy, and the client capability
    /// to answer a claims challenge (`cp1`).
    pub(crate) fn claims_parameter(
        context: Option<&str>,
        capability: ChallengeCapability,
        challenge: Option<&Self>,
    ) -> Option<String> {
        let mut claims = challenge.cloned().unwrap_or_default().0;
        if let Some(context) = context {
            let of_id = claims.entry("id_token".to_owned()).or_default();
            of_id.insert("acrs".to_owned(), json!({ "essential": true, "value": context }));
        }
        if capability == ChallengeCapability::CanAnswer {
            let of_access = claims.entry("access_token".to_owned()).or_default();
            of_access.insert("xms_cc".to_owned(), json!({ "values": ["cp1"] }));
        }
        if claims.is_empty() { None } else { serde_json::to_string(&claims).ok() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHALLENGE_JSON: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1800000000"}}}"#;

    fn challenge_header(coded: &str) -> String {
        format!(r#"Bearer realm="", authorization_uri="https://x/", error="insufficient_claims", claims="{coded}""#)
    }

    #[test]
    fn claims_challenge_parses_both_base64_alphabets_and_keeps_requested_claims() {
        let standard = base64::engine::general_purpose::STANDARD.encode(CHALLENGE_JSON);
        let read = ClaimsChallenge::from_header(&challenge_header(&standard)).unwrap();
        assert_eq!(ClaimsChallenge::from_header(&challenge_header(standard.trim_end_matches('='))), Some(read.clone()));
        let safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(CHALLENGE_JSON);
        assert_eq!(ClaimsChallenge::from_header(&challenge_header(&safe)), Some(read.clone()));
        let capable = ChallengeCapability::CanAnswer;
        let parameter: Value =
            serde_json::from_str(&ClaimsChallenge::claims_parameter(Some("c2"), capable, Some(&read)).unwrap())
                .unwrap();
        assert_eq!(parameter["access_token"]["nbf"]["value"], "1800000000");
        assert_eq!(parameter["access_token"]["xms_cc"], json!({ "values": ["cp1"] }));
        assert_eq!(parameter["id_token"]["acrs"], json!({ "essential": true, "value": "c2" }));
        assert_eq!(ClaimsChallenge::claims_parameter(None, ChallengeCapability::CannotAnswer, None), None);
    }

    #[test]
    fn invalid_challenge_header_parses_to_none() {
        for bad in ["", "%%%", "e30x", "W10=", "eyJhIjoxfQ=="] {
            assert_eq!(ClaimsChallenge::from_header(&challenge_header(bad)), None, "{bad}");
        }
        assert_eq!(ClaimsChallenge::from_header(&challenge_header(&"A".repeat(MAX_CHALLENGE_BYTES + 4))), None);
        assert_eq!(ClaimsChallenge::from_header(r#"Bearer error="invalid_token""#), None);
        assert_eq!(ClaimsChallenge::from_header(r#"Bearer claims=""#), None);
    }

    proptest! {
        #[test]
        fn arbitrary_header_does_not_panic(text in ".*", coded in "[ -~]{0,80}") {
            let _ = ClaimsChallenge::from_header(&text);
            let _ = ClaimsChallenge::from_header(&challenge_header(&coded));
        }
    }
}
