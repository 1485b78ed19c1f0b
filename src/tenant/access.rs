//! Who may do what: Conditional Access, groups, and administrative units.

use serde::Deserialize;
use uuid::Uuid;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Strength {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) combinations: Vec<String>,
}

/// A Conditional Access policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) id: Uuid,
    pub(super) name: String,
    /// `enabled`, `disabled` or `enabledForReportingButNotEnforced`.
    pub(super) state: String,
    pub(super) contexts: Vec<String>,
    pub(super) strength: Option<String>,
    #[serde(default)]
    pub(super) every_time: bool,
    /// Sign-in frequency in hours: an older sign-in is refreshed no more (AADSTS70043).
    #[serde(default)]
    pub(super) hours: Option<i64>,
    /// Lets nobody in to whom it applies.
    #[serde(default)]
    pub(super) block: bool,
    #[serde(default)]
    pub(super) exclude_people: Vec<String>,
    #[serde(default)]
    pub(super) exclude_groups: Vec<String>,
    /// Templates of roles, held directly or through a group.
    #[serde(default)]
    pub(super) exclude_roles: Vec<Uuid>,
    /// Conditions as Graph shows them, such as `{ locations = { includeLocations = ["AllTrusted"] } }`. Sign-ins at the
    /// emulator come from outside of every condition, so such a policy asks nobody.
    #[serde(default)]
    pub(super) conditions: toml::Table,
    /// Controls of which one alone is enough, such as `compliantDevice`. Everybody's device has them.
    #[serde(default)]
    pub(super) or_controls: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) name: String,
    #[serde(default)]
    pub(super) role_assignable: bool,
    pub(super) members: Vec<String>,
}

/// An administrative unit: a role with its scope reaches its members alone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unit {
    pub(super) id: Uuid,
    /// A dynamic rule that takes everybody, but for `except`.
    #[serde(default)]
    pub(super) everybody: bool,
    #[serde(default)]
    pub(super) members: Vec<String>,
    #[serde(default)]
    pub(super) except: Vec<String>,
}

impl Unit {
    pub(super) fn holds(&self, upn: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name.eq_ignore_ascii_case(upn));
        (self.everybody || named(&self.members)) && !named(&self.except)
    }

    /// As a role assignment names it.
    pub(super) fn scope(&self) -> String {
        format!("/administrativeUnits/{}", self.id)
    }
}
