//! Operates the portal: liveness and readiness probes, metrics, health monitor, audit maintenance, canary schedule, and
//! the commands of the command line.

mod backup;
mod breach;
mod canary;
mod doctor;
mod health;
mod keeping;
mod metrics;
mod operator;
mod pause;
mod setup;
mod whole;

pub use backup::{BackupError, backup};
pub use breach::{BreachError, BreachList, BreachListFile, breach_build};
pub(crate) use canary::keep_canary;
pub use doctor::{DoctorFinding, DoctorReport, FindingLevel, doctor};
pub(crate) use health::router;
pub(crate) use keeping::keep_audit;
pub(crate) use metrics::metrics_router;
pub use operator::{DevicePrompt, OperatorLinkError, ProposedOperator, operator_link};
pub use pause::{PauseError, pause, resume};
pub use setup::{SetupContext, SetupFormat, setup};
pub(crate) use whole::watch_whole;
