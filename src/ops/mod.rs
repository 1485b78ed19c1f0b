//! Operates the portal: liveness and readiness probes, metrics, health monitor, audit maintenance, canary schedule, and
//! the commands of the command line.

mod audit_maintenance;
mod audit_verification;
mod canary_schedule;
mod commands;
mod doctor;
mod health_monitor;
mod metrics;
mod operator_link;
mod probes;
mod proxy_trust;
mod setup;

pub(crate) use audit_maintenance::run_audit_maintenance;
pub use audit_verification::{AuditCommandError, RestoreRecord, record_restore, verify_audit};
pub(crate) use canary_schedule::run_canary_schedule;
pub use commands::{
    BackupError, BreachError, BreachList, BreachListFile, PauseError, backup_database, build_breach_list_file,
    pause_resets, resume_resets,
};
pub use doctor::{DoctorFinding, DoctorReport, FindingLevel, run_doctor};
pub(crate) use health_monitor::run_health_monitor;
pub(crate) use metrics::metrics_router;
pub use operator_link::{DevicePrompt, OperatorLinkError, ProposedOperator, link_operator};
pub(crate) use probes::router;
pub use setup::{SetupContext, SetupFormat, render_setup};
