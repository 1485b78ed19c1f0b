//! Running it: health for load balancers, the big switch from the command line.

mod health;
mod pause;

pub(crate) use health::router;
pub use pause::{PauseError, pause, resume};
