//! Authenticates clients at the token endpoint.
//!
//! An app authenticates with a client secret (`client_secret_post` or `client_secret_basic`), with a client assertion
//! signed by its certificate's key, or with a token from a federated issuer. Sources:
//! <https://learn.microsoft.com/entra/identity-platform/certificate-credentials> and
//! <https://learn.microsoft.com/entra/workload-id/workload-identity-federation> (read 2026-11-23). Neither page says
//! that a `jti` may be used only once, so it may be repeated.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::error::AadstsError;
use super::token_endpoint::TokenRequest;
use crate::EmulatedTenant;
use crate::seed::{AppRegistration, FederatedCredential};

const JWT_BEARER_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The claims of a client assertion that an app has signed itself.
#[derive(Clone, Deserialize)]
struct ClientAssertionClaims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    nbf: i64,
    jti: String,
}

/// The claims of an assertion before its signature is verified.
#[derive(Clone, Deserialize)]
struct UnverifiedAssertion {
    iss: String,
    #[serde(default)]
    sub: String,
    #[serde(default)]
    aud: AudienceClaim,
    #[serde(default)]
    exp: i64,
    #[serde(default)]
    nbf: i64,
    #[serde(default)]
    jti: String,
}

/// The claim `aud`: a string, or a list as in Kubernetes tokens.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum AudienceClaim {
    One(String),
    Several(Vec<String>),
}

impl Default for AudienceClaim {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl AudienceClaim {
    fn contains(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Several(all) => all.iter().any(|one| one == wanted),
        }
    }
}

/// Authenticates the app of a token request and records how it authenticated, for tests.
pub(super) fn authenticate_client(
    tenant: &EmulatedTenant,
    headers: &HeaderMap,
    asked: &TokenRequest,
) -> Result<AppRegistration, AadstsError> {
    let basic = parse_basic_credentials(headers);
    let named = basic.as_ref().map_or(asked.client_id.as_str(), |(id, _)| id.as_str());
    let id = Uuid::parse_str(named).map_err(|_| AadstsError::unknown_app(named))?;
    let app = tenant.lock_state().find_app(id).cloned().ok_or_else(|| AadstsError::unknown_app(named))?;
    let secret = basic.as_ref().map(|(_, secret)| secret.as_str()).or(asked.client_secret.as_deref());
    let proof = match (secret, asked.client_assertion.as_deref()) {
        (Some(secret), _) => verify_secret(&app, secret)?,
        (None, Some(assertion)) if asked.client_assertion_type == JWT_BEARER_ASSERTION => {
            verify_assertion(tenant, &app, assertion)?
        }
        _ => {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            return Err(AadstsError::new(7_000_218, "invalid_client", text));
        }
    };
    tenant.lock_state().client_authentications.push(proof);
    Ok(app)
}

/// Returns client id and secret of HTTP Basic authentication.
fn parse_basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let plain =
        |text: &str| url::form_urlencoded::parse(format!("v={text}").as_bytes()).next().map(|(_, v)| v.into_owned());
    Some((plain(id)?, plain(secret)?))
}

fn verify_secret(app: &AppRegistration, secret: &str) -> Result<String, AadstsError> {
    let right = app.secret.as_deref().is_some_and(|known| bool::from(known.as_bytes().ct_eq(secret.as_bytes())));
    if right {
        return Ok("secret".to_owned());
    }
    let text = format!(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{}'.",
        app.client_id
    );
    Err(AadstsError::new(7_000_215, "invalid_client", text))
}

/// Verifies an assertion. One issued by the app itself must be signed with its certificate, any other is from a
/// federated issuer.
fn verify_assertion(tenant: &EmulatedTenant, app: &AppRegistration, assertion: &str) -> Result<String, AadstsError> {
    let issued = jsonwebtoken::dangerous::insecure_decode::<UnverifiedAssertion>(assertion);
    let issued =
        issued.map_err(|_| AadstsError::new(50_027, "invalid_request", "JWT token is invalid or malformed."))?;
    if issued.claims.iss == app.client_id.to_string() {
        verify_certificate_assertion(tenant, app, assertion)
    } else {
        verify_federated_assertion(tenant, app, assertion, &issued.claims)
    }
}

