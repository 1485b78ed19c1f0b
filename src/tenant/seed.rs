//! The organisation as data: who exists, what they may do, and what goes wrong for whom.
//!
//! Unknown keys are errors, so that a misspelt fault is not silently no fault.

use std::collections::BTreeSet;

use serde::Deserialize;
use uuid::Uuid;

pub(super) use super::access::{Group, Policy, Strength, Unit};
pub(super) use super::apps::{App, Federated};
use super::faults::Fault;

/// A whole tenant. `Seed::contoso()` is the one that the demo shows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    pub(super) organization: Organization,
    #[serde(default)]
    pub(super) writeback: Writeback,
    #[serde(default)]
    pub(super) audit: Audit,
    #[serde(default)]
    pub(super) directory: DirectoryRules,
    #[serde(default)]
    pub(super) throttle: Throttle,
    pub(super) apps: Vec<App>,
    #[serde(default)]
    pub(super) strengths: Vec<Strength>,
    #[serde(default)]
    pub(super) policies: Vec<Policy>,
    #[serde(default)]
    pub(super) groups: Vec<Group>,
    #[serde(default)]
    pub(super) units: Vec<Unit>,
    pub(super) people: Vec<Person>,
    #[serde(default)]
    pub(super) faults: Vec<Fault>,
}

/// Why a seed file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error("the seed file cannot be read")]
    Read(#[source] std::io::Error),
    #[error("the seed file is not a tenant: {0}")]
    Parse(toml::de::Error),
    #[error("the seed names {who}, who is not among its people")]
    Nobody { who: String },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Organization {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) domain: String,
    /// The AD domain's DNS name, such as `corp.example`.
    pub(super) on_premises_domain: String,
    /// How long before now the last synchronisation ran, in seconds.
    #[serde(default = "default_sync_age")]
    pub(super) sync_age_seconds: i64,
    /// The password of everybody who has none of their own in the seed.
    pub(super) initial_password: String,
    /// The organisation's own banned words (Entra allows 1,000).
    #[serde(default)]
    pub(super) banned_words: Vec<String>,
}

fn default_sync_age() -> i64 {
    720
}

/// The writeback agent between Entra and the directory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Writeback {
    /// How it signs its work in the audit log.
    pub(super) agent: String,
    /// Time from 202 to the directory's answer.
    pub(super) delay_ms: u64,
    /// How long Entra waits for an agent that does not answer.
    pub(super) offline_after_ms: u64,
    /// How long after a split outcome the cloud catches up with the directory.
    pub(super) split_heals_ms: u64,
    /// Whether a reset also unlocks. Microsoft does not say.
    pub(super) unlocks: bool,
    /// Sent with 202 when set.
    pub(super) retry_after_seconds: Option<u64>,
}

impl Default for Writeback {
    fn default() -> Self {
        Self {
            agent: "Microsoft Entra Connect".to_owned(),
            delay_ms: 3_000,
            offline_after_ms: 8_000,
            split_heals_ms: 60_000,
            unlocks: true,
            retry_after_seconds: None,
        }
    }
}

/// How late the directory audit log shows what happened.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Audit {
    pub(super) delay_ms: u64,
    /// False: nobody has opened the reporting page yet, so nothing of password management is ever logged.
    pub(super) opted_in: bool,
}

impl Default for Audit {
    fn default() -> Self {
        Self { delay_ms: 4_000, opted_in: true }
    }
}

/// The password policy of the directory in memory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DirectoryRules {
    pub(super) min_length: usize,
    pub(super) complexity: bool,
    pub(super) history: usize,
    pub(super) min_age_seconds: i64,
    pub(super) lockout_threshold: u32,
}

impl Default for DirectoryRules {
    fn default() -> Self {
        Self { min_length: 8, complexity: true, history: 24, min_age_seconds: 0, lockout_threshold: 10 }
    }
}

