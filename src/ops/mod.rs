//! Running it: health for load balancers, metrics, the big switch from the command line.

mod backup;
mod health;
mod metrics;
mod pause;

pub use backup::{BackupError, backup};
pub(crate) use health::router;
pub(crate) use metrics::metrics_router;
pub use pause::{PauseError, pause, resume};
