//! Failures of the client credential.

use jiff::Timestamp;

/// Failure to load or use the client credential. Never contains any part of a key or token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialError {
    #[error("entra.credential.{key} {path}: cannot be read")]
    Read { key: &'static str, path: String, source: std::io::Error },
    #[error("entra.credential.key_file {path}: readable by group or others: run chmod 600")]
    Permissions { path: String },
    /// The file can be read, but not used.
    #[error("entra.credential.{key} {path}: {problem}")]
    InvalidContent { key: &'static str, path: String, problem: &'static str },
    /// Certificate and key do not belong together.
    #[error("entra.credential: key_file is not the key of certificate_file: use a matching pair")]
    Mismatch,
    #[error("entra.credential.certificate_file {path}: not valid now, only from {from} until {until}: replace it")]
    NotValidNow { path: String, from: Timestamp, until: Timestamp },
    #[error("entra.credential: signing the client assertion failed")]
    SigningFailed,
    /// The configuration has none of the keys that the kind of credential needs.
    #[error("entra.credential: a key required by kind is missing")]
    Incomplete,
}
