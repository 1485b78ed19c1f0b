//! Passback: self-service password reset for Microsoft Entra ID with writeback to on-premises Active Directory.
//!
//! Each domain is a module. A test checks the allowed import directions against the table in `docs/architecture.md`.

mod account;
mod admin;
mod alerts;
mod audit;
mod base;
mod branding;
mod cases;
mod conditional_access;
pub mod config;
#[cfg(feature = "emulator")]
pub mod demo;
mod directory;
mod eligibility;
mod entra;
mod health;
mod helpdesk;
mod notify;
pub mod ops;
mod password_policy;
mod people;
mod reset;
pub mod serve;
mod signin;
mod state;
mod store;
mod web;

pub use audit::{AuditVerification, ExportedHead, ExportedHeadError, read_exported_heads};
pub use base::{Clock, Random, format_error_chain};
#[cfg(feature = "emulator")]
pub use directory::probe_directory_account;
pub use ops::verify_audit;
