//! Statistics of the last 30 days, and security alerts.
//!
//! Pages load counts over an index on time, never all resets. Charts are SVG shapes with classes, each with its numbers
//! in a table below it.

mod alerts;
mod canary;
mod charts;
mod page;
mod statistics;

pub(super) use alerts::acknowledge_alert;
pub(super) use canary::resume_canary;
pub(super) use page::show_insights;
