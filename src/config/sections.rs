//! Defines every configuration key with its default, its unit and its effect.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::{
    AuditConfig, CanaryConfig, DatabaseConfig, ForwardedHeader, HelpdeskConfig, NotifyConfig, RiskConfig, SealingConfig,
};
use crate::base::{Secret, TenantId};

/// All settings of the portal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: ServerConfig,
    #[serde(default)]
    pub database: DatabaseConfig,
    pub sealing: SealingConfig,
    #[serde(default)]
    pub branding: BrandingConfig,
    pub entra: EntraConfig,
    #[serde(default)]
    pub signin: SignInConfig,
    #[serde(default)]
    pub operator: OperatorConfig,
    #[serde(default)]
    pub reset: ResetConfig,
    #[serde(default)]
    pub policy: PasswordPolicyConfig,
    #[serde(default)]
    pub breach: BreachCheckConfig,
    /// Directory probe. Without this section no domain controller is queried.
    #[serde(default)]
    pub directory: Option<DirectoryConfig>,
    #[serde(default)]
    pub notify: NotifyConfig,
    #[serde(default)]
    pub helpdesk: HelpdeskConfig,
    #[serde(default)]
    pub audit: AuditConfig,
    /// Canary reset. Without this section no test account is reset.
    #[serde(default)]
    pub canary: Option<CanaryConfig>,
    pub risk: Option<RiskConfig>,
}

