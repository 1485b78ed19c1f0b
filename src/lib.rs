//! Passback: self-service password reset for Microsoft Entra ID with writeback to on-premises Active Directory.

mod base;
#[cfg(feature = "tenant")]
pub mod tenant;

pub use base::{Clock, Random};
