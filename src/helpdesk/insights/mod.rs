//! Statistics of the last 30 days, and security alerts.
//!
//! Pages load counts over an index on time, never all resets. Charts are SVG shapes with classes, each with its numbers
//! in a table below it. One replica scans for security alerts, once a minute by default. A staff member acknowledges
//! each alert with a note.
//!
//! - Raising and acknowledging an alert are audit events.

mod alarms;
mod canary;
mod chart;
mod figures;
mod page;
mod patterns;
mod scanner;
mod store;

pub(super) use alarms::acknowledge;
pub(super) use canary::again as canary_again;
pub(super) use page::page;
pub(crate) use scanner::run as watch;
pub(crate) use store::forget as forget_alarms;
