//! Tests for id token verification. Each forged token is valid except for one property.

use std::sync::LazyLock;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::EncodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

use super::*;

const TENANT: &str = "c0de0000-7e5a-4f00-8000-00000000c0de";
const CLIENT: &str = "a0000000-0000-4000-8000-0000000000a1";
const NOW: i64 = 1_800_000_000;

static KEYS: LazyLock<[rsa::RsaPrivateKey; 2]> =
    LazyLock::new(|| std::array::from_fn(|_| rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap()));

fn authority() -> String {
    format!("https://login.microsoftonline.com/{TENANT}/v2.0")
}

fn oidc() -> OidcClient {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = format!(
        "[server]\npublic_url = \"https://reset.contoso.example/\"\n[sealing]\nkeys = []\n[entra]\ntenant_id = \"{TENANT}\"\n\
         client_id = \"{CLIENT}\"\ncredential = {{ kind = \"secret\", secret = \"x\" }}\n"
    );
    let (settings, clock): (Config, _) =
        (toml::from_str(&settings).unwrap(), Clock::manual(Timestamp::from_second(NOW).unwrap()));
    let credential = ClientCredential::load(&settings.entra, clock.clone(), crate::base::Random::seeded(1)).unwrap();
    OidcClient::new(&settings, Arc::new(credential), clock).unwrap()
}

fn known() -> DiscoveredProvider {
    let encode = |n: &rsa::BigUint| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(n.to_bytes_be())
    };
    let key = &KEYS[0];
    let keys =
        json!({ "keys": [{ "kty": "RSA", "use": "sig", "kid": "k1", "n": encode(key.n()), "e": encode(key.e()) }] });
    DiscoveredProvider {
        authorize: AuthUrl::new("https://login/authorize".to_owned()).unwrap(),
        token: TokenUrl::new("https://login/token".to_owned()).unwrap(),
        device: None,
        end_session: None,
        issuer: IssuerUrl::new(authority()).unwrap(),
        keys: serde_json::from_value(keys).unwrap(),
        read_at: Timestamp::from_second(NOW).unwrap(),
    }
}

fn claims() -> Value {
    json!({
        "iss": authority(), "aud": CLIENT, "sub": "s", "tid": TENANT, "oid": "00000000-0000-4000-8000-000000000001",
        "iat": NOW - 5, "nbf": NOW - 5, "exp": NOW + 3_600, "auth_time": NOW - 10, "nonce": "n1",
        "preferred_username": "wanda@contoso.example", "name": "Wanda", "acrs": ["c1"], "ver": "2.0",
    })
}

fn signed(claims: &Value, header: &Header, key: &rsa::RsaPrivateKey) -> String {
    let der = key.to_pkcs1_der().unwrap();
    jsonwebtoken::encode(header, claims, &EncodingKey::from_rsa_der(der.as_bytes())).unwrap()
}

fn header() -> Header {
    Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::RS256) }
}

fn judged(token: &str) -> Result<VerifiedIdentity, IdentityError> {
    oidc().verify(&known(), token, Some("n1"))
}

/// Returns the error for a token whose claims are valid except for this change.
fn with(change: impl Fn(&mut Value)) -> IdentityError {
    let mut claims = claims();
    change(&mut claims);
    judged(&signed(&claims, &header(), &KEYS[0])).unwrap_err()
}

#[test]
fn a_good_token_is_somebody() {
    let who = judged(&signed(&claims(), &header(), &KEYS[0])).unwrap();
    assert_eq!(
        (who.upn.as_str(), who.contexts.as_slice(), who.guest),
        ("wanda@contoso.example", ["c1".to_owned()].as_slice(), false)
    );
    assert_eq!(who.signed_in_at.as_second(), NOW - 10);
}

#[test]
fn another_issuers_token_is_refused() {
    assert_eq!(with(|c| c["iss"] = json!("https://login.microsoftonline.com/other/v2.0")), IdentityError::Issuer);
}

#[test]
fn another_tenants_token_is_refused() {
    assert_eq!(with(|c| c["tid"] = json!("c0de0000-7e5a-4f00-8000-000000000bad")), IdentityError::Tenant);
    assert_eq!(with(|c| drop(c.as_object_mut().unwrap().remove("tid"))), IdentityError::Tenant);
}

