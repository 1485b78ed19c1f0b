//! Client certificate and its key.
//!
//! - The files are read again for each assertion, so that a renewed certificate is used without a restart.
//! - Files that cannot be used leave the previous certificate in use.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PSS_SHA256;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::error::CredentialError;
use crate::base::{Clock, Random, Secret, TimestampExt as _};

/// Lifetime of a client assertion. Microsoft recommends 5 to 10 minutes.
const ASSERTION_LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// Tolerance for a certificate issued just now by a machine whose clock is ahead.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);
/// Maximum size of a certificate or key file. Real ones are far smaller.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// Paths of the certificate and key files (PEM).
#[derive(Clone)]
pub(super) struct CertificateFiles {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// Certificate credential: the certificate in use, and the files from which it is reloaded.
pub(super) struct CertificateCredential {
    files: CertificateFiles,
    client_id: String,
    clock: Clock,
    random: Random,
    loaded: RwLock<Arc<LoadedCertificate>>,
    /// Last logged reload error, to log each error once.
    last_reload_error: Mutex<Option<String>>,
}

/// Certificate and key loaded from the files.
struct LoadedCertificate {
    thumbprint: String,
    signing_key: KeyPair,
    valid_from: Timestamp,
    valid_until: Timestamp,
    /// Digest of both files' contents, to detect a change.
    files_digest: [u8; 32],
}

impl CertificateCredential {
    /// Loads certificate and key.
    ///
    /// A certificate that is not valid now is loaded with an error in the log, because the portal still has pages that
    /// work without sign-in.
    pub(super) fn load(
        files: CertificateFiles,
        client: String,
        clock: Clock,
        random: Random,
    ) -> Result<Self, CredentialError> {
        let pair = CertificateContents::read_files(&files)?.parse_certificate(&files)?;
        if let Err(error) = pair.check_validity(clock.now(), &files) {
            tracing::error!(%error, "client certificate not valid: sign-in fails until replaced");
        }
        Ok(Self {
            files,
            client_id: client,
            clock,
            random,
            loaded: RwLock::new(Arc::new(pair)),
            last_reload_error: Mutex::default(),
        })
    }

    fn current_certificate(&self) -> Arc<LoadedCertificate> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn expires_at(&self) -> Timestamp {
        self.current_certificate().valid_until
    }

    /// Loads the files if they changed. Keeps the previous certificate if the new one cannot be used.
    pub(super) async fn reload_if_changed(&self) {
        let (files, digest, now) = (self.files.clone(), self.current_certificate().files_digest, self.clock.now());
        let read = tokio::task::spawn_blocking(move || load_if_changed(&files, &digest, now)).await;
        let failure = match read {
            Ok(Ok(None)) => None,
            Ok(Ok(Some(pair))) => {
                tracing::info!(expires_at = %pair.valid_until, "client certificate reloaded");
                *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
                None
            }
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        let mut before = self.last_reload_error.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = failure.as_deref().filter(|_| failure != *before) {
            tracing::error!(error, "client certificate reload failed: keeping the previous one");
        }
        *before = failure;
    }

    /// Builds a signed client assertion (JWT), valid only for this token endpoint.
    pub(super) async fn build_assertion(&self, token_endpoint: &str) -> Result<Secret, CredentialError> {
        self.reload_if_changed().await;
        let pair = self.current_certificate();
        let now = self.clock.now();
        let until = now.later(ASSERTION_LIFETIME);
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": pair.thumbprint });
        let claims = json!({
            "aud": token_endpoint, "iss": self.client_id, "sub": self.client_id, "jti": self.random.uuid(),
            "iat": now.as_second(), "nbf": now.as_second(), "exp": until.as_second(),
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; pair.signing_key.public().modulus_len()];
        // The salt comes from the system's random source: ring accepts no other, and no test depends on it.
        let made = pair.signing_key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature);
        made.map_err(|_| CredentialError::SigningFailed)?;
        Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature))))
    }
}

