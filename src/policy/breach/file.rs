//! Offline: the first six bytes of each SHA-1 in an ordered set that is mapped into memory, so that a billion of them
//! cost no start-up time and no heap. Six bytes: a password that is not in the list is taken for one that is with
//! `n / 2^48`, which is 1 in 300,000 for a billion hashes.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use fst::{Set, SetBuilder};
use memmap2::Mmap;

use super::BreachError;

const KEPT: usize = 6;

/// A file that was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Built {
    pub(crate) hashes: u64,
    pub(crate) bytes: u64,
}

/// The hashes of a file, as they are looked up.
pub struct BreachLookup(Set<Mmap>);

impl BreachLookup {
    /// Opens a file and reads it through once: damage is found at the start and not in the middle of a reset.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn open(path: &Path) -> Result<Self, BreachError> {
        let named = || path.display().to_string();
        let read = |source| BreachError::Read { path: named(), source };
        let file = File::open(path).map_err(read)?;
        // SAFETY: the file is ours, made by `breach build`, which never changes a file in place; operations.md tells
        // administrators to replace it by renaming and restart.
        #[expect(unsafe_code, reason = "a mapping can only be made so; see the note on safety")]
        let map = unsafe { Mmap::map(&file) }.map_err(read)?;
        let damaged = |source| BreachError::Damaged { path: named(), source };
        let set = Set::new(map).map_err(damaged)?;
        set.as_fst().verify().map_err(damaged)?;
        Ok(Self(set))
    }

    /// Whether the list has a password with this SHA-1.
    #[must_use]
    pub fn holds(&self, hash: &[u8; 20]) -> bool {
        let kept: &[u8] = hash.get(..KEPT).unwrap_or_default();
        self.0.contains(kept)
    }
}

/// Makes a file from lines of hexadecimal SHA-1 hashes in order, as the downloader of Have I Been Pwned writes them
/// (`HASH:COUNT`). Works in little memory whatever the length.
///
/// # Errors
/// When a line is no hash or out of order, when `to` is there already, and when a file cannot be read or written.
pub(crate) fn build(from: &Path, to: &Path) -> Result<Built, BreachError> {
    let named = |path: &Path| path.display().to_string();
    let failed = |path: &Path| {
        let path = named(path);
        move |source| BreachError::Read { path, source }
    };
    if to.exists() {
        return Err(BreachError::Exists { path: named(to) });
    }
    let lines = BufReader::new(File::open(from).map_err(failed(from))?).lines();
    // Beside it, and renamed at the end: half a file never has the name.
    let half = to.with_extension("half");
    let out = BufWriter::new(File::create(&half).map_err(failed(&half))?);
    let not_built = |source| BreachError::Damaged { path: named(to), source };
    let mut set = SetBuilder::new(out).map_err(not_built)?;
    let (mut last, mut hashes) = (None, 0);
    for (number, line) in (1_u64..).zip(lines) {
        let line = line.map_err(failed(from))?;
        let Some(key) = key(&line) else {
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
    Ok(Built { hashes, bytes })
}

/// The first bytes of a line's hash.
fn key(line: &str) -> Option<[u8; KEPT]> {
    let digits = line.trim_end().split(':').next()?;
    if digits.len() != 40 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; KEPT];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use sha1::{Digest as _, Sha1};

    use super::*;

    fn hash(text: &str) -> [u8; 20] {
        Sha1::digest(text).into()
    }

    fn list(texts: &[&str]) -> String {
        let mut lines: Vec<String> =
            texts.iter().map(|t| format!("{}:3", crate::base::hex(&hash(t)).to_uppercase())).collect();
        lines.sort();
        lines.join("\r\n")
    }

    fn built(text: &str) -> (tempfile::TempDir, Result<Built, BreachError>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("list"), text).unwrap();
        let built = build(&dir.path().join("list"), &dir.path().join("hashes"));
        (dir, built)
    }

    #[test]
    fn what_went_in_is_found_and_nothing_else() {
        let (dir, built) = built(&list(&["hunter2", "letmein", "hunter2", "correct horse"]));
        assert_eq!(built.unwrap().hashes, 3);
        let hashes = BreachLookup::open(&dir.path().join("hashes")).unwrap();
        assert!(hashes.holds(&hash("hunter2")));
        assert!(!hashes.holds(&hash("hunter3")));
        let again = build(&dir.path().join("list"), &dir.path().join("hashes"));
        assert!(matches!(again, Err(BreachError::Exists { .. })), "nothing is overwritten");
    }

    #[test]
    fn a_bad_list_names_its_line_and_leaves_no_file() {
        let good = list(&["a", "b"]);
        let (dir, damaged) = built(&format!("{good}\nnot a hash\n"));
        assert!(matches!(damaged, Err(BreachError::NotAHash { line: 3, .. })));
        assert!(!dir.path().join("hashes").exists());
        let turned: Vec<&str> = good.lines().rev().collect();
        assert!(matches!(built(&turned.join("\n")).1, Err(BreachError::NotSorted { line: 2, .. })));
    }

    #[test]
    fn a_damaged_file_is_found_when_it_is_opened() {
        let (dir, _) = built(&list(&["a", "b", "c"]));
        let path = dir.path().join("hashes");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(BreachLookup::open(&path), Err(BreachError::Damaged { .. })));
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(BreachLookup::open(&path), Err(BreachError::Damaged { .. })));
    }
}
