//! Configures what the portal stores: the database, the sealing keys, and how long the audit log keeps personal data.

use std::path::PathBuf;

use serde::Deserialize;

use crate::base::Secret;

/// Settings of the database (`[database]`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `sqlite://passback.db` (default) or `postgres://…`. It may contain a password; `url_file` names a file with it.
    pub(crate) url: Secret,
    pub url_file: Option<PathBuf>,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: Secret::new("sqlite://passback.db".to_owned()), url_file: None }
    }
}

/// Sealing keys. The first key encrypts; every key decrypts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealingConfig {
    pub keys: Vec<SealingKey>,
}

/// Sealing key and its file: 32 random bytes as 64 hexadecimal digits, readable by the service only.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealingKey {
    pub id: String,
    pub file: PathBuf,
}

/// Settings of the audit log (`[audit]`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// Directory to which the head is written once a day, in addition to the log. Use a place that this machine cannot
    /// change afterwards.
    pub head_dir: Option<PathBuf>,
    /// Removed sealing keys, with which only `passback audit verify` and `audit record-restore` check older rows.
    pub verify_keys: Vec<SealingKey>,
    /// Number of days after which names, addresses and notes are erased. Default: they are kept.
    pub keep_personal_days: Option<i64>,
}
