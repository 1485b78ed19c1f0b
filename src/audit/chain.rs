//! Hash of an audit row, over length-prefixed fields, so that different rows never have the same encoding.

use sha2::{Digest as _, Sha256};

use crate::base::encode_hex;

/// Previous hash of the first row.
pub(super) const GENESIS_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Audit row as stored and hashed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct ChainedRow {
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) event: String,
    pub(super) actor: String,
    pub(super) subject: Option<String>,
    pub(super) reset_id: Option<String>,
    pub(super) detail: String,
    /// Digest of the salted personal details, empty if the event has none.
    pub(super) personal: String,
    pub(super) previous: String,
    pub(super) hash: String,
    pub(super) mac: String,
    pub(super) mac_key: String,
}

impl ChainedRow {
    /// Computes the hash from the row's other fields. The MAC is not part of it.
    pub(super) fn compute_hash(&self) -> String {
        let mut hasher = Sha256::new();
        let (seq, at) = (self.seq.to_string(), self.at.to_string());
        let optional = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), |t| format!("+{t}"));
        let (subject, reset) = (optional(&self.subject), optional(&self.reset_id));
        for part in [
            "passback audit row v1",
            &seq,
            &at,
            &self.event,
            &self.actor,
            &subject,
            &reset,
            &self.detail,
            &self.personal,
            &self.previous,
        ] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        encode_hex(&hasher.finalize())
    }
}

/// Returns the salted digest that represents personal details in the chain.
pub(super) fn personal_digest(salt: &str, data: &str) -> String {
    encode_hex(&Sha256::new().chain_update(salt.as_bytes()).chain_update([0]).chain_update(data.as_bytes()).finalize())
}

/// Returns the bytes that the head's MAC covers.
pub(super) fn head_mac_input(count: i64, hash: &str) -> Vec<u8> {
    format!("passback audit head v1:{count}:{hash}").into_bytes()
}
