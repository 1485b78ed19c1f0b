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

pub use backup::{BackupError, backup_database};
pub use breach::{BreachError, BreachList, BreachListFile, build_breach_list_file};
pub(crate) use canary::run_canary_schedule;
pub use doctor::{DoctorFinding, DoctorReport, FindingLevel, run_doctor};
pub(crate) use health::router;
pub(crate) use keeping::run_audit_maintenance;
pub(crate) use metrics::metrics_router;
pub use operator::{DevicePrompt, OperatorLinkError, ProposedOperator, link_operator};
pub use pause::{PauseError, pause_resets, resume_resets};
pub use setup::{SetupContext, SetupFormat, render_setup};
pub(crate) use whole::run_health_monitor;