/// Loads certificate and key if the files differ from this digest. `None` if they are unchanged.
fn load_if_changed(
    files: &CertificateFiles,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<Option<LoadedCertificate>, CredentialError> {
    let contents = CertificateContents::read_files(files)?;
    if contents.digest() == *digest {
        return Ok(None);
    }
    let pair = contents.parse_certificate(files)?;
    pair.check_validity(now, files)?;
    Ok(Some(pair))
}

/// Contents of the certificate and key files.
struct CertificateContents {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl CertificateContents {
    fn read_files(files: &CertificateFiles) -> Result<Self, CredentialError> {
        let certificate = read_limited_file("certificate_file", &files.certificate, FileReaders::Anyone)?.to_vec();
        Ok(Self { certificate, key: read_limited_file("key_file", &files.key, FileReaders::OwnerOnly)? })
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::new().chain_update(Sha256::digest(&self.certificate)).chain_update(&*self.key).finalize().into()
    }

    /// Parses both files and checks that they belong together and suit PS256.
    fn parse_certificate(&self, files: &CertificateFiles) -> Result<LoadedCertificate, CredentialError> {
        let wrong = |key, path: &Path, problem| CredentialError::InvalidContent {
            key,
            path: path.display().to_string(),
            problem,
        };
        let of_certificate = |problem| wrong("certificate_file", &files.certificate, problem);
        let of_key = |problem| wrong("key_file", &files.key, problem);
        let der = CertificateDer::from_pem_slice(&self.certificate)
            .map_err(|_| of_certificate("holds no PEM block CERTIFICATE"))?;
        let (_, certificate) =
            x509_parser::parse_x509_certificate(&der).map_err(|_| of_certificate("is not an X.509 certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| of_key("holds no PEM block PRIVATE KEY (an encrypted key cannot be used)"))?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(of_key("is no RSA key: PS256 needs one")),
        };
        let key = key.map_err(|_| of_key("is no RSA key of 2048 to 4096 bits: PS256 needs one"))?;
        if key.public().as_ref() != &*certificate.public_key().subject_public_key.data {
            return Err(CredentialError::Mismatch);
        }
        let time = |at: x509_parser::time::ASN1Time| Timestamp::from_second(at.timestamp()).unwrap_or_default();
        Ok(LoadedCertificate {
            thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(&der)),
            signing_key: key,
            valid_from: time(certificate.validity().not_before),
            valid_until: time(certificate.validity().not_after),
            files_digest: self.digest(),
        })
    }
}

impl LoadedCertificate {
    /// Returns an error if the certificate is not valid at this time.
    fn check_validity(&self, now: Timestamp, files: &CertificateFiles) -> Result<(), CredentialError> {
        let begun = self.valid_from <= now.later(MAX_CLOCK_SKEW);
        if begun && now < self.valid_until {
            return Ok(());
        }
        let path = files.certificate.display().to_string();
        Err(CredentialError::NotValidNow { path, from: self.valid_from, until: self.valid_until })
    }
}

/// Who may be able to read a credential file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FileReaders {
    Anyone,
    OwnerOnly,
}

/// Reads a file up to the size limit. Refuses a private file that group or others can access.
fn read_limited_file(
    key: &'static str,
    path: &Path,
    readers: FileReaders,
) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
    let named = || path.display().to_string();
    let wrong = |source| CredentialError::Read { key, path: named(), source };
    let file = File::open(path).map_err(wrong)?;
    // Metadata of the opened file, not of the path, which may point to another file by now.
    let metadata = file.metadata().map_err(wrong)?;
    if readers == FileReaders::OwnerOnly && metadata.permissions().mode() & 0o077 != 0 {
        return Err(CredentialError::Permissions { path: named() });
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(CredentialError::InvalidContent { key, path: named(), problem: "is larger than 256 KiB" });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1));
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(wrong)?;
    Ok(bytes)
}
