//! The seed: an organisation as TOML data, with its people, apps, policies and faults.
//!
//! The fields below are the keys of the file. Unknown keys are errors, so that a misspelt key is not ignored silently.
//! Exception: a fault whose effect has no fields, such as `split`, accepts unknown keys.

use std::collections::BTreeSet;

use serde::Deserialize;
use uuid::Uuid;

pub(super) use super::app_registrations::{AppRegistration, FederatedCredential};
pub(super) use super::conditional_access::{AdministrativeUnit, AuthenticationStrength, EmulatedPolicy, SecurityGroup};
use super::faults::InjectedFault;

/// Seed file of the demo organisation, for tests that change a part of it.
pub const CONTOSO_SEED: &str = include_str!("../seeds/contoso.toml");

/// A complete tenant as data. [`TenantSeed::contoso`] is the organisation of the demo.
///
/// The crate's README describes the file format.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantSeed {
    pub(super) organization: OrganizationSeed,
    #[serde(default)]
    pub(super) writeback: WritebackSeed,
    #[serde(default)]
    pub(super) audit: AuditSeed,
    #[serde(default)]
    pub(super) directory: DirectoryRulesSeed,
    #[serde(default)]
    pub(super) throttle: ThrottleSeed,
    pub(super) apps: Vec<AppRegistration>,
    #[serde(default)]
    pub(super) strengths: Vec<AuthenticationStrength>,
    #[serde(default)]
    pub(super) policies: Vec<EmulatedPolicy>,
    #[serde(default)]
    pub(super) groups: Vec<SecurityGroup>,
    #[serde(default)]
    pub(super) units: Vec<AdministrativeUnit>,
    pub(super) people: Vec<PersonSeed>,
    #[serde(default)]
    pub(super) faults: Vec<InjectedFault>,
}

/// An error in a seed file.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error("cannot read the seed file")]
    Read(#[source] std::io::Error),
    #[error("seed not valid: {0}")]
    Parse(toml::de::Error),
    #[error("seed refers to unknown person {who}: add them under [[people]]")]
    UnknownPerson { who: String },
}

/// The organisation itself; `[organization]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganizationSeed {
    /// Tenant id.
    pub(super) id: Uuid,
    pub(super) name: String,
    /// Verified domain. Endpoints accept it in place of the tenant id.
    pub(super) domain: String,
    /// DNS name of the AD domain, such as `corp.example`.
    pub(super) on_premises_domain: String,
    /// Age of the last directory synchronisation in seconds; default 720.
    #[serde(default = "default_sync_age")]
    pub(super) sync_age_seconds: i64,
    /// Password of every person for whom the seed sets none.
    pub(super) initial_password: String,
    /// The organisation's custom banned words. Entra allows 1,000; the emulator sets no limit.
    #[serde(default)]
    pub(super) banned_words: Vec<String>,
}

fn default_sync_age() -> i64 {
    720
}

/// The writeback agent between Entra and the directory; `[writeback]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WritebackSeed {
    /// Name of the agent in the directory audit log (`OnPremisesAgent`).
    pub(super) agent: String,
    /// Time from the 202 response until the directory is written.
    pub(super) delay_ms: u64,
    /// Time after which an operation fails if no agent responds.
    pub(super) offline_after_ms: u64,
    /// Time after a split outcome until the cloud shows the directory's password change.
    pub(super) split_heals_ms: u64,
    /// Whether a reset also unlocks the account. Microsoft does not document it.
    pub(super) unlocks: bool,
    /// `Retry-After` of the 202 response in seconds; not sent if unset.
    pub(super) retry_after_seconds: Option<u64>,
}

impl Default for WritebackSeed {
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

/// The directory audit log; `[audit]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AuditSeed {
    /// Time until an event appears in the log.
    pub(super) delay_ms: u64,
    /// Whether password management events are logged. They are not until an administrator has opened the reporting
    /// page.
    pub(super) opted_in: bool,
}

impl Default for AuditSeed {
    fn default() -> Self {
        Self { delay_ms: 4_000, opted_in: true }
    }
}

/// Password policy of the in-memory directory; `[directory]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DirectoryRulesSeed {
    pub(super) min_length: usize,
    pub(super) complexity: bool,
    /// Number of previous passwords that are refused.
    pub(super) history: usize,
    pub(super) min_age_seconds: i64,
    /// Number of wrong current passwords that locks the account.
    pub(super) lockout_threshold: u32,
}

impl Default for DirectoryRulesSeed {
    fn default() -> Self {
        Self { min_length: 8, complexity: true, history: 24, min_age_seconds: 0, lockout_threshold: 10 }
    }
}

/// Microsoft's published request limits; `[throttle]`. 0 disables a limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ThrottleSeed {
    /// Directory audit log: Microsoft allows 5 requests per 10 s per app and tenant. 429 has `Retry-After`. The
    /// emulator counts all apps together.
    pub(super) audits_per_10s: u32,
    /// Conditional Access: 1 request per second per tenant. 429 has no `Retry-After`.
    pub(super) policies_per_second: u32,
    /// Identity Protection: 1 request per second per tenant. 429 has no `Retry-After`.
    pub(super) risks_per_second: u32,
}

