//! Defines, loads and validates the settings.
//!
//! Settings are read from a TOML file (`--config` or `PASSBACK_CONFIG`). `PASSBACK__SECTION__KEY` in the environment
//! sets any key, and `*_file` names a file with a secret. Unknown keys are errors, because a misspelt limit would
//! otherwise be no limit.

mod alerts;
mod audit;
mod canary;
mod entra;
mod helpdesk;
mod load;
mod notify;
mod risk;
mod sections;
mod validation;

pub use alerts::{AlertConfig, IanaTimeZone, WorkingDay, WorkingHours};
pub use audit::AuditConfig;
pub use canary::CanaryConfig;
pub use helpdesk::{ActAs, ActionThresholds, HelpdeskConfig, ThresholdIncreases, VerificationPoints};
pub use load::{ConfigError, load_config};
pub use notify::{NotifyConfig, NotifyKind, SmtpConfig, SmtpTls};
pub use risk::{RiskConfig, RiskLevel};
pub use sections::{
    ApprovalRequirement, BrandingConfig, BreachCheckConfig, BreachCheckKind, Config, CredentialConfig, CredentialKind,
    DatabaseConfig, DirectoryConfig, EntraConfig, NationalCloud, OperatorConfig, PasswordPolicyConfig, ResetConfig,
    SealingConfig, SealingKey, ServerConfig, SignInConfig, UnlockConfig,
};
