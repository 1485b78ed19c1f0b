//! Verifies id tokens.
//!
//! Includes every check that does not depend on the purpose of the sign-in: those of OpenID Connect Core 1.0, section
//! 3.1.3.7, and the tenant and object id claims of Entra.

use jiff::{SignedDuration, Timestamp};
use oauth2::ClientId;
use openidconnect::core::{CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, IdToken, IdTokenVerifier, Nonce, SignatureVerificationError,
};
use serde::{Deserialize, Serialize};

use super::provider::DiscoveredProvider;
use crate::base::{ObjectId, PersonKey, TenantId, TimestampExt as _};

/// Tolerance for clock skew in `exp` and `nbf`.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(300);

/// Claims that Entra adds to the standard ones.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct EntraClaims {
    oid: Option<ObjectId>,
    tid: Option<TenantId>,
    nbf: Option<i64>,
    #[serde(default)]
    acct: Option<i64>,
    #[serde(default)]
    idp: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    acrs: Vec<String>,
    #[serde(default)]
    login_hint: Option<String>,
}

impl AdditionalClaims for EntraClaims {}

type EntraIdToken = IdToken<EntraClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// Person identified by a verified id token.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedIdentity {
    pub(crate) key: PersonKey,
    pub(crate) name: String,
    pub(crate) upn: String,
    pub(crate) roles: Vec<String>,
    /// Authentication contexts in `acrs`: each is satisfied, or has no policy that applies to the person. Entra
    /// includes a requested context in both cases.
    pub(crate) contexts: Vec<String>,
    pub(crate) signed_in_at: Timestamp,
    pub(crate) is_guest: bool,
    /// True if `amr` contains `pwd`. Entra does not issue `amr` in v2.0 tokens. If present, it is used only to refuse.
    pub(crate) used_password: bool,
    pub(crate) login_hint: Option<String>,
}

/// Reason to reject an id token. Each has its own test.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("id token missing")]
    Missing,
    #[error("id token not readable")]
    Unreadable,
    #[error("id token algorithm is not RS256")]
    Algorithm,
    #[error("id token signed with an unpublished key")]
    UnknownKey,
    #[error("id token signature invalid")]
    Signature,
    #[error("id token has another issuer")]
    Issuer,
    #[error("id token is for another application")]
    Audience,
    #[error("id token nonce does not match the sign-in")]
    Nonce,
    #[error("id token expired")]
    Expired,
    #[error("id token not valid yet")]
    NotYetValid,
    #[error("id token is from another tenant")]
    Tenant,
    #[error("id token contains no object id: request the scope profile")]
    NoObjectId,
    #[error("id token contains no auth_time: add this optional claim to the app registration")]
    NoAuthTime,
}

/// What an id token must match.
pub(super) struct IdTokenVerification<'a> {
    pub(super) provider: &'a DiscoveredProvider,
    pub(super) client_id: &'a str,
    pub(super) tenant_id: TenantId,
    /// Nonce of the authorize request. A device code sign-in has none.
    pub(super) nonce: Option<&'a str>,
    pub(super) now: Timestamp,
}

impl IdTokenVerification<'_> {
    /// Verifies an id token and returns the person it identifies.
    pub(super) fn verify(&self, id_token: &str) -> Result<VerifiedIdentity, IdentityError> {
        let token: EntraIdToken = id_token.parse().map_err(|_| IdentityError::Unreadable)?;
        let now = self.now;
        let lenient = now.earlier(MAX_CLOCK_SKEW).as_second();
        let verifier = IdTokenVerifier::new_public_client(
            ClientId::new(self.client_id.to_owned()),
            self.provider.issuer.clone(),
            self.provider.signing_keys.clone(),
        )
        .set_allowed_algs([CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256])
        .set_time_fn(move || chrono::DateTime::from_timestamp(lenient, 0).unwrap_or_default());
        let claims = match self.nonce {
            Some(nonce) => token.claims(&verifier, &Nonce::new(nonce.to_owned())),
            None => token.claims(&verifier, |_: Option<&Nonce>| Ok(())),
        };
        let claims = claims.map_err(|e| classify_claims_error(&e))?;
        let extra = claims.additional_claims();
        if extra.nbf.is_some_and(|nbf| nbf > now.later(MAX_CLOCK_SKEW).as_second()) {
            return Err(IdentityError::NotYetValid);
        }
        if extra.tid != Some(self.tenant_id) {
            return Err(IdentityError::Tenant);
        }
        let object = extra.oid.ok_or(IdentityError::NoObjectId)?;
        let auth_time = claims
            .auth_time()
            .and_then(|at| Timestamp::from_second(at.timestamp()).ok())
            .ok_or(IdentityError::NoAuthTime)?;
        let upn = claims.preferred_username().map(|n| n.to_string()).unwrap_or_default();
        let name = claims.name().and_then(|n| n.get(None)).map_or_else(|| upn.clone(), |n| n.to_string());
        Ok(VerifiedIdentity {
            key: PersonKey { tenant: self.tenant_id, object },
            name,
            upn,
            roles: extra.roles.clone(),
            contexts: extra.acrs.clone(),
            signed_in_at: auth_time,
            is_guest: extra.acct == Some(1) || extra.idp.is_some(),
            used_password: claims.auth_method_refs().is_some_and(|refs| refs.iter().any(|m| m.as_str() == "pwd")),
            login_hint: extra.login_hint.clone(),
        })
    }
}

fn classify_claims_error(error: &ClaimsVerificationError) -> IdentityError {
    match error {
        ClaimsVerificationError::Expired(_) => IdentityError::Expired,
        ClaimsVerificationError::InvalidAudience(_) => IdentityError::Audience,
        ClaimsVerificationError::InvalidIssuer(_) => IdentityError::Issuer,
        ClaimsVerificationError::InvalidNonce(_) => IdentityError::Nonce,
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            IdentityError::UnknownKey
        }
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::DisallowedAlg(_)
            | SignatureVerificationError::UnsupportedAlg(_)
            | SignatureVerificationError::NoSignature,
        ) => IdentityError::Algorithm,
        ClaimsVerificationError::SignatureVerification(_) => IdentityError::Signature,
        _ => IdentityError::Unreadable,
    }
}
