//! The token signing keys. The newest key signs. Older keys stay published, so that their tokens can still be verified.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use passback_foundation::Random;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// An RSA key pair with its key id.
#[derive(Clone)]
pub(crate) struct SigningKey(Arc<SigningKeyParts>);

struct SigningKeyParts {
    kid: String,
    modulus: String,
    exponent: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// Generates a signing key on a thread for blocking work.
pub(crate) async fn generate_signing_key(random: &Random) -> Result<SigningKey, SigningKeyError> {
    let kid = random.token();
    let made = tokio::task::spawn_blocking(move || SigningKey::generate(kid)).await;
    made.unwrap_or_else(|error| Err(SigningKeyError::from_join_error(&error)))
}

/// All published keys, newest first.
pub(crate) struct SigningKeys(RwLock<Vec<SigningKey>>);

/// A failure to generate a signing key or to sign a token.
#[derive(Debug, thiserror::Error)]
#[error("signing key of the emulator failed: {0}")]
pub struct SigningKeyError(String);

impl SigningKeyError {
    pub(crate) fn from_join_error(error: &tokio::task::JoinError) -> Self {
        Self(error.to_string())
    }
}

impl SigningKey {
    /// Generates a 2048-bit key. Takes 0.1 s or more, so it must run on a thread for blocking work.
    pub(crate) fn generate(kid: String) -> Result<Self, SigningKeyError> {
        let failed = |e: &dyn std::fmt::Display| SigningKeyError(e.to_string());
        let private = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map_err(|e| failed(&e))?;
        let der = private.to_pkcs1_der().map_err(|e| failed(&e))?;
        let modulus = URL_SAFE_NO_PAD.encode(private.n().to_bytes_be());
        let exponent = URL_SAFE_NO_PAD.encode(private.e().to_bytes_be());
        let decoding = DecodingKey::from_rsa_components(&modulus, &exponent).map_err(|e| failed(&e))?;
        let encoding = EncodingKey::from_rsa_der(der.as_bytes());
        Ok(Self(Arc::new(SigningKeyParts { kid, modulus, exponent, encoding, decoding })))
    }

    fn jwk(&self, issuer: &str) -> Value {
        let SigningKeyParts { kid, modulus, exponent, .. } = &*self.0;
        json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": modulus, "e": exponent, "issuer": issuer })
    }
}

impl SigningKeys {
    pub(crate) fn new(first: SigningKey) -> Self {
        Self(RwLock::new(vec![first]))
    }

    /// Adds `key`, which signs all further tokens.
    pub(crate) fn rotate(&self, key: SigningKey) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(0, key);
    }

    /// Returns the JSON Web Key Set without `alg`, as Entra publishes it.
    pub(super) fn jwk_set(&self, issuer: &str) -> Value {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        json!({ "keys": keys.iter().map(|key| key.jwk(issuer)).collect::<Vec<_>>() })
    }

    /// Signs a JWT with the newest key.
    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String, SigningKeyError> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.first().ok_or_else(|| SigningKeyError("no key available".to_owned()))?;
        let header = Header { kid: Some(key.0.kid.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &key.0.encoding).map_err(|e| SigningKeyError(e.to_string()))
    }

    /// Verifies signature and audience of a token of this emulator and returns its claims. Times are not checked: the
    /// caller compares them with the emulator's clock.
    pub(crate) fn decode_token<T: DeserializeOwned + Clone>(&self, token: &str, audience: &str) -> Option<T> {
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_audience(&[audience]);
        rules.validate_exp = false;
        rules.required_spec_claims.clear();
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .find_map(|key| jsonwebtoken::decode::<T>(token, &key.0.decoding, &rules).ok())
            .map(|data| data.claims)
    }
}
