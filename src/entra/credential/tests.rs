//! Tests for credential files: renewal, broken files, permissions and expiry.

use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use serde_json::Value;

use super::*;

const CLIENT_ID: &str = "a0000000-0000-4000-8000-0000000000a1";
const TOKEN_ENDPOINT: &str = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
/// 2027-01-15.
const NOW_SECONDS: i64 = 1_800_000_000;

struct CredentialFolder(tempfile::TempDir);

impl CredentialFolder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write_file(&self, name: &str, text: &str, mode: u32) {
        std::fs::write(self.path(name), text).unwrap();
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Writes a certificate that expires on the first of this month, with its key, and returns both as PEM.
    fn issue_certificate(&self, year: i32, month: u8) -> (String, String) {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
        let key = key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
        let mut asked = rcgen::CertificateParams::new(vec![]).unwrap();
        asked.not_before = rcgen::date_time_ymd(2026, 1, 1);
        asked.not_after = rcgen::date_time_ymd(year, month, 1);
        let certificate = asked.self_signed(&rcgen::KeyPair::from_pem(&key).unwrap()).unwrap().pem();
        self.write_file("cert.pem", &certificate, 0o644);
        self.write_file("key.pem", &key, 0o600);
        (certificate, key)
    }

    fn load_credential(&self, credential: &str) -> Result<(ClientCredential, Clock), CredentialError> {
        let folder = self.0.path().display().to_string();
        let text = format!("tenant_id = \"{CLIENT_ID}\"\nclient_id = \"{CLIENT_ID}\"\n[credential]\n{credential}");
        let settings: config::EntraConfig = toml::from_str(&text.replace("DIR", &folder)).unwrap();
        let clock = Clock::manual(Timestamp::from_second(NOW_SECONDS).unwrap());
        ClientCredential::load(&settings, clock.clone(), Random::seeded(1)).map(|credential| (credential, clock))
    }
}

const CERTIFICATE_CONFIG: &str =
    "kind = \"certificate\"\ncertificate_file = \"DIR/cert.pem\"\nkey_file = \"DIR/key.pem\"";

async fn build_assertion(credential: &ClientCredential) -> String {
    let proof = credential.build_authentication(TOKEN_ENDPOINT).await.unwrap();
    let fields: Vec<(&str, &str)> = proof.form_fields().collect();
    assert_eq!(fields[0], ("client_assertion_type", CLIENT_ASSERTION_TYPE));
    assert_eq!((fields[1].0, fields.len()), ("client_assertion", 2));
    fields[1].1.to_owned()
}

