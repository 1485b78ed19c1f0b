//! Running it: health for load balancers, metrics, the big switch from the command line.

mod backup;
mod breach;
mod health;
mod metrics;
mod pause;

pub use backup::{BackupError, backup};
pub use breach::{BreachError, BreachFile, BreachLookup, breach_build};
pub(crate) use health::router;
pub(crate) use metrics::metrics_router;
pub use pause::{PauseError, pause, resume};
