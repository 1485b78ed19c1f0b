//! Defines, loads and validates the settings.
//!
//! Settings are read from a TOML file (`--config` or `PASSBACK_CONFIG`). `PASSBACK__SECTION__KEY` in the environment
//! sets any key, and `*_file` names a file with a secret. Unknown keys are errors, because a misspelt limit would
//! otherwise be no limit.

mod alarms;
mod audit;
mod canary;
mod check;
mod entra;
mod helpdesk;
mod load;
mod notify;
mod risk;
mod sections;

pub use alarms::{Alarms, Day, Hours, Zone};
pub use audit::Audit;
pub use canary::Canary;
pub use helpdesk::{ActAs, Helpdesk, Points, Raises, Thresholds};
pub use load::{ConfigError, load};
pub use notify::{Notify, NotifyKind, Smtp, SmtpTls};
pub use risk::{RiskLevel, RiskSettings};
pub use sections::{
    Approval, Branding, Breach, BreachKind, Cloud, Config, Credential, CredentialKind, Database, Directory, Entra,
    OperatorSettings, Policy, Reset, Sealing, SealingKey, Server, Signin, Unlock,
};