fn decode_jwt_part(jwt: &str, at: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn assertion_is_short_lived_endpoint_bound_and_unique() {
    let folder = CredentialFolder::new();
    folder.issue_certificate(2028, 1);
    let (credential, _) = folder.load_credential(CERTIFICATE_CONFIG).unwrap();
    let (first, second) = (build_assertion(&credential).await, build_assertion(&credential).await);
    let (header, claims) = (decode_jwt_part(&first, 0), decode_jwt_part(&first, 1));
    assert_eq!((header["alg"].as_str(), header["typ"].as_str()), (Some("PS256"), Some("JWT")));
    assert_eq!(header["x5t#S256"].as_str().unwrap().len(), 43);
    for (name, value) in [("aud", TOKEN_ENDPOINT), ("iss", CLIENT_ID), ("sub", CLIENT_ID)] {
        assert_eq!(claims[name], value);
    }
    assert_eq!((&claims["nbf"], &claims["iat"]), (&NOW_SECONDS.into(), &NOW_SECONDS.into()));
    assert_eq!(claims["exp"], NOW_SECONDS + 300);
    assert_ne!(claims["jti"], decode_jwt_part(&second, 1)["jti"]);
}

#[tokio::test]
async fn renewed_certificate_is_used_and_invalid_one_is_ignored() {
    let folder = CredentialFolder::new();
    let (_, old_key) = folder.issue_certificate(2027, 6);
    let (credential, _) = folder.load_credential(CERTIFICATE_CONFIG).unwrap();
    let old = decode_jwt_part(&build_assertion(&credential).await, 0);
    let (certificate, key) = folder.issue_certificate(2028, 6);
    let broken: [(&str, &str, u32); 5] = [
        ("cert.pem", "nothing", 0o644),
        ("key.pem", "nothing", 0o600),
        ("key.pem", &key, 0o640),
        ("key.pem", &old_key, 0o600),
        ("cert.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0o644),
    ];
    for (name, text, mode) in broken {
        folder.write_file("cert.pem", &certificate, 0o644);
        folder.write_file("key.pem", &key, 0o600);
        folder.write_file(name, text, mode);
        assert_eq!(decode_jwt_part(&build_assertion(&credential).await, 0), old, "{name} {mode:o}");
    }
    std::fs::remove_file(folder.path("cert.pem")).unwrap();
    assert_eq!(decode_jwt_part(&build_assertion(&credential).await, 0), old);
    // A certificate that has expired already.
    folder.issue_certificate(2026, 12);
    assert_eq!(decode_jwt_part(&build_assertion(&credential).await, 0), old);
    folder.write_file("cert.pem", &certificate, 0o644);
    folder.write_file("key.pem", &key, 0o600);
    assert_ne!(decode_jwt_part(&build_assertion(&credential).await, 0), old);
    assert_eq!(credential.expires_at().unwrap().to_string(), "2028-06-01T00:00:00Z");
}

#[tokio::test]
async fn unusable_certificate_files_fail_to_load_with_named_cause() {
    let folder = CredentialFolder::new();
    let load_error = |folder: &CredentialFolder| {
        folder.load_credential(CERTIFICATE_CONFIG).err().map(|e| e.to_string()).unwrap_or_default()
    };
    assert!(load_error(&folder).contains("certificate_file") && load_error(&folder).contains("cannot be read"));
    let (certificate, key) = folder.issue_certificate(2028, 1);
    folder.write_file("key.pem", &key, 0o604);
    assert!(load_error(&folder).contains("chmod 600"), "{}", load_error(&folder));
    let ec = rcgen::KeyPair::generate().unwrap().serialize_pem();
    folder.write_file("key.pem", &ec, 0o600);
    assert!(load_error(&folder).contains("no RSA key"), "{}", load_error(&folder));
    folder.issue_certificate(2028, 2);
    folder.write_file("cert.pem", &certificate, 0o644);
    assert!(load_error(&folder).contains("not the key of"), "{}", load_error(&folder));
    for error in [load_error(&folder), format!("{:?}", folder.load_credential(CERTIFICATE_CONFIG).err())] {
        assert!(!error.contains("PRIVATE"), "{error}");
    }
}

#[test]
fn expiry_warning_repeats_daily_for_last_thirty_days() {
    let folder = CredentialFolder::new();
    folder.issue_certificate(2027, 3);
    let (credential, clock) = folder.load_credential(CERTIFICATE_CONFIG).unwrap();
    let mut warned = None;
    assert_eq!((credential.days_until_expiry(), credential.warn_before_expiry(&mut warned)), (Some(44), None));
    clock.advance(SignedDuration::from_hours(24 * 15));
    assert_eq!(credential.warn_before_expiry(&mut warned), Some(29));
    clock.advance(SignedDuration::from_hours(23));
    assert_eq!(credential.warn_before_expiry(&mut warned), None, "not twice in a day");
    clock.advance(SignedDuration::from_hours(1));
    assert_eq!(credential.warn_before_expiry(&mut warned), Some(28));
    clock.advance(SignedDuration::from_hours(24 * 30));
    assert_eq!(credential.warn_before_expiry(&mut warned), Some(-2), "and when it is over");
}

#[tokio::test]
async fn federated_token_is_read_again_at_each_use() {
    let folder = CredentialFolder::new();
    let (credential, _) = folder.load_credential("kind = \"federated\"\ntoken_file = \"DIR/token\"").unwrap();
    assert!(matches!(credential.build_authentication(TOKEN_ENDPOINT).await, Err(CredentialError::Read { .. })));
    folder.write_file("token", "one\n", 0o644);
    assert_eq!(build_assertion(&credential).await, "one");
    folder.write_file("token", "two", 0o644);
    assert_eq!(build_assertion(&credential).await, "two");
    folder.write_file("token", " \n", 0o644);
    assert!(matches!(
        credential.build_authentication(TOKEN_ENDPOINT).await,
        Err(CredentialError::InvalidContent { .. })
    ));
    assert_eq!((credential.expires_at(), credential.days_until_expiry()), (None, None));
}
