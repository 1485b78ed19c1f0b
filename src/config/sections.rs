//! Every key with its default, its unit and what it does.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::{Audit, Canary, Helpdesk, Notify, RiskSettings};
use crate::base::{Secret, TenantId};

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    #[serde(default)]
    pub database: Database,
    pub sealing: Sealing,
    #[serde(default)]
    pub branding: Branding,
    pub entra: Entra,
    #[serde(default)]
    pub signin: Signin,
    #[serde(default)]
    pub operator: OperatorSettings,
    #[serde(default)]
    pub reset: Reset,
    #[serde(default)]
    pub policy: Policy,
    #[serde(default)]
    pub breach: Breach,
    /// Without it nothing is asked of a domain controller.
    #[serde(default)]
    pub directory: Option<Directory>,
    #[serde(default)]
    pub notify: Notify,
    #[serde(default)]
    pub helpdesk: Helpdesk,
    #[serde(default)]
    pub audit: Audit,
    /// Without it no test account is reset.
    #[serde(default)]
    pub canary: Option<Canary>,
    pub risk: Option<RiskSettings>,
}

impl Config {
    pub(crate) fn tenant(&self) -> TenantId {
        self.entra.tenant_id.into()
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Where people are served. Default `127.0.0.1:8080`.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// How people reach the portal: every link is made from it, never from `Host`. https, or http on loopback.
    pub public_url: Url,
    /// Whose `X-Forwarded-For` is believed, as networks (`10.0.0.0/8`). Nobody's by default.
    #[serde(default)]
    pub trusted_proxies: Vec<IpNet>,
    /// Where `/metrics` is served, and nothing else: an address that only your monitoring reaches. Nowhere by default.
    #[serde(default)]
    pub metrics_listen: Option<SocketAddr>,
    /// Certificate chain and key, PEM, for TLS without a proxy. Both or neither; renewed files are taken up by
    /// themselves.
    #[serde(default)]
    pub tls_cert: Option<PathBuf>,
    #[serde(default)]
    pub tls_key: Option<PathBuf>,
    /// Connections at once, in all.
    #[serde(default = "default_connections")]
    pub max_connections: usize,
    /// Connections at once of one address (IPv6: one /64). Trusted proxies are not counted by address.
    #[serde(default = "default_connections_each")]
    pub max_connections_per_address: usize,
}

fn default_connections() -> usize {
    16_384
}

fn default_connections_each() -> usize {
    512
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite://passback.db` (default) or `postgres://…`. May hold a password: also `url_file`.
    pub(crate) url: Secret,
    pub url_file: Option<PathBuf>,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: Secret::new("sqlite://passback.db".to_owned()), url_file: None }
    }
}

/// Keys that seal what must be kept. The first seals, all open.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealing {
    pub keys: Vec<SealingKey>,
}

/// A key file: 32 random bytes as 64 hexadecimal digits, readable by nobody but the service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealingKey {
    pub id: String,
    pub file: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Branding {
    /// The organisation's name, as people say it.
    pub name: String,
    /// Shown wherever somebody may be stuck.
    pub support_phone: String,
    /// When that phone is answered, as text.
    pub support_hours: String,
    /// A picture instead of the shield: .svg, .png or .webp, at most 200 KiB.
    pub logo_file: Option<PathBuf>,
    /// The colour of buttons and links, as `#0b5d57`. It must be readable on white.
    pub accent: Option<String>,
    /// The same for the dark theme; made from `accent` if it is not given.
    pub accent_dark: Option<String>,
}

impl Default for Branding {
    fn default() -> Self {
        Self {
            name: "Passback".to_owned(),
            support_phone: String::new(),
            support_hours: String::new(),
            logo_file: None,
            accent: None,
            accent_dark: None,
        }
    }
}

/// Microsoft's clouds that can reset: `global` (also GCC), `us-gov` (GCC High, L4), `us-gov-dod` (L5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Cloud {
    #[default]
    Global,
    UsGov,
    UsGovDod,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entra {
    #[serde(default)]
    pub cloud: Cloud,
    pub tenant_id: Uuid,
    pub client_id: Uuid,
    /// The issuer, below which `/.well-known/openid-configuration` is found. Default: the cloud's, for the tenant.
    #[serde(default)]
    pub authority: Option<Url>,
    /// Graph with its version, such as `https://graph.microsoft.com/v1.0`. Default: the cloud's.
    #[serde(default)]
    pub graph_url: Option<Url>,
    /// Takes hosts that are not Microsoft's. Marks every page, and doctor calls it an error.
    #[serde(default)]
    pub allow_other_hosts: bool,
    pub credential: Credential,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    pub kind: CredentialKind,
    #[serde(default)]
    pub(crate) secret: Option<Secret>,
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// Of `certificate`: PEM, the application's own certificate first.
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// Of `certificate`: its RSA key, PEM, readable by nobody but the service. Both files are read anew at each use.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Of `federated`: where the platform keeps a token for us, read anew at each use. Default:
    /// `AZURE_FEDERATED_TOKEN_FILE`, as workload identity sets it.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
}

