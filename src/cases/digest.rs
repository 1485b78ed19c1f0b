//! Digests of what a member of staff reads before they decide. A form carries the digest of the page it stood on, and it is
//! compared under the lock of the case, so that a decision applies only to what its author read.

use sha2::{Digest as _, Sha256};

use crate::base::encode_hex;

/// Returns the digest of a JSON value. Its keys are sorted, so equal values have equal digests.
pub(super) fn digest_json(content: &serde_json::Value) -> String {
    encode_hex(&Sha256::digest(content.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn digest_ignores_the_order_of_keys_and_sees_every_value() {
        let one = json!({ "action": "pass", "viewer": null, "points": 3 });
        assert_eq!(digest_json(&one), digest_json(&json!({ "points": 3, "viewer": null, "action": "pass" })));
        for other in
            [json!({ "action": "grant", "viewer": null, "points": 3 }), json!({ "action": "pass", "points": 3 })]
        {
            assert_ne!(digest_json(&one), digest_json(&other));
        }
    }
}
