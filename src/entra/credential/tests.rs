//! Tests for credential files: renewal, broken files, permissions and expiry.

use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use serde_json::Value;

use super::*;

const CLIENT: &str = "a0000000-0000-4000-8000-0000000000a1";
const TOKEN: &str = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
/// 2027-01-15.
const NOW: i64 = 1_800_000_000;

struct CredentialFolder(tempfile::TempDir);

impl CredentialFolder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        std::fs::write(self.path(name), text).unwrap();
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Writes a certificate that expires on the first of this month, with its key, and returns both as PEM.
    fn issue(&self, year: i32, month: u8) -> (String, String) {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
        let key = key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
        let mut asked = rcgen::CertificateParams::new(vec![]).unwrap();
        asked.not_before = rcgen::date_time_ymd(2026, 1, 1);
        asked.not_after = rcgen::date_time_ymd(year, month, 1);
        let certificate = asked.self_signed(&rcgen::KeyPair::from_pem(&key).unwrap()).unwrap().pem();
        self.write("cert.pem", &certificate, 0o644);
        self.write("key.pem", &key, 0o600);
        (certificate, key)
    }

    fn load(&self, credential: &str) -> Result<(ClientCredential, Clock), CredentialError> {
        let folder = self.0.path().display().to_string();
        let text = format!("tenant_id = \"{CLIENT}\"\nclient_id = \"{CLIENT}\"\n[credential]\n{credential}");
        let settings: config::EntraConfig = toml::from_str(&text.replace("DIR", &folder)).unwrap();
        let clock = Clock::manual(Timestamp::from_second(NOW).unwrap());
        ClientCredential::load(&settings, clock.clone(), Random::seeded(1)).map(|credential| (credential, clock))
    }
}

const CERTIFICATE: &str = "kind = \"certificate\"\ncertificate_file = \"DIR/cert.pem\"\nkey_file = \"DIR/key.pem\"";

async fn assertion(credential: &ClientCredential) -> String {
    let proof = credential.proof(TOKEN).await.unwrap();
    let fields: Vec<(&str, &str)> = proof.fields().collect();
    assert_eq!(fields[0], ("client_assertion_type", ASSERTION_TYPE));
    assert_eq!((fields[1].0, fields.len()), ("client_assertion", 2));
    fields[1].1.to_owned()
}

fn part(jwt: &str, at: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn an_assertion_is_short_for_this_endpoint_and_never_the_same() {
    let folder = CredentialFolder::new();
    folder.issue(2028, 1);
    let (credential, _) = folder.load(CERTIFICATE).unwrap();
    let (first, second) = (assertion(&credential).await, assertion(&credential).await);
    let (header, claims) = (part(&first, 0), part(&first, 1));
    assert_eq!((header["alg"].as_str(), header["typ"].as_str()), (Some("PS256"), Some("JWT")));
    assert_eq!(header["x5t#S256"].as_str().unwrap().len(), 43);
    for (name, value) in [("aud", TOKEN), ("iss", CLIENT), ("sub", CLIENT)] {
        assert_eq!(claims[name], value);
    }
    assert_eq!((&claims["nbf"], &claims["iat"]), (&NOW.into(), &NOW.into()));
    assert_eq!(claims["exp"], NOW + 300);
    assert_ne!(claims["jti"], part(&second, 1)["jti"]);
}

#[tokio::test]
async fn a_renewed_pair_is_taken_up_and_a_broken_one_is_not() {
    let folder = CredentialFolder::new();
    let (_, old_key) = folder.issue(2027, 6);
    let (credential, _) = folder.load(CERTIFICATE).unwrap();
    let old = part(&assertion(&credential).await, 0);
    let (certificate, key) = folder.issue(2028, 6);
    let broken: [(&str, &str, u32); 5] = [
        ("cert.pem", "nothing", 0o644),
        ("key.pem", "nothing", 0o600),
        ("key.pem", &key, 0o640),
        ("key.pem", &old_key, 0o600),
        ("cert.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0o644),
    ];
    for (name, text, mode) in broken {
        folder.write("cert.pem", &certificate, 0o644);
        folder.write("key.pem", &key, 0o600);
        folder.write(name, text, mode);
        assert_eq!(part(&assertion(&credential).await, 0), old, "{name} {mode:o}");
    }
    std::fs::remove_file(folder.path("cert.pem")).unwrap();
    assert_eq!(part(&assertion(&credential).await, 0), old);
    // A certificate that has expired already.
    folder.issue(2026, 12);
    assert_eq!(part(&assertion(&credential).await, 0), old);
    folder.write("cert.pem", &certificate, 0o644);
    folder.write("key.pem", &key, 0o600);
    assert_ne!(part(&assertion(&credential).await, 0), old);
    assert_eq!(credential.ends_at().unwrap().to_string(), "2028-06-01T00:00:00Z");
}

#[tokio::test]
async fn what_cannot_be_used_is_said_at_the_start() {
    let folder = CredentialFolder::new();
    let load_error =
        |folder: &CredentialFolder| folder.load(CERTIFICATE).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(load_error(&folder).contains("certificate_file") && load_error(&folder).contains("cannot be read"));
    let (certificate, key) = folder.issue(2028, 1);
    folder.write("key.pem", &key, 0o604);
    assert!(load_error(&folder).contains("chmod 600"), "{}", load_error(&folder));
    let ec = rcgen::KeyPair::generate().unwrap().serialize_pem();
    folder.write("key.pem", &ec, 0o600);
    assert!(load_error(&folder).contains("no RSA key"), "{}", load_error(&folder));
    folder.issue(2028, 2);
    folder.write("cert.pem", &certificate, 0o644);
    assert!(load_error(&folder).contains("not the key of"), "{}", load_error(&folder));
    for error in [load_error(&folder), format!("{:?}", folder.load(CERTIFICATE).err())] {
        assert!(!error.contains("PRIVATE"), "{error}");
    }
}

#[test]
fn the_end_is_told_once_a_day_for_thirty_days() {
    let folder = CredentialFolder::new();
    folder.issue(2027, 3);
    let (credential, clock) = folder.load(CERTIFICATE).unwrap();
    let mut warned = None;
    assert_eq!((credential.days_left(), credential.warn(&mut warned)), (Some(44), None));
    clock.advance(SignedDuration::from_hours(24 * 15));
    assert_eq!(credential.warn(&mut warned), Some(29));
    clock.advance(SignedDuration::from_hours(23));
    assert_eq!(credential.warn(&mut warned), None, "not twice in a day");
    clock.advance(SignedDuration::from_hours(1));
    assert_eq!(credential.warn(&mut warned), Some(28));
    clock.advance(SignedDuration::from_hours(24 * 30));
    assert_eq!(credential.warn(&mut warned), Some(-2), "and when it is over");
}

#[tokio::test]
async fn a_federated_token_is_read_anew_at_each_use() {
    let folder = CredentialFolder::new();
    let (credential, _) = folder.load("kind = \"federated\"\ntoken_file = \"DIR/token\"").unwrap();
    assert!(matches!(credential.proof(TOKEN).await, Err(CredentialError::Read { .. })));
    folder.write("token", "one\n", 0o644);
    assert_eq!(assertion(&credential).await, "one");
    folder.write("token", "two", 0o644);
    assert_eq!(assertion(&credential).await, "two");
    folder.write("token", " \n", 0o644);
    assert!(matches!(credential.proof(TOKEN).await, Err(CredentialError::Shape { .. })));
    assert_eq!((credential.ends_at(), credential.days_left()), (None, None));
}
