//! Client credentials for an app: certificates, and federated tokens of our own issuer.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use passback_emulator::TenantSeed;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::raw_client::base64_url;

pub(crate) const TRUSTED_ISSUER: &str = "https://oidc.cluster.example/";
pub(crate) const TOKEN_SUBJECT: &str = "system:serviceaccount:passback:portal";
pub(crate) const TOKEN_AUDIENCE: &str = "api://AzureADTokenExchange";

fn generate_rsa_key() -> rsa::RsaPrivateKey {
    rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap()
}

fn private_key_pem(key: &rsa::RsaPrivateKey) -> String {
    key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}

/// A certificate with its private key, as PEM.
pub(crate) struct TestCertificate {
    pub(crate) pem: String,
    pub(crate) private_key: String,
    pub(crate) thumbprint: String,
}

impl TestCertificate {
    pub(crate) fn issue() -> Self {
        let key = private_key_pem(&generate_rsa_key());
        let asked = rcgen::CertificateParams::new(vec![]).unwrap();
        let made = asked.self_signed(&rcgen::KeyPair::from_pem(&key).unwrap()).unwrap();
        Self { pem: made.pem(), private_key: key, thumbprint: base64_url(&sha2::Sha256::digest(made.der())) }
    }

    /// Writes the files where the portal reads them. The key is first, so for a moment the two do not match, as with
    /// any renewal tool.
    pub(crate) fn write_files(&self, folder: &Path) {
        std::fs::write(folder.join("key.pem"), &self.private_key).unwrap();
        std::fs::set_permissions(folder.join("key.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(folder.join("cert.pem"), &self.pem).unwrap();
    }

    pub(crate) fn sign_assertion(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &EncodingKey::from_rsa_pem(self.private_key.as_bytes()).unwrap()).unwrap()
    }
}

/// A token issuer that an app trusts, such as a Kubernetes cluster.
pub(crate) struct TokenIssuer(rsa::RsaPrivateKey);

impl TokenIssuer {
    pub(crate) fn new() -> Self {
        Self(generate_rsa_key())
    }

    /// Returns a token of the service account, valid for an hour from `now`.
    pub(crate) fn issue_token(&self, now: i64, id: &str) -> String {
        self.sign_claims(Algorithm::RS256, &Self::token_claims(now, id))
    }

    /// Returns the claims. The audience is a list, as in Kubernetes.
    pub(crate) fn token_claims(now: i64, id: &str) -> Value {
        json!({ "iss": TRUSTED_ISSUER, "sub": TOKEN_SUBJECT, "aud": [TOKEN_AUDIENCE], "jti": id, "iat": now, "nbf": now, "exp": now + 3_600 })
    }

    pub(crate) fn sign_claims(&self, algorithm: Algorithm, claims: &Value) -> String {
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(algorithm) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_rsa_pem(private_key_pem(&self.0).as_bytes()).unwrap())
            .unwrap()
    }

    fn trust_entry(&self) -> toml::Value {
        let (n, e) = (base64_url(&self.0.n().to_bytes_be()), base64_url(&self.0.e().to_bytes_be()));
        let text = format!(
            "issuer = \"{TRUSTED_ISSUER}\"\nsubject = \"{TOKEN_SUBJECT}\"\n[[keys]]\nkty = \"RSA\"\nuse = \"sig\"\nkid = \"k1\"\nn = \"{n}\"\ne = \"{e}\""
        );
        toml::Value::Table(toml::from_str(&text).unwrap())
    }
}

/// Contoso with an app whose only credentials are these.
pub(crate) fn contoso_with_credentials(certificates: &[&TestCertificate], issuer: Option<&TokenIssuer>) -> TenantSeed {
    let mut seed: toml::Table = toml::from_str(passback_emulator::CONTOSO_SEED).unwrap();
    let app = seed["apps"][0].as_table_mut().unwrap();
    app.remove("secret");
    app.insert("certificates".into(), certificates.iter().map(|c| c.pem.clone()).collect::<Vec<_>>().into());
    app.insert("federated".into(), toml::Value::Array(issuer.map(TokenIssuer::trust_entry).into_iter().collect()));
    TenantSeed::parse(&toml::to_string(&seed).unwrap()).unwrap().with_short_delays()
}
