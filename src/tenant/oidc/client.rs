//! Which app is asking: by secret (post or basic) or by an assertion signed with its certificate's key.
//! <https://learn.microsoft.com/entra/identity-platform/certificate-credentials> (read 2026-08).

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::error::Aadsts;
use super::token::Asked;
use crate::tenant::Tenant;
use crate::tenant::seed::App;

const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[derive(Clone, Deserialize)]
struct Assertion {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    nbf: i64,
    jti: String,
}

/// The app behind a token request.
pub(super) fn authenticate(tenant: &Tenant, headers: &HeaderMap, asked: &Asked) -> Result<App, Aadsts> {
    let basic = basic(headers);
    let named = basic.as_ref().map_or(asked.client_id.as_str(), |(id, _)| id.as_str());
    let id = Uuid::parse_str(named).map_err(|_| Aadsts::unknown_app(named))?;
    let app = tenant.world().app(id).cloned().ok_or_else(|| Aadsts::unknown_app(named))?;
    let secret = basic.as_ref().map(|(_, secret)| secret.as_str()).or(asked.client_secret.as_deref());
    match (secret, asked.client_assertion.as_deref()) {
        (Some(secret), _) => by_secret(&app, secret)?,
        (None, Some(assertion)) if asked.client_assertion_type == BEARER => by_assertion(tenant, &app, assertion)?,
        _ => {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            return Err(Aadsts::new(7_000_218, "invalid_client", text));
        }
    }
    Ok(app)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let plain =
        |text: &str| url::form_urlencoded::parse(format!("v={text}").as_bytes()).next().map(|(_, v)| v.into_owned());
    Some((plain(id)?, plain(secret)?))
}

fn by_secret(app: &App, secret: &str) -> Result<(), Aadsts> {
    let right = app.secret.as_deref().is_some_and(|known| bool::from(known.as_bytes().ct_eq(secret.as_bytes())));
    if right {
        return Ok(());
    }
    let text = format!(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{}'.",
        app.client_id
    );
    Err(Aadsts::new(7_000_215, "invalid_client", text))
}

fn by_assertion(tenant: &Tenant, app: &App, assertion: &str) -> Result<(), Aadsts> {
    let bad = |text: &str| {
        Aadsts::new(
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
        .filter_map(|pem| certificate(pem))
        .find(|der| URL_SAFE_NO_PAD.encode(Sha256::digest(der)) == thumbprint);
    let der = der.ok_or_else(|| bad("the key was not found"))?;
    let key = public_key(&der).ok_or_else(|| bad("the certificate has no RSA key"))?;
    let mut rules = Validation::new(header.alg);
    rules.validate_exp = false;
    rules.validate_aud = false;
    let claims =
        jsonwebtoken::decode::<Assertion>(assertion, &key, &rules).map_err(|_| bad("the signature is wrong"))?.claims;
    check_claims(tenant, app, &claims).map_err(bad)
}

fn check_claims(tenant: &Tenant, app: &App, claims: &Assertion) -> Result<(), &'static str> {
    let now = tenant.clock().now().as_second();
    let base = format!("{}/{}", tenant.0.base.get(), tenant.tenant_id());
    let audiences = [format!("{base}/oauth2/v2.0/token"), format!("{base}/v2.0")];
    let id = app.client_id.to_string();
    match () {
        () if claims.iss != id || claims.sub != id => Err("iss and sub must be the client id"),
        () if !audiences.contains(&claims.aud) => Err("aud is not the token endpoint"),
        () if claims.nbf > now + 300 => Err("the assertion is not valid yet"),
        () if claims.exp <= now - 300 => Err("the assertion has expired"),
        () if claims.jti.is_empty() => Err("jti is missing"),
        () => Ok(()),
    }
}

fn certificate(pem: &str) -> Option<Vec<u8>> {
    x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok().map(|(_, pem)| pem.contents)
}

fn public_key(der: &[u8]) -> Option<DecodingKey> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    Some(DecodingKey::from_rsa_der(&certificate.public_key().subject_public_key.data))
}
