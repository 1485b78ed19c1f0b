//! Offline breach list: the first 6 bytes of each SHA-1 in an ordered set that is mapped into memory.
//!
//! The mapping needs no heap, also for a billion hashes. With 6 bytes the probability of a false match is `n / 2^48`,
//! which is 1 in 300,000 for a billion hashes.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use fst::{Set, SetBuilder};
use memmap2::Mmap;

use super::status::BreachError;

/// Number of bytes stored of each hash.
const HASH_PREFIX_BYTES: usize = 6;

/// Size of a breach list that was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BuiltBreachList {
    pub(crate) hashes: u64,
    pub(crate) bytes: u64,
}

/// Breach list in a memory-mapped file.
pub struct BreachList(Set<Mmap>);

impl BreachList {
    /// Opens a file and verifies its checksum, so that damage is detected at startup and not during a reset.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn open(path: &Path) -> Result<Self, BreachError> {
        let named = || path.display().to_string();
        let read = |source| BreachError::Read { path: named(), source };
        let file = File::open(path).map_err(read)?;
        // SAFETY: `breach build` creates the file and never changes one in place. `docs/operations.md` tells
        // administrators to replace it by renaming a new file, and to restart.
        #[expect(unsafe_code, reason = "memory mapping is unsafe; see the SAFETY comment")]
        let map = unsafe { Mmap::map(&file) }.map_err(read)?;
        let damaged = |source| BreachError::Damaged { path: named(), source };
        let set = Set::new(map).map_err(damaged)?;
        set.as_fst().verify().map_err(damaged)?;
        Ok(Self(set))
    }

    /// Returns whether the list contains a password with this SHA-1.
    #[must_use]
    pub fn contains(&self, hash: &[u8; 20]) -> bool {
        let kept: &[u8] = hash.get(..HASH_PREFIX_BYTES).unwrap_or_default();
        self.0.contains(kept)
    }
}

/// Builds a breach list from sorted lines of hexadecimal SHA-1 hashes, as the downloader of Have I Been Pwned writes
/// them (`HASH:COUNT`). Memory use does not depend on the length.
///
/// # Errors
/// When a line is not a hash or out of order, when `to` already exists, and when a file cannot be read or written.
pub(crate) fn build_breach_list(from: &Path, to: &Path) -> Result<BuiltBreachList, BreachError> {
    let named = |path: &Path| path.display().to_string();
    let failed = |path: &Path| {
        let path = named(path);
        move |source| BreachError::Read { path, source }
    };
    if to.exists() {
        return Err(BreachError::Exists { path: named(to) });
    }
    let lines = BufReader::new(File::open(from).map_err(failed(from))?).lines();
    // Written to a temporary file and renamed at the end, so that an incomplete file never has the final name.
    let half = to.with_extension("half");
    let out = BufWriter::new(File::create(&half).map_err(failed(&half))?);
    let not_built = |source| BreachError::Damaged { path: named(to), source };
    let mut set = SetBuilder::new(out).map_err(not_built)?;
    let (mut last, mut hashes) = (None, 0);
    for (number, line) in (1_u64..).zip(lines) {
        let line = line.map_err(failed(from))?;
        let Some(key) = parse_hash_prefix(&line) else {
            return Err(BreachError::NotAHash { path: named(from), line: number });
        };
        if last.is_some_and(|last| key < last) {
            return Err(BreachError::NotSorted { path: named(from), line: number });
        }
        if last != Some(key) {
            set.insert(key).map_err(not_built)?;
            hashes += 1;
        }
        last = Some(key);
    }
    let mut out = set.into_inner().map_err(not_built)?;
    out.flush().map_err(failed(&half))?;
    out.get_ref().sync_all().map_err(failed(&half))?;
    std::fs::rename(&half, to).map_err(failed(to))?;
    let bytes = std::fs::metadata(to).map_err(failed(to))?.len();
    Ok(BuiltBreachList { hashes, bytes })
}

/// Parses the first bytes of the hash in a line.
fn parse_hash_prefix(line: &str) -> Option<[u8; HASH_PREFIX_BYTES]> {
    let digits = line.trim_end().split(':').next()?;
    if digits.len() != 40 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; HASH_PREFIX_BYTES];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use sha1::{Digest as _, Sha1};

    use super::*;

    fn sha1_of(text: &str) -> [u8; 20] {
        Sha1::digest(text).into()
    }

    fn hash_lines(texts: &[&str]) -> String {
        let mut lines: Vec<String> =
            texts.iter().map(|t| format!("{}:3", crate::base::encode_hex(&sha1_of(t)).to_uppercase())).collect();
        lines.sort();
        lines.join("\r\n")
    }

    fn build_list(text: &str) -> (tempfile::TempDir, Result<BuiltBreachList, BreachError>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("list"), text).unwrap();
        let built = build_breach_list(&dir.path().join("list"), &dir.path().join("hashes"));
        (dir, built)
    }

    #[test]
    fn breach_list_contains_exactly_its_input() {
        let (dir, built) = build_list(&hash_lines(&["hunter2", "letmein", "hunter2", "correct horse"]));
        assert_eq!(built.unwrap().hashes, 3);
        let hashes = BreachList::open(&dir.path().join("hashes")).unwrap();
        assert!(hashes.contains(&sha1_of("hunter2")));
        assert!(!hashes.contains(&sha1_of("hunter3")));
        let again = build_breach_list(&dir.path().join("list"), &dir.path().join("hashes"));
        assert!(matches!(again, Err(BreachError::Exists { .. })), "an existing file is not overwritten");
    }

    #[test]
    fn invalid_input_reports_line_and_creates_no_file() {
        let good = hash_lines(&["a", "b"]);
        let (dir, damaged) = build_list(&format!("{good}\nnot a hash\n"));
        assert!(matches!(damaged, Err(BreachError::NotAHash { line: 3, .. })));
        assert!(!dir.path().join("hashes").exists());
        let turned: Vec<&str> = good.lines().rev().collect();
        assert!(matches!(build_list(&turned.join("\n")).1, Err(BreachError::NotSorted { line: 2, .. })));
    }

    #[test]
    fn damaged_breach_list_is_rejected_when_opened() {
        let (dir, _) = build_list(&hash_lines(&["a", "b", "c"]));
        let path = dir.path().join("hashes");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(BreachList::open(&path), Err(BreachError::Damaged { .. })));
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(BreachList::open(&path), Err(BreachError::Damaged { .. })));
    }
}
