//! Statistics of the last 30 days, and security alerts.
//!
//! Pages load counts over an index on time, never all resets. Charts are SVG shapes with classes, each with its numbers
//! in a table below it. One replica scans for security alerts, once a minute by default. A staff member acknowledges
//! each alert with a note.
//!
//! - Raising and acknowledging an alert are audit events.

mod alerts;
mod canary;
mod charts;
mod page;
mod patterns;
mod scanner;
mod statistics;
mod store;

pub(super) use alerts::acknowledge_alert;
pub(super) use canary::resume_canary;
pub(super) use page::show_insights;
pub(crate) use scanner::run_alert_scanner;
pub(crate) use store::delete_expired_alerts;
