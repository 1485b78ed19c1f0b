//! Passback: self-service password reset for Microsoft Entra ID with writeback to on-premises Active Directory.

mod audit;
mod base;
pub mod config;
mod entra;
mod store;
#[cfg(feature = "tenant")]
pub mod tenant;

pub use audit::{Report as AuditReport, verify as verify_audit};
pub use base::{Clock, Random};
