//! `passback breach build`: an offline file for `[breach] kind = "file"`.

use std::path::Path;

use crate::policy::build;
pub use crate::policy::{BreachError, BreachLookup};

/// A file that was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreachFile {
    pub hashes: u64,
    pub bytes: u64,
}

/// Makes the file from a sorted list of SHA-1 hashes.
///
/// # Errors
/// When a line is no hash or out of order, when `to` is there already, and when a file cannot be read or written.
pub fn breach_build(from: &Path, to: &Path) -> Result<BreachFile, BreachError> {
    let built = build(from, to)?;
    Ok(BreachFile { hashes: built.hashes, bytes: built.bytes })
}
