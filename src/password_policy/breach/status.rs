//! Results and failures of the breach check.

/// Result of a breach check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::password_policy) enum BreachStatus {
    NotFound,
    Found,
    Unknown,
}

/// Failure to configure the check or to build a breach list.
#[derive(Debug, thiserror::Error)]
pub enum BreachError {
    #[error("breach.kind = \"file\" requires breach.file: create it with `passback breach build`")]
    NoFile,
    #[error("cannot read or write {path}")]
    Read { path: String, source: std::io::Error },
    #[error("{path} is not a complete breach file: create it again with `passback breach build`")]
    Damaged { path: String, source: fst::Error },
    #[error("{path}, line {line}: not a SHA-1 hash in 40 hexadecimal digits, with or without `:count`")]
    NotAHash { path: String, line: u64 },
    #[error("{path}, line {line}: hash out of order: sort the file first (LC_ALL=C sort -u)")]
    NotSorted { path: String, line: u64 },
    #[error("{path} already exists: choose another file, nothing was overwritten")]
    Exists { path: String },
    #[error("cannot create the HTTP client")]
    Client(#[source] reqwest::Error),
}
