//! Authenticated encryption of stored values, such as sessions, sign-in attempts and the operator's tokens, and the MAC
//! of the audit chain.
//!
//! Each purpose has its own key, derived with HKDF-SHA-256 from the key file. Values are encrypted with
//! XChaCha20-Poly1305.
//!
//! Invariants:
//! - Each value is bound to its table, column, row and tenant as associated data. A value that was moved to another row
//!   cannot be decrypted.
//! - Key labels and context names are part of stored values and never change.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::base::{Random, TenantId, encode_hex};
use crate::config::{SealingConfig, SealingKey};

/// Purpose of a derived key. Its label is part of the derivation and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyPurpose {
    Session,
    SignInAttempt,
    Operator,
    Audit,
    /// Recipient of a notification mail.
    NoticeRecipient,
    /// "This was not me" link in a notification mail.
    NotMeLink,
    /// Words of a call check while it is open.
    CallCheckWords,
    /// MAC of the text entered at `/help`, which detects repeated requests.
    HelpRequest,
    /// MAC that represents a phone number in the database.
    PhoneNumber,
}

impl KeyPurpose {
    fn derivation_label(self) -> &'static [u8] {
        match self {
            Self::Session => b"passback session v1",
            Self::SignInAttempt => b"passback attempt v1",
            Self::Operator => b"passback operator v1",
            Self::Audit => b"passback audit v1",
            Self::NoticeRecipient => b"passback notice v1",
            Self::NotMeLink => b"passback not-me link v1",
            Self::CallCheckWords => b"passback call check v1",
            Self::HelpRequest => b"passback help v1",
            Self::PhoneNumber => b"passback number v1",
        }
    }
}

/// Location of a sealed value, bound to it as associated data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealContext<'a> {
    pub(crate) table: &'a str,
    pub(crate) column: &'a str,
    pub(crate) row: &'a str,
}

/// Encrypts with the first key of `sealing.keys` and decrypts with any of them.
#[derive(Clone)]
pub(crate) struct Sealer {
    keys: Vec<RootKey>,
    tenant: TenantId,
    random: Random,
}

#[derive(Clone)]
struct RootKey {
    id: String,
    root: Zeroizing<[u8; 32]>,
}

/// Failure to load a sealing key or to use a sealed value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    #[error("cannot read sealing key file {path}")]
    Read { path: String, source: std::io::Error },
    #[error("sealing key file {path} is accessible to group or others: run chmod 600 on it")]
    Permissions { path: String },
    #[error("sealing key file {path} must hold 64 hexadecimal digits: create it with openssl rand -hex 32")]
    InvalidKey { path: String },
    #[error("sealing.keys is empty: add at least one key")]
    NoKey,
    #[error("cannot decrypt a sealed value: its key is missing, or the value was changed or moved")]
    CannotOpen,
}