/// Microsoft's published limits; zero switches one off.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Throttle {
    /// Reports and audit: 5 requests per 10 s per app and tenant, with `Retry-After`.
    pub(super) audits_per_10s: u32,
    /// Conditional Access: 1 request per second per tenant, without `Retry-After`.
    pub(super) policies_per_second: u32,
    /// Identity Protection: the same.
    pub(super) risks_per_second: u32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { audits_per_10s: 5, policies_per_second: 1, risks_per_second: 1 }
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact about an account, as in a directory")]
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) upn: String,
    pub(super) name: String,
    /// What the demo shows through this person, in a word.
    #[serde(default)]
    pub(super) outcome: Option<String>,
    #[serde(default)]
    pub(super) id: Option<Uuid>,
    #[serde(default)]
    pub(super) password: Option<String>,
    #[serde(default = "yes")]
    pub(super) synced: bool,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) guest: bool,
    #[serde(default)]
    pub(super) language: Option<String>,
    /// The name, unless it is said.
    #[serde(default)]
    pub(super) mail: Option<String>,
    #[serde(default)]
    pub(super) other_mails: Vec<String>,
    #[serde(default)]
    pub(super) mobile: Option<String>,
    #[serde(default)]
    pub(super) business_phones: Vec<String>,
    #[serde(default)]
    pub(super) manager: Option<String>,
    /// `passkey`, `tap:<code>`, `password` (everybody has it).
    #[serde(default = "default_methods")]
    pub(super) methods: Vec<String>,
    #[serde(default)]
    pub(super) roles: Vec<Role>,
    #[serde(default)]
    pub(super) app_roles: Vec<String>,
    #[serde(default)]
    pub(super) devices: Vec<Device>,
    /// In a restricted management administrative unit.
    #[serde(default)]
    pub(super) restricted: bool,
    /// What Identity Protection says: `low`, `medium` or `high`.
    #[serde(default)]
    pub(super) risk: Option<String>,
    /// State of the account in the directory in memory.
    #[serde(default)]
    pub(super) ad: AdState,
    /// Password facts of the past, newest first: refused by history.
    #[serde(default)]
    pub(super) old_passwords: Vec<String>,
}

fn yes() -> bool {
    true
}

fn default_methods() -> Vec<String> {
    vec!["passkey".to_owned()]
}

#[expect(clippy::struct_excessive_bools, reason = "these are the flags of an AD account")]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AdState {
    pub(super) locked: bool,
    pub(super) disabled: bool,
    /// `AdminCount=1`: the agent's account has no rights on it.
    pub(super) protected: bool,
    pub(super) must_change: bool,
    pub(super) password_never_expires: bool,
    /// Seconds since the last change; a long time unless said.
    pub(super) password_age_seconds: Option<i64>,
    /// A fine-grained policy's minimum age, instead of the domain's.
    pub(super) min_age_seconds: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    /// The role's template id.
    pub(super) template: Uuid,
    /// `/` or `/administrativeUnits/…`.
    #[serde(default = "tenant_wide")]
    pub(super) scope: String,
    /// Eligible through Privileged Identity Management, not active.
    #[serde(default)]
    pub(super) eligible: bool,
}

fn tenant_wide() -> String {
    "/".to_owned()
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Device {
    pub(super) name: String,
    pub(super) os: String,
    /// `Workplace`, `AzureAd` or `ServerAd` (hybrid).
    pub(super) trust: String,
}

impl Seed {
    /// The organisation of the demo.
    ///
    /// # Errors
    /// Only if the file that is part of this crate is broken, which a test would find.
    pub fn contoso() -> Result<Self, SeedError> {
        Self::parse(include_str!("contoso.toml"))
    }

    /// Reads a tenant from TOML.
    ///
    /// # Errors
    /// When it is not TOML, has an unknown key, or names somebody who does not exist.
    pub fn parse(text: &str) -> Result<Self, SeedError> {
        let seed: Self = toml::from_str(text).map_err(SeedError::Parse)?;
        let known: BTreeSet<&str> = seed.people.iter().map(|p| p.upn.as_str()).collect();
        let named = seed
            .people
            .iter()
            .filter_map(|p| p.manager.as_deref())
            .chain(seed.groups.iter().flat_map(|g| g.members.iter().map(String::as_str)))
            .chain(seed.units.iter().flat_map(|u| u.members.iter().chain(&u.except).map(String::as_str)))
            .chain(seed.policies.iter().flat_map(|p| p.exclude_people.iter().map(String::as_str)))
            .chain(seed.faults.iter().filter_map(Fault::person));
        for who in named {
            if !known.contains(who) {
                return Err(SeedError::Nobody { who: who.to_owned() });
            }
        }
        Ok(seed)
    }

    /// Reads a tenant from a file.
    ///
    /// # Errors
    /// As [`Seed::parse`], and when the file cannot be read.
    pub fn read(path: &std::path::Path) -> Result<Self, SeedError> {
        Self::parse(&std::fs::read_to_string(path).map_err(SeedError::Read)?)
    }

    /// People and the outcome each one shows, in the order of the file.
    pub fn outcomes(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.people.iter().filter_map(|p| Some((p.upn.as_str(), p.name.as_str(), p.outcome.as_deref()?)))
    }
}
