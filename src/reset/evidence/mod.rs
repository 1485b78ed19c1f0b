//! Collects evidence for resets: *carried* from Entra's audit log and *landed* from a domain controller.

mod audit_log;
mod collection;
mod domain_controller;
mod log_match;

pub(super) use audit_log::resolve_from_audit_log;
pub(super) use collection::collect_evidence;
