//! Runs `passback breach build`: builds the offline file for `[breach] kind = "file"`.

use std::path::Path;

use crate::password_policy::build_breach_list;
pub use crate::password_policy::{BreachError, BreachList};

/// Size of a built breach list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreachListFile {
    pub hashes: u64,
    pub bytes: u64,
}

/// Builds the file from a sorted list of SHA-1 hashes.
///
/// # Errors
/// When a line is not a hash or not in order, when `to` exists already, or when a file cannot be read or written.
pub fn build_breach_list_file(from: &Path, to: &Path) -> Result<BreachListFile, BreachError> {
    let built = build_breach_list(from, to)?;
    Ok(BreachListFile { hashes: built.hashes, bytes: built.bytes })
}
