//! Passback: self-service password reset for Microsoft Entra ID with writeback to on-premises Active Directory.
//!
//! Domains are modules; the list says what the product does. Import directions are a table that a test checks
//! (`docs/architecture.md`).

mod base;
pub mod config;
mod store;
mod audit;
mod entra;
mod state;
mod web;
mod people;
mod guard;
mod signin;
mod reset;
pub mod ops;
pub mod serve;
#[cfg(feature = "tenant")]
pub mod tenant;
#[cfg(feature = "tenant")]
pub mod demo;

pub use audit::{Report as AuditReport, verify as verify_audit};
pub use base::{Clock, Random};