impl Config {
    pub(crate) fn tenant_id(&self) -> TenantId {
        self.entra.tenant_id.into()
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Address on which the portal listens. Default `127.0.0.1:8080`.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// URL at which people reach the portal: https, or http on loopback. Every link is built from it, never from
    /// `Host`.
    pub public_url: Url,
    /// Networks of proxies whose `X-Forwarded-For` and `Forwarded` are trusted, such as `10.0.0.2/32`. Default: none.
    #[serde(default)]
    pub trusted_proxies: Vec<IpNet>,
    /// Header in which these proxies name the client: `either` (default), `x-forwarded-for` or `forwarded`.
    #[serde(default)]
    pub forwarded_header: ForwardedHeader,
    /// Address that serves `/metrics` and nothing else. Only monitoring should reach it. Default: not served.
    #[serde(default)]
    pub metrics_listen: Option<SocketAddr>,
    /// PEM files of certificate chain and key, for TLS without a proxy. Set both or neither. Renewed files are loaded
    /// automatically.
    #[serde(default)]
    pub tls_cert: Option<PathBuf>,
    #[serde(default)]
    pub tls_key: Option<PathBuf>,
    /// Maximum number of open connections.
    #[serde(default = "default_connections")]
    pub max_connections: usize,
    /// Maximum number of open connections of one address (IPv6: one /64). Trusted proxies are not counted by address.
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
pub struct BrandingConfig {
    /// Name of the organisation, as people use it.
    pub name: String,
    /// Phone number shown wherever a person may need help.
    pub support_phone: String,
    /// Hours in which that phone is answered, as text.
    pub support_hours: String,
    /// Logo that replaces the shield: .svg, .png or .webp, at most 200 KiB.
    pub logo_file: Option<PathBuf>,
    /// Colour of buttons and links, such as `#0b5d57`. It must be readable on white.
    pub accent: Option<String>,
    /// Colour for the dark theme. Default: a lighter `accent`.
    pub accent_dark: Option<String>,
}

impl Default for BrandingConfig {
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

/// Microsoft clouds that can reset passwords: `global` (also GCC), `us-gov` (GCC High, L4), `us-gov-dod` (L5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum NationalCloud {
    #[default]
    Global,
    UsGov,
    UsGovDod,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntraConfig {
    #[serde(default)]
    pub cloud: NationalCloud,
    pub tenant_id: Uuid,
    pub client_id: Uuid,
    /// Issuer; `/.well-known/openid-configuration` is below it. Default: the cloud's issuer of the tenant.
    #[serde(default)]
    pub authority: Option<Url>,
    /// Graph URL with its version, such as `https://graph.microsoft.com/v1.0`. Default: the cloud's.
    #[serde(default)]
    pub graph_url: Option<Url>,
    /// Accepts hosts that are not Microsoft's. Every page shows this, and doctor reports an error.
    #[serde(default)]
    pub allow_other_hosts: bool,
    pub credential: CredentialConfig,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialConfig {
    pub kind: ClientCredentialKind,
    #[serde(default)]
    pub(crate) secret: Option<Secret>,
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// With `certificate`: PEM file, the application's own certificate first.
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// With `certificate`: PEM file of its RSA key, readable by the service only. Both files are read again at each
    /// use.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// With `federated`: file in which the platform stores a token for the portal, read again at each use. Default:
    /// `AZURE_FEDERATED_TOKEN_FILE`, which workload identity sets.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
}

/// Kind of client credential with which the application authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCredentialKind {
    Secret,
    /// A JWT signed with the key of a certificate that is registered in Entra.
    Certificate,
    /// A token of an issuer that Entra trusts for this application (federated credential).
    Federated,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignInConfig {
    /// Authentication context that a person must satisfy.
    pub required_context: String,
    /// Authentication context that staff must satisfy.
    pub staff_context: String,
    /// Maximum age of a sign-in when the form opens, in seconds.
    pub max_age_seconds: i64,
    /// Time after that within which the form may be submitted, in seconds.
    pub submit_seconds: i64,
    /// Idle time after which a session ends, in seconds.
    pub idle_seconds: i64,
    /// Maximum age of a session, in seconds.
    pub absolute_seconds: i64,
    pub allow_guests: bool,
    /// Domains (the part of a user name after the `@`) that sign in at their own identity provider instead of Entra.
    /// The finishing sign-in is not offered there, because Entra does not require a password change.
    pub federated_domains: Vec<String>,
    /// Lets people reset although no policy proves that they signed in without the password. Doctor reports an error.
    pub accept_unverified_policy: bool,
}

impl Default for SignInConfig {
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
pub struct OperatorConfig {
    /// Allows a tenant-wide operator role instead of one scoped to an administrative unit.
    pub tenant_wide: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResetConfig {
    /// Time for which an operation is polled before its outcome counts as unknown, in seconds.
    pub time_limit_seconds: i64,
    /// Maximum time of a reset in the throttle queue, in seconds.
    pub line_limit_seconds: i64,
    /// Maximum number of people who reset in an hour. One more pauses all resets. Default: 2 % of the users, at least 20.
    pub hourly_ceiling: Option<i64>,
    /// Number of resets that one person may start in an hour. A grant of the helpdesk allows one more.
    pub per_person_hour: i64,
    /// Resets that require a grant of the helpdesk: `never`, `privileged` or `always`.
    pub approval: ApprovalRequirement,
    /// Maximum number of sign-ins, resets and wrong references of one address in a minute, each counted separately.
    pub per_address_minute: i64,
}

impl Default for ResetConfig {
    fn default() -> Self {
        Self {
            time_limit_seconds: 600,
            line_limit_seconds: 60,
            hourly_ceiling: None,
            per_person_hour: 5,
            approval: ApprovalRequirement::Never,
            per_address_minute: 60,
        }
    }
}

/// Group of people whose resets require a grant of the helpdesk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalRequirement {
    Never,
    /// People with a privileged account.
    Privileged,
    Always,
}

/// Password rules of the portal, which it checks before Microsoft does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordPolicyConfig {
    /// Minimum number of characters.
    pub min_length: usize,
    /// Minimum number of the 4 character classes (lower case, upper case, digits, others).
    pub classes: usize,
    /// Minimum zxcvbn score: 0 (not checked) to 4.
    pub strength: u8,
    /// Banned words of the organisation, as in Entra's custom list (at most 1,000, of 4 letters or more). The name in
    /// `[branding]` is banned automatically.
    pub banned_words: Vec<String>,
    /// Calls Graph's beta `validatePassword` when the form is submitted, before the reset starts. The operator then
    /// needs the delegated permission `User.ReadWrite` in addition to its two others.
    pub microsoft_check: bool,
}

impl Default for PasswordPolicyConfig {
    fn default() -> Self {
        Self { min_length: 12, classes: 3, strength: 3, banned_words: Vec::new(), microsoft_check: false }
    }
}

/// Kind of the check against passwords known from breaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreachCheckKind {
    #[default]
    Off,
    /// Sends 5 digits of the hash to a service.
    RangeApi,
    /// Looks up the hash offline, in a file made by `passback breach build`.
    File,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreachCheckConfig {
    pub kind: BreachCheckKind,
    /// With `range_api`: URL to which the 5 digits are appended.
    pub url: Url,
    /// With `file`: path of the breach list.
    pub file: Option<PathBuf>,
    /// With `range_api`: maximum time of a lookup. After it the password passes unchecked.
    pub timeout_milliseconds: u64,
}

impl Default for BreachCheckConfig {
    #[expect(clippy::expect_used, reason = "a fixed address")]
    fn default() -> Self {
        let url = "https://api.pwnedpasswords.com/range/".parse().expect("a URL");
        Self { kind: BreachCheckKind::Off, url, file: None, timeout_milliseconds: 1_500 }
    }
}

/// Domain controller that the directory probe queries about accounts. The probe only reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryConfig {
    /// `ldaps://dc1.corp.example`: LDAP over TLS only, port 636 unless it is given.
    pub url: Url,
    /// Distinguished name of an account that may only read.
    pub bind_dn: String,
    /// Password of that account; `password_file` names a file with it.
    #[serde(default)]
    pub(crate) password: Option<Secret>,
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Object below which people are searched, such as `OU=People,DC=corp,DC=example`.
    pub base_dn: String,
    /// PEM file of the CA of the domain controller's certificate. No other CA is trusted.
    pub ca_file: PathBuf,
    /// Maximum time of one query, in seconds. Default 3.
    #[serde(default = "default_directory_timeout")]
    pub timeout_seconds: i64,
    /// Account that lets the helpdesk unlock accounts. Off by default.
    #[serde(default)]
    pub unlock: Option<UnlockConfig>,
}

/// Account that unlocks accounts: it may write `lockoutTime` of people and nothing else. It must not be the probe's
/// account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnlockConfig {
    pub bind_dn: String,
    /// Password of that account; `password_file` names a file with it.
    #[serde(default)]
    pub(crate) password: Option<Secret>,
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

fn default_directory_timeout() -> i64 {
    3
}
