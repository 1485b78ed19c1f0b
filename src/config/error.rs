//! Reasons why the settings cannot be used.

use std::path::PathBuf;

/// Reason why the settings cannot be used, with the key and the fix.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{0}")]
    Read(#[from] config::ConfigError),
    #[error("cannot read the secret in {path}", path = .path.display())]
    SecretFile { path: PathBuf, source: std::io::Error },
    #[error("{key}: {problem}")]
    Value { key: &'static str, problem: String },
}

impl ConfigError {
    /// Creates the error of a value that can be read and cannot be used.
    pub(super) fn invalid_value(key: &'static str, problem: impl Into<String>) -> Self {
        Self::Value { key, problem: problem.into() }
    }
}
