//! Account of the operator: linked, or a candidate that waits for confirmation.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::OperatorFault;
use crate::base::{ObjectId, PersonKey};
use crate::entra::roles::ResetRoleAssignment;

/// Linked operator. Its tokens are still sealed.
#[derive(Clone, Debug)]
pub(crate) struct LinkedOperator {
    pub(crate) object: ObjectId,
    pub(crate) upn: String,
    pub(crate) name: String,
    pub(crate) reset_role: ResetRoleAssignment,
    pub(crate) linked_at: Timestamp,
    pub(crate) refreshed_at: Timestamp,
    pub(crate) fault: Option<OperatorFault>,
    pub(super) access_expires_at: Timestamp,
    pub(super) sealed_refresh: String,
    pub(super) sealed_access: String,
}

/// Account that signed in to become the operator. Stored sealed until it is confirmed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OperatorCandidate {
    pub(crate) key: PersonKey,
    pub(crate) upn: String,
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) reset_role: ResetRoleAssignment,
    pub(super) refresh: String,
    pub(super) access: String,
    #[serde(rename = "access_until", with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub(super) access_expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entra::roles::ResetRole;

    #[test]
    fn candidate_of_older_release_is_readable_and_keeps_its_shape() {
        let id = "5e000000-0000-4000-8000-000000000001";
        let stored = json!({
            "key": { "tenant": id, "object": id }, "upn": "svc@x", "name": "Svc", "role": "Authentication Administrator",
            "scope": "/administrativeUnits/1", "refresh": "r", "access": "a", "access_until": 1_800_000_000_123_i64,
        });
        let candidate: OperatorCandidate = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(candidate.reset_role.role, ResetRole::AuthenticationAdministrator);
        assert_eq!(candidate.access_expires_at.as_millisecond(), 1_800_000_000_123);
        assert_eq!(serde_json::to_value(&candidate).unwrap(), stored);
    }
}
