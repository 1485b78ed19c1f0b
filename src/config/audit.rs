//! The audit: where its head is exported to, and how long it keeps what is personal.

use std::path::PathBuf;

use serde::Deserialize;

/// How the audit is kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Where the head is written once a day, besides the log: best a place that this machine cannot change afterwards.
    pub head_dir: Option<PathBuf>,
    /// After so many days names, addresses and notes are erased. Without it they are kept.
    pub keep_personal_days: Option<i64>,
}
