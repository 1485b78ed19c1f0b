//! Tests for id token verification. Each forged token is valid except for one property.

use std::sync::LazyLock;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use oauth2::{AuthUrl, TokenUrl};
use openidconnect::IssuerUrl;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::EncodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

use super::*;

const TENANT_ID: &str = "c0de0000-7e5a-4f00-8000-00000000c0de";
const CLIENT_ID: &str = "a0000000-0000-4000-8000-0000000000a1";
const NOW_SECONDS: i64 = 1_800_000_000;

static SIGNING_KEYS: LazyLock<[rsa::RsaPrivateKey; 2]> =
    LazyLock::new(|| std::array::from_fn(|_| rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap()));

fn issuer_url() -> String {
    format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0")
}

fn test_client() -> OidcClient {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = format!(
        "[server]\npublic_url = \"https://reset.contoso.example/\"\n[sealing]\nkeys = []\n[entra]\ntenant_id = \"{TENANT_ID}\"\n\
         client_id = \"{CLIENT_ID}\"\ncredential = {{ kind = \"secret\", secret = \"x\" }}\n"
    );
    let (settings, clock): (Config, _) =
        (toml::from_str(&settings).unwrap(), Clock::manual(Timestamp::from_second(NOW_SECONDS).unwrap()));
    let credential = ClientCredential::load(&settings.entra, clock.clone(), crate::base::Random::seeded(1)).unwrap();
    OidcClient::new(&settings, Arc::new(credential), clock).unwrap()
}

fn test_provider() -> DiscoveredProvider {
    let encode = |n: &rsa::BigUint| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(n.to_bytes_be())
    };
    let key = &SIGNING_KEYS[0];
    let keys =
        json!({ "keys": [{ "kty": "RSA", "use": "sig", "kid": "k1", "n": encode(key.n()), "e": encode(key.e()) }] });
    DiscoveredProvider {
        authorization_endpoint: AuthUrl::new("https://login/authorize".to_owned()).unwrap(),
        token_endpoint: TokenUrl::new("https://login/token".to_owned()).unwrap(),
        device_authorization_endpoint: None,
        end_session_endpoint: None,
        issuer: IssuerUrl::new(issuer_url()).unwrap(),
        signing_keys: serde_json::from_value(keys).unwrap(),
        fetched_at: Timestamp::from_second(NOW_SECONDS).unwrap(),
    }
}

fn valid_claims() -> Value {
    json!({
        "iss": issuer_url(), "aud": CLIENT_ID, "sub": "s", "tid": TENANT_ID, "oid": "00000000-0000-4000-8000-000000000001",
        "iat": NOW_SECONDS - 5, "nbf": NOW_SECONDS - 5, "exp": NOW_SECONDS + 3_600, "auth_time": NOW_SECONDS - 10, "nonce": "n1",
        "preferred_username": "wanda@contoso.example", "name": "Wanda", "acrs": ["c1"], "ver": "2.0",
    })
}

fn sign_token(claims: &Value, header: &Header, key: &rsa::RsaPrivateKey) -> String {
    let der = key.to_pkcs1_der().unwrap();
    jsonwebtoken::encode(header, claims, &EncodingKey::from_rsa_der(der.as_bytes())).unwrap()
}

fn valid_header() -> Header {
    Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::RS256) }
}

fn verify_token(token: &str) -> Result<VerifiedIdentity, IdentityError> {
    test_client().verify_id_token(&test_provider(), token, Some("n1"))
}

/// Returns the error for a token whose claims are valid except for this change.
fn error_for_changed_claims(change: impl Fn(&mut Value)) -> IdentityError {
    let mut claims = valid_claims();
    change(&mut claims);
    verify_token(&sign_token(&claims, &valid_header(), &SIGNING_KEYS[0])).unwrap_err()
}

#[test]
fn valid_token_yields_identity() {
    let who = verify_token(&sign_token(&valid_claims(), &valid_header(), &SIGNING_KEYS[0])).unwrap();
    assert_eq!(
        (who.upn.as_str(), who.contexts.as_slice(), who.is_guest),
        ("wanda@contoso.example", ["c1".to_owned()].as_slice(), false)
    );
    assert_eq!(who.signed_in_at.as_second(), NOW_SECONDS - 10);
}

#[test]
fn token_of_another_issuer_is_refused() {
    assert_eq!(
        error_for_changed_claims(|c| c["iss"] = json!("https://login.microsoftonline.com/other/v2.0")),
        IdentityError::Issuer
    );
}

#[test]
fn token_of_another_tenant_is_refused() {
    assert_eq!(
        error_for_changed_claims(|c| c["tid"] = json!("c0de0000-7e5a-4f00-8000-000000000bad")),
        IdentityError::Tenant
    );
    assert_eq!(error_for_changed_claims(|c| drop(c.as_object_mut().unwrap().remove("tid"))), IdentityError::Tenant);
}