fn verify_certificate_assertion(
    tenant: &EmulatedTenant,
    app: &AppRegistration,
    assertion: &str,
) -> Result<String, AadstsError> {
    let bad = |text: &str| {
        AadstsError::new(
            700_027,
            "invalid_client",
            format!(
                "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - {text}]"
            ),
        )
    };
    let header = jsonwebtoken::decode_header(assertion).map_err(|_| bad("the assertion is not a JWT"))?;
    if !matches!(header.alg, Algorithm::PS256 | Algorithm::RS256) {
        return Err(bad("the algorithm is neither PS256 nor RS256"));
    }
    let thumbprint = header.x5t_s256.ok_or_else(|| bad("x5t#S256 is missing"))?;
    let der = app
        .certificates
        .iter()
        .filter_map(|pem| certificate_der(pem))
        .find(|der| URL_SAFE_NO_PAD.encode(Sha256::digest(der)) == thumbprint);
    let der = der.ok_or_else(|| bad("the key was not found"))?;
    let key = rsa_public_key(&der).ok_or_else(|| bad("the certificate has no RSA key"))?;
    let claims = jsonwebtoken::decode::<ClientAssertionClaims>(assertion, &key, &jwt_validation(header.alg))
        .map_err(|_| bad("the signature is wrong"))?;
    let claims = claims.claims;
    check_assertion_claims(tenant, app, &claims).map_err(bad)?;
    check_validity_period(tenant, claims.nbf, claims.exp)?;
    Ok(format!("certificate {thumbprint}"))
}

/// Returns rules that verify the signature only. Times are checked against the emulator's clock, audiences separately.
fn jwt_validation(algorithm: Algorithm) -> Validation {
    let mut rules = Validation::new(algorithm);
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    rules
}

/// Checks the validity period, with a tolerance of 5 minutes.
fn check_validity_period(tenant: &EmulatedTenant, not_before: i64, expires: i64) -> Result<(), AadstsError> {
    let now = tenant.clock().now().as_second();
    if not_before > now + 300 || expires <= now - 300 {
        return Err(AadstsError::new(
            700_024,
            "invalid_client",
            "Client assertion is not within its valid time range.",
        ));
    }
    Ok(())
}

fn check_assertion_claims(
    tenant: &EmulatedTenant,
    app: &AppRegistration,
    claims: &ClientAssertionClaims,
) -> Result<(), &'static str> {
    let base = format!("{}/{}", tenant.0.urls.base_url(), tenant.tenant_id());
    let audiences = [format!("{base}/oauth2/v2.0/token"), format!("{base}/v2.0")];
    let id = app.client_id.to_string();
    match () {
        () if claims.iss != id || claims.sub != id => Err("iss and sub must be the client id"),
        () if !audiences.contains(&claims.aud) => Err("aud is not the token endpoint"),
        () if claims.jti.is_empty() => Err("jti is missing"),
        () => Ok(()),
    }
}

/// Verifies a federated issuer's token. Issuer, audience and subject must match exactly, then the RS256 signature.
fn verify_federated_assertion(
    tenant: &EmulatedTenant,
    app: &AppRegistration,
    assertion: &str,
    issued: &UnverifiedAssertion,
) -> Result<String, AadstsError> {
    let none = |code: u32, what: &str, value: &str| {
        let text = format!(
            "No matching federated identity record found for presented assertion {what} '{value}'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion."
        );
        AadstsError::new(code, "invalid_client", text)
    };
    let trusted: Vec<&FederatedCredential> = app.federated.iter().filter(|f| f.issuer == issued.iss).collect();
    if trusted.is_empty() {
        return Err(none(700_211, "issuer", &issued.iss));
    }
    if !trusted.iter().any(|f| issued.aud.contains(&f.audience)) {
        return Err(none(700_212, "audience", "of another service"));
    }
    let Some(credential) = trusted.iter().find(|f| f.subject == issued.sub && issued.aud.contains(&f.audience)) else {
        return Err(none(700_213, "subject", &issued.sub));
    };
    let bad = |text: &str| {
        AadstsError::new(
            700_027,
            "invalid_client",
            format!("Client assertion failed signature validation. [Reason - {text}]"),
        )
    };
    let header = jsonwebtoken::decode_header(assertion).map_err(|_| bad("the header cannot be read"))?;
    if header.alg != Algorithm::RS256 {
        return Err(bad("the algorithm is not RS256"));
    }
    let key = credential
        .keys
        .iter()
        .find(|key| key.common.key_id == header.kid)
        .ok_or_else(|| bad("the key was not found"))?;
    let key = DecodingKey::from_jwk(key).map_err(|_| bad("the key cannot be used"))?;
    jsonwebtoken::decode::<UnverifiedAssertion>(assertion, &key, &jwt_validation(Algorithm::RS256))
        .map_err(|_| bad("the signature is wrong"))?;
    check_validity_period(tenant, issued.nbf, issued.exp)?;
    Ok(format!("federated {} {}", issued.sub, issued.jti))
}

/// Decodes a PEM certificate to DER.
fn certificate_der(pem: &str) -> Option<Vec<u8>> {
    x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok().map(|(_, pem)| pem.contents)
}

fn rsa_public_key(der: &[u8]) -> Option<DecodingKey> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    Some(DecodingKey::from_rsa_der(&certificate.public_key().subject_public_key.data))
}