#[test]
fn a_token_for_another_app_is_refused() {
    assert_eq!(with(|c| c["aud"] = json!("another-app")), IdentityError::Audience);
    assert_eq!(with(|c| c["aud"] = json!([CLIENT, "another-app"])), IdentityError::Audience);
}

#[test]
fn a_token_of_another_attempt_is_refused() {
    assert_eq!(with(|c| c["nonce"] = json!("n2")), IdentityError::Nonce);
    assert_eq!(with(|c| drop(c.as_object_mut().unwrap().remove("nonce"))), IdentityError::Nonce);
}

#[test]
fn an_expired_token_is_refused() {
    assert_eq!(with(|c| c["exp"] = json!(NOW - 301)), IdentityError::Expired);
}

#[test]
fn a_token_from_the_future_is_refused() {
    assert_eq!(with(|c| c["nbf"] = json!(NOW + 301)), IdentityError::NotYet);
}

#[test]
fn a_token_without_object_id_is_refused() {
    assert_eq!(with(|c| drop(c.as_object_mut().unwrap().remove("oid"))), IdentityError::NoObjectId);
}

#[test]
fn a_token_that_does_not_say_when_the_person_signed_in_is_refused() {
    assert_eq!(with(|c| drop(c.as_object_mut().unwrap().remove("auth_time"))), IdentityError::NoAuthTime);
}

#[test]
fn clocks_may_differ_by_five_minutes() {
    let mut late = claims();
    late["exp"] = json!(NOW - 200);
    late["nbf"] = json!(NOW + 200);
    assert!(judged(&signed(&late, &header(), &KEYS[0])).is_ok());
}

#[test]
fn a_signature_of_another_key_is_refused() {
    assert_eq!(judged(&signed(&claims(), &header(), &KEYS[1])).unwrap_err(), IdentityError::Signature);
}

#[test]
fn an_unknown_key_is_refused() {
    let unknown = Header { kid: Some("k9".to_owned()), ..Header::new(Algorithm::RS256) };
    assert_eq!(judged(&signed(&claims(), &unknown, &KEYS[0])).unwrap_err(), IdentityError::UnknownKey);
}

#[test]
fn another_algorithm_of_the_right_key_is_refused() {
    let ps256 = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::PS256) };
    assert_eq!(judged(&signed(&claims(), &ps256, &KEYS[0])).unwrap_err(), IdentityError::Algorithm);
}

#[test]
fn the_public_key_as_an_hmac_secret_is_refused() {
    let public = KEYS[0].to_public_key().to_public_key_pem(rsa::pkcs8::LineEnding::LF).unwrap();
    let hs256 = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
    let token = jsonwebtoken::encode(&hs256, &claims(), &EncodingKey::from_secret(public.as_bytes())).unwrap();
    assert_eq!(judged(&token).unwrap_err(), IdentityError::Algorithm);
}

#[test]
fn an_unsigned_token_is_refused() {
    let encode = |value: &Value| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let none = format!("{}.{}.", encode(&json!({ "alg": "none", "typ": "JWT", "kid": "k1" })), encode(&claims()));
    assert!(matches!(judged(&none).unwrap_err(), IdentityError::Algorithm | IdentityError::Unreadable));
    let good = signed(&claims(), &header(), &KEYS[0]);
    let stripped = good.rsplit_once('.').unwrap().0;
    assert_eq!(judged(&format!("{stripped}.")).unwrap_err(), IdentityError::Signature);
}

#[test]
fn what_is_no_token_is_refused() {
    for text in ["", "not.a.token", "..", "a.b", "eyJhbGciOiJSUzI1NiJ9.e30."] {
        assert!(judged(text).is_err(), "{text}");
    }
}

#[test]
fn guests_and_passwords_are_seen() {
    let seen = |change: fn(&mut Value)| {
        let mut claims = claims();
        change(&mut claims);
        judged(&signed(&claims, &header(), &KEYS[0])).unwrap()
    };
    assert!(seen(|c| c["acct"] = json!(1)).guest);
    assert!(seen(|c| c["idp"] = json!("https://sts.windows.net/other/")).guest);
    assert!(seen(|c| c["amr"] = json!(["pwd", "mfa"])).by_password);
    assert!(!seen(|c| c["amr"] = json!(["fido", "mfa"])).by_password);
}