#[test]
fn token_for_another_application_is_refused() {
    assert_eq!(error_for_changed_claims(|c| c["aud"] = json!("another-app")), IdentityError::Audience);
    assert_eq!(error_for_changed_claims(|c| c["aud"] = json!([CLIENT_ID, "another-app"])), IdentityError::Audience);
}

#[test]
fn token_with_another_nonce_is_refused() {
    assert_eq!(error_for_changed_claims(|c| c["nonce"] = json!("n2")), IdentityError::Nonce);
    assert_eq!(error_for_changed_claims(|c| drop(c.as_object_mut().unwrap().remove("nonce"))), IdentityError::Nonce);
}

#[test]
fn expired_token_is_refused() {
    assert_eq!(error_for_changed_claims(|c| c["exp"] = json!(NOW_SECONDS - 301)), IdentityError::Expired);
}

#[test]
fn token_not_yet_valid_is_refused() {
    assert_eq!(error_for_changed_claims(|c| c["nbf"] = json!(NOW_SECONDS + 301)), IdentityError::NotYetValid);
}

#[test]
fn token_without_object_id_is_refused() {
    assert_eq!(error_for_changed_claims(|c| drop(c.as_object_mut().unwrap().remove("oid"))), IdentityError::NoObjectId);
}

#[test]
fn token_without_auth_time_is_refused() {
    assert_eq!(
        error_for_changed_claims(|c| drop(c.as_object_mut().unwrap().remove("auth_time"))),
        IdentityError::NoAuthTime
    );
}

#[test]
fn clock_skew_below_five_minutes_is_accepted() {
    let mut late = valid_claims();
    late["exp"] = json!(NOW_SECONDS - 200);
    late["nbf"] = json!(NOW_SECONDS + 200);
    assert!(verify_token(&sign_token(&late, &valid_header(), &SIGNING_KEYS[0])).is_ok());
}

#[test]
fn token_signed_with_another_key_is_refused() {
    assert_eq!(
        verify_token(&sign_token(&valid_claims(), &valid_header(), &SIGNING_KEYS[1])).unwrap_err(),
        IdentityError::Signature
    );
}

#[test]
fn token_with_unknown_key_is_refused() {
    let unknown = Header { kid: Some("k9".to_owned()), ..Header::new(Algorithm::RS256) };
    assert_eq!(
        verify_token(&sign_token(&valid_claims(), &unknown, &SIGNING_KEYS[0])).unwrap_err(),
        IdentityError::UnknownKey
    );
}

#[test]
fn token_signed_with_ps256_is_refused() {
    let ps256 = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::PS256) };
    assert_eq!(
        verify_token(&sign_token(&valid_claims(), &ps256, &SIGNING_KEYS[0])).unwrap_err(),
        IdentityError::Algorithm
    );
}

#[test]
fn token_signed_with_public_key_as_hmac_secret_is_refused() {
    let public = SIGNING_KEYS[0].to_public_key().to_public_key_pem(rsa::pkcs8::LineEnding::LF).unwrap();
    let hs256 = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
    let token = jsonwebtoken::encode(&hs256, &valid_claims(), &EncodingKey::from_secret(public.as_bytes())).unwrap();
    assert_eq!(verify_token(&token).unwrap_err(), IdentityError::Algorithm);
}

#[test]
fn unsigned_token_is_refused() {
    let encode = |value: &Value| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let none = format!("{}.{}.", encode(&json!({ "alg": "none", "typ": "JWT", "kid": "k1" })), encode(&valid_claims()));
    assert!(matches!(verify_token(&none).unwrap_err(), IdentityError::Algorithm | IdentityError::Unreadable));
    let good = sign_token(&valid_claims(), &valid_header(), &SIGNING_KEYS[0]);
    let stripped = good.rsplit_once('.').unwrap().0;
    assert_eq!(verify_token(&format!("{stripped}.")).unwrap_err(), IdentityError::Signature);
}

#[test]
fn malformed_token_is_refused() {
    for text in ["", "not.a.token", "..", "a.b", "eyJhbGciOiJSUzI1NiJ9.e30."] {
        assert!(verify_token(text).is_err(), "{text}");
    }
}

#[test]
fn guest_and_password_sign_in_are_detected() {
    let seen = |change: fn(&mut Value)| {
        let mut claims = valid_claims();
        change(&mut claims);
        verify_token(&sign_token(&claims, &valid_header(), &SIGNING_KEYS[0])).unwrap()
    };
    assert!(seen(|c| c["acct"] = json!(1)).is_guest);
    assert!(seen(|c| c["idp"] = json!("https://sts.windows.net/other/")).is_guest);
    assert!(seen(|c| c["amr"] = json!(["pwd", "mfa"])).used_password);
    assert!(!seen(|c| c["amr"] = json!(["fido", "mfa"])).used_password);
}
