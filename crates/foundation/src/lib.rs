//! Clock, randomness, secrets and the loopback rule: the only code that the portal and the emulator share.
//!
//! Everything else is written separately on each side, so that a wrong field name or a wrong assumption about Microsoft
//! cannot be the same in both and pass the tests.

mod clock;
mod loopback;
mod random;
mod secret;

pub use clock::Clock;
pub use loopback::{is_loopback_host, public_origin};
pub use random::Random;
pub use secret::{Password, Secret};
