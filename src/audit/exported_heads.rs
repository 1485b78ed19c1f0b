//! Exported heads: the proof, stored outside the database, that the chain once contained a row with a certain hash.
//!
//! A file has one head for each line: row count and hash, as in the daily export.

use std::path::{Path, PathBuf};

/// Head of the chain, as exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedHead {
    /// Number of rows, which is also the sequence number of the last one.
    pub count: i64,
    /// Hash of the last row.
    pub hash: String,
    /// File from which the head was read.
    pub source: PathBuf,
}

/// Failure to read exported heads.
#[derive(Debug, thiserror::Error)]
pub enum ExportedHeadError {
    #[error("cannot read exported head {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} line {line}: not an exported head, which has the form `count hash`")]
    Format { path: PathBuf, line: usize },
    #[error("{0} has no exported head")]
    Empty(PathBuf),
}

/// Reads the heads of a file, or of each file `passback-head-….txt` in a folder.
///
/// # Errors
/// When a file cannot be read or is not an exported head, or when there is none.
pub fn read_exported_heads(path: &Path) -> Result<Vec<ExportedHead>, ExportedHeadError> {
    let files = if path.is_dir() { list_head_files(path)? } else { vec![path.to_owned()] };
    let mut heads = Vec::new();
    for file in files {
        heads.extend(read_head_file(&file)?);
    }
    if heads.is_empty() { Err(ExportedHeadError::Empty(path.to_owned())) } else { Ok(heads) }
}

fn list_head_files(folder: &Path) -> Result<Vec<PathBuf>, ExportedHeadError> {
    let read_error = |source| ExportedHeadError::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read_error)? {
        let name = entry.map_err(read_error)?.file_name();
        let is_text = Path::new(&name).extension().is_some_and(|ending| ending == "txt");
        // Other files and unfinished exports, which begin with a dot, are not heads.
        if is_text && name.to_str().is_some_and(|name| name.starts_with("passback-head-")) {
            files.push(folder.join(name));
        }
    }
    files.sort();
    Ok(files)
}

fn read_head_file(path: &Path) -> Result<Vec<ExportedHead>, ExportedHeadError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ExportedHeadError::Read { path: path.to_owned(), source })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parse = |(index, line): (usize, &str)| {
        parse_head(line, path).ok_or_else(|| ExportedHeadError::Format { path: path.to_owned(), line: index + 1 })
    };
    lines.map(parse).collect()
}

fn parse_head(line: &str, source: &Path) -> Option<ExportedHead> {
    let mut parts = line.split_whitespace();
    let (count, hash) = (parts.next()?.parse().ok()?, parts.next()?);
    let is_hash = hash.len() == 64 && hash.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    let is_head = count > 0 && is_hash && parts.next().is_none();
    is_head.then(|| ExportedHead { count, hash: hash.to_owned(), source: source.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_from_files_and_folders() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let hash = "ab".repeat(32);
        assert!(matches!(read_exported_heads(dir.path()), Err(ExportedHeadError::Empty(_))));
        write("passback-head-2.txt", &format!("2 {hash}\n"));
        write("passback-head-1.txt", &format!("1 {hash}\n\n3 {hash}\n"));
        write(".passback-head-3.txt.part", "half");
        write("notes.txt", "not a head");
        let counts = |path: &Path| read_exported_heads(path).unwrap().iter().map(|head| head.count).collect::<Vec<_>>();
        assert_eq!(counts(dir.path()), [1, 3, 2]);
        assert_eq!(counts(&dir.path().join("passback-head-2.txt")), [2]);
        for wrong in ["", "x", "1", "1 abc", "0 ", &format!("1 {hash} 2"), &format!("-1 {hash}")] {
            write("wrong", wrong);
            assert!(read_exported_heads(&dir.path().join("wrong")).is_err(), "{wrong}");
        }
    }
}
