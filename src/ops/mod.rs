//! Operates the portal: liveness and readiness probes, metrics, health monitor, audit maintenance, canary schedule, and
//! the commands of the command line.

mod audit_maintenance;
mod backup;
mod breach_list;
mod canary_schedule;
mod doctor;
mod health_monitor;
mod metrics;
mod operator_link;
mod pause;
mod probes;
mod setup;

pub(crate) use audit_maintenance::run_audit_maintenance;
pub use backup::{BackupError, backup_database};
pub use breach_list::{BreachError, BreachList, BreachListFile, build_breach_list_file};
pub(crate) use canary_schedule::run_canary_schedule;
pub use doctor::{DoctorFinding, DoctorReport, FindingLevel, run_doctor};
pub(crate) use health_monitor::run_health_monitor;
pub(crate) use metrics::metrics_router;
pub use operator_link::{DevicePrompt, OperatorLinkError, ProposedOperator, link_operator};
pub use pause::{PauseError, pause_resets, resume_resets};
pub(crate) use probes::router;
pub use setup::{SetupContext, SetupFormat, render_setup};
