//! What thirty days look like, and what is odd in them.
//!
//! Pages read counts over an index on time, never all resets; charts are drawn here, as shapes with classes, each with its
//! numbers in a table under it. A scanner looks for odd patterns once a minute, on one replica, and raises alarms; a
//! member of staff acknowledges each with a word, and both are in the audit.

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
