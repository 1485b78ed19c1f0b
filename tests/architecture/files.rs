//! File sizes: small files, so that each has one subject.

use super::source::{SourceFile, rust_files};

const MAX_LINES: usize = 400;
const MAX_MEDIAN: usize = 120;
const MAX_P90: usize = 260;

#[test]
fn files_stay_small() {
    let counts = |folder: &str| {
        let files = rust_files();
        let mut counts: Vec<(usize, String)> = files
            .iter()
            .filter(|file| file.path.starts_with(folder) && !file.is_test())
            .map(|file: &SourceFile| (file.line_count(), file.path.clone()))
            .collect();
        counts.sort();
        counts
    };
    let mut all = counts("src/");
    all.extend(counts("crates/"));
    all.sort();
    let (median, p90) = (all[all.len() / 2].0, all[all.len() * 9 / 10].0);
    println!("files {}, median {median} lines, p90 {p90}, longest {:?}", all.len(), all.last().unwrap());
    let long: Vec<_> = all.iter().filter(|(lines, _)| *lines > MAX_LINES).collect();
    assert!(long.is_empty(), "split these files: {long:#?}");
    assert!(median <= MAX_MEDIAN && p90 <= MAX_P90, "median {median}, p90 {p90}");
}