impl Default for ThrottleSeed {
    fn default() -> Self {
        Self { audits_per_10s: 5, policies_per_second: 1, risks_per_second: 1 }
    }
}

/// A person or service account; one `[[people]]` entry.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent attribute of an account, as in a directory")]
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonSeed {
    pub(super) upn: String,
    pub(super) name: String,
    /// Label of the outcome that the demo shows with this person. Has no effect; faults and account state cause it.
    #[serde(default)]
    pub(super) outcome: Option<String>,
    /// Object id; by default derived from the tenant id and `upn`.
    #[serde(default)]
    pub(super) id: Option<Uuid>,
    #[serde(default)]
    pub(super) password: Option<String>,
    /// Whether the account is synchronised from the directory.
    #[serde(default = "default_true")]
    pub(super) synced: bool,
    #[serde(default = "default_true")]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) guest: bool,
    #[serde(default)]
    pub(super) language: Option<String>,
    /// Email address; by default `upn`.
    #[serde(default)]
    pub(super) mail: Option<String>,
    #[serde(default)]
    pub(super) other_mails: Vec<String>,
    #[serde(default)]
    pub(super) mobile: Option<String>,
    #[serde(default)]
    pub(super) business_phones: Vec<String>,
    /// User principal name of the manager.
    #[serde(default)]
    pub(super) manager: Option<String>,
    /// Sign-in methods: `passkey`, and `tap:<code>` for a Temporary Access Pass that is valid for 8 hours from the
    /// start. Every account has a password. The default is `passkey`.
    #[serde(default = "default_methods")]
    pub(super) methods: Vec<String>,
    #[serde(default)]
    pub(super) roles: Vec<RoleSeed>,
    /// App roles, in the claim `roles` of id tokens.
    #[serde(default)]
    pub(super) app_roles: Vec<String>,
    #[serde(default)]
    pub(super) devices: Vec<DeviceSeed>,
    /// Whether the account is in a restricted management administrative unit.
    #[serde(default)]
    pub(super) restricted: bool,
    /// Identity Protection's risk level: `low`, `medium` or `high`.
    #[serde(default)]
    pub(super) risk: Option<String>,
    /// State of the account in the in-memory directory.
    #[serde(default)]
    pub(super) ad: AdAccountSeed,
    /// Previous passwords, newest first, which the password history refuses.
    #[serde(default)]
    pub(super) old_passwords: Vec<String>,
}

fn default_true() -> bool {
    true
}

fn default_methods() -> Vec<String> {
    vec!["passkey".to_owned()]
}

/// State of a directory account; `ad` of a person.
#[expect(clippy::struct_excessive_bools, reason = "these are the flags of an AD account")]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AdAccountSeed {
    pub(super) locked: bool,
    pub(super) disabled: bool,
    /// `AdminCount=1`: the agent has no rights on the account, so a reset is denied.
    pub(super) protected: bool,
    pub(super) must_change: bool,
    pub(super) password_never_expires: bool,
    /// Seconds since the last password change; default 40 days.
    pub(super) password_age_seconds: Option<i64>,
    /// Minimum password age of a fine-grained policy, in place of the domain's.
    pub(super) min_age_seconds: Option<i64>,
}

/// A directory role assignment; `roles` of a person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleSeed {
    /// Template id of the role.
    pub(super) template: Uuid,
    /// `directoryScopeId`: `/` (the default) or `/administrativeUnits/<id>`.
    #[serde(default = "default_role_scope")]
    pub(super) scope: String,
    /// Whether the assignment is only eligible in Privileged Identity Management, not active.
    #[serde(default)]
    pub(super) eligible: bool,
}

fn default_role_scope() -> String {
    "/".to_owned()
}

/// A registered device; `devices` of a person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceSeed {
    pub(super) name: String,
    pub(super) os: String,
    /// Graph's `trustType`: `Workplace`, `AzureAd` or `ServerAd` (hybrid joined).
    pub(super) trust: String,
}

impl TenantSeed {
    /// Returns the demo organisation, Contoso.
    ///
    /// # Errors
    /// If the seed in this crate is not valid. The crate's tests rule that out.
    pub fn contoso() -> Result<Self, SeedError> {
        Self::parse(CONTOSO_SEED)
    }

    /// Parses a tenant from TOML.
    ///
    /// # Errors
    /// If the text is not TOML, has an unknown or missing key, or refers to a person that it does not define.
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
            .chain(seed.faults.iter().filter_map(InjectedFault::person));
        for who in named {
            if !known.contains(who) {
                return Err(SeedError::UnknownPerson { who: who.to_owned() });
            }
        }
        Ok(seed)
    }

    /// Reads a tenant from a TOML file.
    ///
    /// # Errors
    /// As [`TenantSeed::parse`], and if the file cannot be read.
    pub fn from_file(path: &std::path::Path) -> Result<Self, SeedError> {
        Self::parse(&std::fs::read_to_string(path).map_err(SeedError::Read)?)
    }

    /// Returns user principal name, display name and outcome label of each person that has a label, in file order.
    pub fn demo_outcomes(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.people.iter().filter_map(|p| Some((p.upn.as_str(), p.name.as_str(), p.outcome.as_deref()?)))
    }
}
