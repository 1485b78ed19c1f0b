//! Reads the repository: tracked files, parsed Rust sources, marked tables in the docs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Parsed Rust file.
pub(crate) struct SourceFile {
    /// Path below the repository root.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) syntax: syn::File,
}

impl SourceFile {
    /// Whether the file holds tests only.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap();
        self.path.starts_with("tests/") || name.ends_with("tests.rs") || name == "testing.rs"
    }

    /// Lines without the unit tests at the end of the file.
    pub(crate) fn line_count(&self) -> usize {
        self.text.split("#[cfg(test)]\nmod tests").next().unwrap().lines().count()
    }
}

pub(crate) fn repository_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read_text(path: &str) -> String {
    std::fs::read_to_string(repository_root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Files of the repository: those that git tracks, or that it would add.
pub(crate) static REPOSITORY_FILES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(repository_root())
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let files: Vec<String> =
        text.lines().filter(|path| repository_root().join(path).is_file()).map(str::to_owned).collect();
    assert!(files.len() > 300, "the list of files is complete");
    files
});

/// All Rust files of the workspace, parsed.
pub(crate) fn rust_files() -> Vec<SourceFile> {
    let parse = |path: &String| {
        let text = read_text(path);
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        SourceFile { path: path.clone(), text, syntax }
    };
    REPOSITORY_FILES.iter().filter(|path| Path::new(path).extension().is_some_and(|e| e == "rs")).map(parse).collect()
}

/// Rust files of the portal, without test files.
pub(crate) fn portal_files() -> Vec<SourceFile> {
    rust_files().into_iter().filter(|file| file.path.starts_with("src/") && !file.is_test()).collect()
}

/// Rows of the Markdown table between two equal marks: the cells of each row whose first cell is code.
pub(crate) fn marked_table(path: &str, mark: &str) -> Vec<Vec<String>> {
    let text = read_text(path);
    let table = text.split(mark).nth(1).unwrap_or_else(|| panic!("{path}: no {mark}"));
    let rows: Vec<Vec<String>> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(!rows.is_empty(), "{path}: no rows between {mark}");
    rows
}

/// Code words of a table cell: the texts between backquotes.
pub(crate) fn code_words(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Module of a portal file: its first folder below `src`, or its name.
pub(crate) fn module_name(path: &str) -> String {
    let below = path.strip_prefix("src/").unwrap();
    below.split('/').next().unwrap().trim_end_matches(".rs").to_owned()
}

/// Whether attributes switch an item on for tests only.
pub(crate) fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let is_test = path.segments.last().is_some_and(|segment| segment.ident == "test");
        let tokens = match &attribute.meta {
            syn::Meta::List(list) => list.tokens.to_string(),
            _ => String::new(),
        };
        is_test || (path.is_ident("cfg") && tokens == "test")
    })
}

/// Folder of a file.
pub(crate) fn folder(path: &str) -> PathBuf {
    Path::new(path).parent().unwrap().to_path_buf()
}