/// How the application proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialKind {
    Secret,
    /// By a JWT signed with the key of a certificate that Entra knows.
    Certificate,
    /// By a token of an issuer that Entra was told to trust for this application.
    Federated,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signin {
    /// The authentication context a person must satisfy.
    pub required_context: String,
    /// The one for staff.
    pub staff_context: String,
    /// How old a sign-in may be when the form opens, in seconds.
    pub max_age_seconds: i64,
    /// How long an opened form may be submitted after that, in seconds.
    pub submit_seconds: i64,
    /// A session without a request for so long ends, in seconds.
    pub idle_seconds: i64,
    /// No session is older, in seconds.
    pub absolute_seconds: i64,
    pub allow_guests: bool,
    /// Domains (the part of a name behind the `@`) that sign in at their own identity provider instead of Entra: the
    /// finishing sign-in is not offered there, because Entra does not ask for a change.
    pub federated_domains: Vec<String>,
    /// Lets people reset although nothing proves that they signed in without the password. Doctor calls it an error.
    pub accept_unverified_policy: bool,
}

impl Default for Signin {
    fn default() -> Self {
        Self {
            required_context: "c1".to_owned(),
            staff_context: "c2".to_owned(),
            max_age_seconds: 600,
            submit_seconds: 900,
            idle_seconds: 1_800,
            absolute_seconds: 28_800,
            allow_guests: false,
            federated_domains: Vec::new(),
            accept_unverified_policy: false,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OperatorSettings {
    /// Lets the operator's role be tenant-wide instead of scoped to an administrative unit.
    pub tenant_wide: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reset {
    /// How long an operation is watched before it counts as unknown, in seconds.
    pub time_limit_seconds: i64,
    /// How long a reset waits in line when Graph throttles, in seconds.
    pub line_limit_seconds: i64,
    /// Resets in an hour before everything pauses. Default: 2 % of the people, at least 20.
    pub hourly_ceiling: Option<i64>,
    /// Resets one person may start in an hour. A grant of the desk stands for one more.
    pub per_person_hour: i64,
    /// Whose resets take a grant of the desk first: `never`, `privileged` or `always`.
    pub approval: Approval,
    /// Sign-ins, resets and tries of wrong references of one address in a minute, each counted by itself.
    pub per_address_minute: i64,
}

impl Default for Reset {
    fn default() -> Self {
        Self {
            time_limit_seconds: 600,
            line_limit_seconds: 60,
            hourly_ceiling: None,
            per_person_hour: 5,
            approval: Approval::Never,
            per_address_minute: 60,
        }
    }
}

/// Whose resets the desk has to allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    Never,
    /// Of people with power in the tenant.
    Privileged,
    Always,
}

/// What the portal itself asks of a password, before Microsoft does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Characters at least.
    pub min_length: usize,
    /// How many of the four classes (lower case, upper case, digits, others).
    pub classes: usize,
    /// How hard it must be to guess, by zxcvbn: 0 (not asked) to 4.
    pub strength: u8,
    /// The organisation's own words, as in Entra's custom list (at most 1,000, of 4 letters or more). The name in
    /// `[branding]` counts by itself.
    pub banned_words: Vec<String>,
    /// Asks Graph's beta `validatePassword` when the form is sent, before anything begins. The operator then needs the
    /// delegated permission `User.ReadWrite` besides its two.
    pub microsoft_check: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { min_length: 12, classes: 3, strength: 3, banned_words: Vec::new(), microsoft_check: false }
    }
}

/// Whether passwords are compared with those known from breaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreachKind {
    #[default]
    Off,
    /// Five digits of the hash are sent to a service.
    RangeApi,
    /// Offline, in a file made by `passback breach build`.
    File,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Breach {
    pub kind: BreachKind,
    /// Of `range_api`: the address that the five digits are put behind.
    pub url: Url,
    /// Of `file`.
    pub file: Option<PathBuf>,
    /// Of `range_api`: longer than this nobody waits; the password then passes unchecked.
    pub timeout_milliseconds: u64,
}

impl Default for Breach {
    #[expect(clippy::expect_used, reason = "a fixed address")]
    fn default() -> Self {
        let url = "https://api.pwnedpasswords.com/range/".parse().expect("a URL");
        Self { kind: BreachKind::Off, url, file: None, timeout_milliseconds: 1_500 }
    }
}

/// A domain controller that the portal asks about accounts. It is only read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// `ldaps://dc1.corp.example`: LDAP over TLS only, port 636 unless it is given.
    pub url: Url,
    /// An account with no rights but to read, by its distinguished name.
    pub bind_dn: String,
    /// Its password: also `password_file`.
    #[serde(default)]
    pub(crate) password: Option<Secret>,
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Below which object people are looked for, such as `OU=People,DC=corp,DC=example`.
    pub base_dn: String,
    /// The CA of the controller's certificate, PEM. No other is trusted.
    pub ca_file: PathBuf,
    /// How long one question may take in all, in seconds. Default 3.
    #[serde(default = "default_directory_timeout")]
    pub timeout_seconds: i64,
    /// Lets the helpdesk unlock accounts. Off by default.
    #[serde(default)]
    pub unlock: Option<Unlock>,
}

/// The account that unlocks: it may write `lockoutTime` of people, and nothing else. Never the probe's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlock {
    pub bind_dn: String,
    /// Its password: also `password_file`.
    #[serde(default)]
    pub(crate) password: Option<Secret>,
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

fn default_directory_timeout() -> i64 {
    3
}
