//! The reset as read from the database, and its evidence.

use jiff::{SignedDuration, Timestamp};

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
    /// Time during which the operator was unavailable, which does not count towards the time limit.
    pub(crate) outage_total: SignedDuration,
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
        [Self::Ambiguous, Self::Unavailable].into_iter().find(|gap| gap.as_str() == name)
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
        Self::ALL.into_iter().find(|checkpoint| checkpoint.as_str() == name)
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

/// Returns a synced reset of a fictitious person that was sent, accepted and written.
#[cfg(test)]
pub(super) fn sample_reset() -> PasswordReset {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    PasswordReset {
        id: "01900000-0000-7000-8000-000000000000".parse().unwrap(),
        reference: "7KQ4M2ZD".parse().unwrap(),
        person: PersonKey {
            tenant: crate::store::testing::test_tenant(),
            object: "00000000-0000-4000-8000-000000000001".parse().unwrap(),
        },
        synced: true,
        state: ResetState::Written,
        cause: None,
        created_at: at("2026-11-23T10:00:00Z"),
        updated_at: at("2026-11-23T10:00:05Z"),
        dispatched_at: Some(at("2026-11-23T10:00:00Z")),
        accepted_at: Some(at("2026-11-23T10:00:01Z")),
        settled_at: Some(at("2026-11-23T10:00:05Z")),
        location: None,
        poll_count: 0,
        lost_since: None,
        outage_since: None,
        outage_total: SignedDuration::ZERO,
        queued_since: None,
        revision: 1,
        operator_id: "00000000-0000-4000-8000-000000000002".parse().ok(),
        directory_account: None,
        password_baseline: None,
        delivery_log_gap: None,
    }
}
