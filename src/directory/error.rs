//! Failures of directory lookups.

use std::path::PathBuf;
use std::time::Duration;

/// Failure of a directory lookup. No text names a person.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DirectoryError {
    #[error("cannot use directory.ca_file {path}: {problem}", path = .path.display())]
    CaFile { path: PathBuf, problem: String },
    #[error("domain controller unreachable: {0}")]
    Unreachable(String),
    #[error("domain controller certificate rejected ({0}): directory.ca_file must hold the CA that issued it")]
    Tls(String),
    #[error("domain controller rejected directory.bind_dn or its password (LDAP {code}, data {reason})")]
    Bind { code: u32, reason: String },
    #[error("domain controller rejected the request (LDAP {code}): 32 means that directory.base_dn does not exist")]
    Refused { code: u32 },
    #[error("domain controller did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("cannot use the domain controller's response: {0}")]
    Unreadable(&'static str),
}
