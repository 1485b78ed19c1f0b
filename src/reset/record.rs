//! The reset as read from the database, its evidence, and the status response that pages, JSON and events share.

use jiff::Timestamp;
use serde::Serialize;

use super::cause::ResetCause;
use super::state::ResetState;
use crate::base::{ObjectId, PersonKey, ReferenceCode, ResetId};
use crate::people::PasswordLastSet;

/// One password reset as stored.
#[derive(Clone, Debug)]
pub(crate) struct PasswordReset {
    pub(crate) id: ResetId,
    pub(crate) reference: ReferenceCode,
    pub(crate) person: PersonKey,
    pub(crate) synced: bool,
    pub(crate) state: ResetState,
    pub(crate) cause: Option<ResetCause>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) dispatched_at: Option<Timestamp>,
    pub(crate) accepted_at: Option<Timestamp>,
    pub(crate) settled_at: Option<Timestamp>,
    pub(crate) location: Option<String>,
    pub(crate) poll_count: i64,
    pub(crate) lost_since: Option<Timestamp>,
    pub(crate) outage_since: Option<Timestamp>,
    pub(crate) outage_total_ms: i64,
    pub(crate) queued_since: Option<Timestamp>,
    pub(crate) revision: i64,
    /// Object id of the reset operator that sent the request. Entra's audit log names this id, also after another
    /// operator was linked.
    pub(crate) operator_id: Option<ObjectId>,
    /// Account name in the directory, and below it the time at which the password was set there before this reset. Both
    /// are set only if a directory probe is configured.
    pub(crate) directory_account: Option<String>,
    pub(crate) password_baseline: Option<PasswordLastSet>,
    pub(crate) delivery_log_gap: Option<DeliveryLogGap>,
}

/// Reason why Entra's audit log cannot show which writeback agent carried the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryLogGap {
    /// Several records match, or one that may belong to another reset.
    Ambiguous,
    /// The tenant logs no record of this kind: an administrator has to enable it.
    Unavailable,
}

impl DeliveryLogGap {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous",
            Self::Unavailable => "unavailable",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Ambiguous, Self::Unavailable].into_iter().find(|note| note.as_str() == name)
    }
}

impl PasswordReset {
    pub(crate) fn is_final(&self, now: Timestamp) -> bool {
        self.state.is_final(self.cause, self.settled_at, now)
    }
}

/// Evidence checkpoint: a point on the password's way that was confirmed by a source. Stored and published as `rung`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EvidenceCheckpoint {
    Accepted,
    Written,
    Carried,
    /// A domain controller has the new password.
    Landed,
    Works,
}

impl EvidenceCheckpoint {
    pub(crate) const ALL: [Self; 5] = [Self::Accepted, Self::Written, Self::Carried, Self::Landed, Self::Works];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Written => "written",
            Self::Carried => "carried",
            Self::Landed => "landed",
            Self::Works => "works",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rung| rung.as_str() == name)
    }
}

/// Evidence that a checkpoint was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EvidenceRecord {
    pub(crate) checkpoint: EvidenceCheckpoint,
    pub(crate) at: Timestamp,
    pub(crate) source: String,
    pub(crate) detail: Option<String>,
}

/// Status of a reset for the JSON response and the event stream. Field names are an outside contract.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ResetStatusResponse {
    pub(crate) reference: String,
    pub(crate) state: &'static str,
    #[serde(rename = "final")]
    pub(crate) is_final: bool,
    pub(crate) cause: Option<&'static str>,
    pub(crate) evidence: Vec<EvidenceItem>,
    pub(crate) updated_at: String,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct EvidenceItem {
    pub(crate) rung: &'static str,
    pub(crate) at: String,
    pub(crate) source: String,
}

impl ResetStatusResponse {
    pub(crate) fn new(reset: &PasswordReset, proofs: &[EvidenceRecord], now: Timestamp) -> Self {
        Self {
            reference: reset.reference.to_string(),
            state: reset.state.as_str(),
            is_final: reset.is_final(now),
            cause: reset.cause.map(ResetCause::as_str),
            evidence: proofs
                .iter()
                .map(|p| EvidenceItem { rung: p.checkpoint.as_str(), at: p.at.to_string(), source: p.source.clone() })
                .collect(),
            updated_at: reset.updated_at.to_string(),
        }
    }
}
