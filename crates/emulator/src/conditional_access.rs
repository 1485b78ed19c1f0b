//! Seed types for access control: Conditional Access, security groups and administrative units.

use serde::Deserialize;
use uuid::Uuid;

/// An authentication strength: the combinations of sign-in methods that satisfy it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthenticationStrength {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) combinations: Vec<String>,
}

/// A Conditional Access policy that requires an authentication strength for authentication contexts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EmulatedPolicy {
    pub(super) id: Uuid,
    pub(super) name: String,
    /// `enabled`, `disabled` or `enabledForReportingButNotEnforced`.
    pub(super) state: String,
    /// Authentication contexts that the policy applies to, such as `c1`.
    pub(super) contexts: Vec<String>,
    /// Id of the required authentication strength.
    pub(super) strength: Option<String>,
    /// Reports the session control "sign-in frequency: every time" in Graph. Sign-ins here do not enforce it.
    #[serde(default)]
    pub(super) every_time: bool,
    /// Sign-in frequency in hours. Refresh tokens from an older sign-in are rejected with AADSTS70043.
    #[serde(default)]
    pub(super) hours: Option<i64>,
    /// Blocks every sign-in that the policy applies to.
    #[serde(default)]
    pub(super) block: bool,
    #[serde(default)]
    pub(super) exclude_people: Vec<String>,
    #[serde(default)]
    pub(super) exclude_groups: Vec<String>,
    /// Role templates. Accounts with an active assignment of such a role are excluded.
    #[serde(default)]
    pub(super) exclude_roles: Vec<Uuid>,
    /// Conditions as Graph returns them, such as `{ locations = { includeLocations = ["AllTrusted"] } }`. Sign-ins at
    /// the emulator meet no condition, so a policy with one applies to no sign-in.
    #[serde(default)]
    pub(super) conditions: toml::Table,
    /// Alternative grant controls, such as `compliantDevice`. Every sign-in meets them, so the strength is not
    /// required.
    #[serde(default)]
    pub(super) or_controls: Vec<String>,
}

/// A security group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecurityGroup {
    pub(super) name: String,
    /// Graph's `isAssignableToRole`. Members are protected from resets by lower roles.
    #[serde(default)]
    pub(super) role_assignable: bool,
    pub(super) members: Vec<String>,
}

/// An administrative unit. A role assigned with its scope applies to its members only.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdministrativeUnit {
    pub(super) id: Uuid,
    /// Dynamic membership: every account is a member, except those in `except`.
    #[serde(default)]
    pub(super) everybody: bool,
    #[serde(default)]
    pub(super) members: Vec<String>,
    /// Accounts that are not members, whatever the other keys say.
    #[serde(default)]
    pub(super) except: Vec<String>,
}

impl AdministrativeUnit {
    /// Returns whether the account with this user principal name is a member.
    pub(super) fn has_member(&self, upn: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name.eq_ignore_ascii_case(upn));
        (self.everybody || named(&self.members)) && !named(&self.except)
    }

    /// Returns the unit's `directoryScopeId`, as role assignments contain it.
    pub(super) fn directory_scope(&self) -> String {
        format!("/administrativeUnits/{}", self.id)
    }
}
