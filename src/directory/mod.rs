//! Directory probe: looks up one account at a domain controller over LDAPS.
//!
//! Each call opens a connection, searches, and closes it within `directory.timeout_seconds`, so that no page waits
//! longer than that.
//!
//! Invariants:
//! - Lookups never write. Only unlocking writes, with an account of its own.
//! - Only the CA of `directory.ca_file` is trusted.
//! - Callers must be able to continue without an answer.

mod account;
mod connection;
mod error;
mod ldap_entry;
mod password_rules;
mod probe;
mod security_descriptor;
mod sid;
#[cfg(feature = "emulator")]
mod test_api;
mod unlock;

pub(crate) use account::DirectoryAccount;
pub(crate) use error::DirectoryError;
pub(crate) use password_rules::DirectoryPasswordRules;
pub(crate) use probe::{AccountName, DirectoryProbe};
#[cfg(feature = "emulator")]
pub use test_api::probe_directory_account;
