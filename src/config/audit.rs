//! Configures the audit log: the export of its head and the retention of personal data.

use std::path::PathBuf;

use serde::Deserialize;

/// Settings of the audit log (`[audit]`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// Directory to which the head is written once a day, in addition to the log. Use a place that this machine cannot
    /// change afterwards.
    pub head_dir: Option<PathBuf>,
    /// Number of days after which names, addresses and notes are erased. Default: they are kept.
    pub keep_personal_days: Option<i64>,
}