impl Sealer {
    pub(crate) fn load(sealing: &SealingConfig, tenant: TenantId, random: Random) -> Result<Self, SealError> {
        let keys = sealing.keys.iter().map(RootKey::load).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(SealError::NoKey);
        }
        Ok(Self { keys, tenant, random })
    }

    /// Encrypts a value with the first key. Returns `id.nonce.ciphertext`, the last two in base64.
    pub(crate) fn seal(
        &self,
        purpose: KeyPurpose,
        context: SealContext<'_>,
        plain: &[u8],
    ) -> Result<String, SealError> {
        let key = self.keys.first().ok_or(SealError::NoKey)?;
        let nonce: [u8; 24] = self.random.bytes();
        let aad = self.associated_data(context);
        let sealed = key
            .cipher(purpose)
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad })
            .map_err(|_| SealError::CannotOpen)?;
        Ok(format!("{}.{}.{}", key.id, STANDARD_NO_PAD.encode(nonce), STANDARD_NO_PAD.encode(sealed)))
    }

    /// Decrypts a value with the key that its prefix names.
    pub(crate) fn open(
        &self,
        purpose: KeyPurpose,
        context: SealContext<'_>,
        sealed: &str,
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let mut parts = sealed.rsplitn(3, '.');
        let (cipher, nonce, id) = (parts.next(), parts.next(), parts.next());
        let key = self.keys.iter().find(|key| Some(key.id.as_str()) == id).ok_or(SealError::CannotOpen)?;
        let decode = |part: Option<&str>| STANDARD_NO_PAD.decode(part.unwrap_or("")).map_err(|_| SealError::CannotOpen);
        let nonce: [u8; 24] = decode(nonce)?.try_into().map_err(|_| SealError::CannotOpen)?;
        let aad = self.associated_data(context);
        let cipher = decode(cipher)?;
        let plain = key.cipher(purpose).decrypt(&XNonce::from(nonce), Payload { msg: &cipher, aad: &aad });
        plain.map(Zeroizing::new).map_err(|_| SealError::CannotOpen)
    }

    /// Computes a MAC with the first key. Returns its hexadecimal digits and the key's id.
    pub(crate) fn compute_mac(&self, purpose: KeyPurpose, data: &[u8]) -> (String, String) {
        self.keys.first().map_or_else(Default::default, |key| (key.compute_mac(purpose, data), key.id.clone()))
    }

    /// Returns whether a MAC is valid, or `None` if its key is not configured.
    pub(crate) fn verify_mac(&self, purpose: KeyPurpose, data: &[u8], mac: &str, key: &str) -> Option<bool> {
        let key = self.keys.iter().find(|k| k.id == key)?;
        Some(key.compute_mac(purpose, data).as_bytes().ct_eq(mac.as_bytes()).into())
    }

    /// Encodes the context and the tenant as associated data. Length prefixes make the encoding unambiguous.
    fn associated_data(&self, context: SealContext<'_>) -> Vec<u8> {
        let tenant = self.tenant.to_string();
        let mut bytes = Vec::new();
        for part in [context.table, context.column, context.row, &tenant] {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

impl RootKey {
    fn load(file: &SealingKey) -> Result<Self, SealError> {
        use std::os::unix::fs::PermissionsExt as _;
        let path = file.file.display().to_string();
        let read = |source| SealError::Read { path: path.clone(), source };
        let mode = std::fs::metadata(&file.file).map_err(read)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(SealError::Permissions { path });
        }
        let text = Zeroizing::new(
            std::fs::read_to_string(&file.file).map_err(|source| SealError::Read { path: path.clone(), source })?,
        );
        let root = decode_hex_key(text.trim()).ok_or(SealError::InvalidKey { path })?;
        Ok(Self { id: file.id.clone(), root: Zeroizing::new(root) })
    }

    fn derive_key(&self, purpose: KeyPurpose) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        // Expanding to 32 bytes cannot fail: the limit is 255 times the hash length (RFC 5869).
        let _ = Hkdf::<Sha256>::new(None, &*self.root).expand(purpose.derivation_label(), &mut *key);
        key
    }

    fn cipher(&self, purpose: KeyPurpose) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.derive_key(purpose)).into())
    }

    fn compute_mac(&self, purpose: KeyPurpose, data: &[u8]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&*self.derive_key(purpose)) else { return String::new() };
        mac.update(data);
        encode_hex(&mac.finalize().into_bytes())
    }
}

fn decode_hex_key(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;

    const TOKEN_CONTEXT: SealContext<'_> = SealContext { table: "operator", column: "sealed_refresh", row: "1" };

    #[test]
    fn sealed_value_opens_only_in_its_own_context() {
        let sealer = testing::test_sealer();
        let kept = sealer.seal(KeyPurpose::Operator, TOKEN_CONTEXT, b"token").unwrap();
        assert_eq!(sealer.open(KeyPurpose::Operator, TOKEN_CONTEXT, &kept).unwrap().as_slice(), b"token");
        assert!(!kept.contains("token"));
        for elsewhere in [
            SealContext { row: "2", ..TOKEN_CONTEXT },
            SealContext { column: "sealed_access", ..TOKEN_CONTEXT },
            SealContext { table: "sessions", ..TOKEN_CONTEXT },
        ] {
            assert!(sealer.open(KeyPurpose::Operator, elsewhere, &kept).is_err());
        }
        assert!(sealer.open(KeyPurpose::Session, TOKEN_CONTEXT, &kept).is_err());
        assert!(sealer.open(KeyPurpose::Operator, TOKEN_CONTEXT, "nonsense").is_err());
    }

    #[test]
    fn first_key_seals_and_older_key_still_opens() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (testing::write_key_file(dir.path(), "old", 1), testing::write_key_file(dir.path(), "new", 2));
        let load = |keys: Vec<SealingKey>| {
            Sealer::load(&SealingConfig { keys }, testing::test_tenant(), Random::seeded(1)).unwrap()
        };
        let sealed = load(vec![old.clone()]).seal(KeyPurpose::Operator, TOKEN_CONTEXT, b"token").unwrap();
        let both = load(vec![new.clone(), old]);
        assert!(both.open(KeyPurpose::Operator, TOKEN_CONTEXT, &sealed).is_ok());
        assert!(both.seal(KeyPurpose::Operator, TOKEN_CONTEXT, b"x").unwrap().starts_with("new."));
        assert!(load(vec![new]).open(KeyPurpose::Operator, TOKEN_CONTEXT, &sealed).is_err(), "the old key is missing");
    }

    #[test]
    fn key_file_readable_by_group_is_rejected() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let key = testing::write_key_file(dir.path(), "k", 1);
        std::fs::set_permissions(&key.file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error =
            Sealer::load(&SealingConfig { keys: vec![key] }, testing::test_tenant(), Random::seeded(1)).err().unwrap();
        assert!(error.to_string().contains("chmod 600"));
    }
}
