//! Status of a reset as JSON clients and the event stream receive it.

use jiff::Timestamp;
use serde::Serialize;

use super::cause::ResetCause;
use super::record::{EvidenceRecord, PasswordReset};

/// Status of a reset for the JSON response and the event stream. Field names are an outside contract.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ResetStatusResponse {
    pub(super) reference: String,
    pub(super) state: &'static str,
    #[serde(rename = "final")]
    pub(super) is_final: bool,
    pub(super) cause: Option<&'static str>,
    pub(super) evidence: Vec<EvidenceItem>,
    pub(super) updated_at: String,
}

/// Evidence in the response.
#[derive(Clone, Debug, Serialize)]
pub(super) struct EvidenceItem {
    pub(super) rung: &'static str,
    pub(super) at: String,
    pub(super) source: String,
}

impl From<&EvidenceRecord> for EvidenceItem {
    fn from(evidence: &EvidenceRecord) -> Self {
        Self { rung: evidence.checkpoint.as_str(), at: evidence.at.to_string(), source: evidence.source.clone() }
    }
}

impl ResetStatusResponse {
    pub(super) fn new(reset: &PasswordReset, evidence: &[EvidenceRecord], now: Timestamp) -> Self {
        Self {
            reference: reset.reference.to_string(),
            state: reset.state.as_str(),
            is_final: reset.is_final(now),
            cause: reset.cause.map(ResetCause::as_str),
            evidence: evidence.iter().map(EvidenceItem::from).collect(),
            updated_at: reset.updated_at.to_string(),
        }
    }
}
