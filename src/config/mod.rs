//! Defines, loads and validates the settings.
//!
//! Settings are read from a TOML file (`--config` or `PASSBACK_CONFIG`). `PASSBACK__SECTION__KEY` in the environment
//! sets any key, and `*_file` names a file with a secret. Unknown keys are errors, because a misspelt limit would
//! otherwise be no limit.

mod alerts;
mod canary;
mod entra;
mod error;
mod helpdesk;
mod load;
mod notify;
mod risk;
mod sections;
mod server;
mod storage;
mod validation;

pub use alerts::{AlertConfig, IanaTimeZone, WorkingDay, WorkingHours};
pub use canary::CanaryConfig;
pub use error::ConfigError;
pub use helpdesk::{ActAs, ActionThresholds, HelpdeskConfig, ThresholdIncreases, VerificationPoints};
pub use load::load_config;
pub use notify::{NotifyConfig, NotifyKind, SmtpConfig, SmtpTls};
pub use risk::{RiskConfig, RiskLevel};
pub use sections::{
    ApprovalRequirement, BrandingConfig, BreachCheckConfig, BreachCheckKind, ClientCredentialKind, Config,
    CredentialConfig, DirectoryConfig, EntraConfig, NationalCloud, OperatorConfig, PasswordPolicyConfig, ResetConfig,
    ServerConfig, SignInConfig, UnlockConfig,
};
pub use server::ForwardedHeader;
pub use storage::{AuditConfig, DatabaseConfig, SealingConfig, SealingKey};
