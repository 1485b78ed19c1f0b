//! Security alerts about the helpdesk's actions and about resets.
//!
//! One replica scans recent activity, once a minute by default. A staff member acknowledges each alert with a note.
//!
//! - Raising and acknowledging an alert are audit events.
//! - The table `insight_alarms`, audit events and the metric keep the word *alarm*.

mod detectors;
mod scanner;
mod store;

pub(crate) use detectors::AlertKind;
pub(crate) use scanner::run_alert_scanner;
pub(crate) use store::{
    AlertNote, SecurityAlert, count_open_alerts, delete_expired_alerts, load_alerts, mark_acknowledged,
};
