//! Running it: health for load balancers, the big switch from the command line.

mod health;
mod pause;

pub use pause::{PauseError, pause, resume};
pub(crate) use health::router;
