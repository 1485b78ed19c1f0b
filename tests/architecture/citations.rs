//! Citations: code and docs name only files that the repository holds.

use std::collections::BTreeSet;
use std::path::Path;

use super::source::{REPOSITORY_FILES, read_text};

/// Endings of the files that comments and docs cite.
const ENDINGS: [&str; 7] = ["md", "rs", "sh", "html", "js", "ftl", "sql"];

/// Pages of Microsoft's documentation, which are cited by the name of their source file, and files of npm packages.
const CITED_ELSEWHERE: [&str; 4] =
    ["concept-sspr-writeback.md", "troubleshoot-sspr-writeback.md", "identity-exit-criteria.md", "axe.min.js"];

/// Returns the words of a text that look like a file of the repository.
fn cited_files(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-/{}*".contains(c);
    text.split(|c: char| !is_part(c))
        .map(|word| word.trim_matches(['.', '/', '-']).trim_start_matches("./"))
        .filter(|word| !word.contains("//") && !word.contains(['{', '}', '*']))
        .filter(|word| {
            let path = Path::new(word);
            let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
            ENDINGS.contains(&ending) && path.file_stem().is_some_and(|stem| stem.len() > 1)
        })
        .map(str::to_owned)
        .collect()
}

/// Returns the comments of Rust code, and the texts in which it refers to the docs.
fn prose_of_code(text: &str) -> String {
    let comments = text.lines().filter_map(|line| line.split_once("//")).map(|(_, comment)| comment.to_owned());
    let references = text.split('"').filter(|literal| literal.contains("docs/")).map(str::to_owned);
    comments.chain(references).collect::<Vec<_>>().join("\n")
}

fn is_held(cited: &str) -> bool {
    let cited = cited.trim_start_matches("../");
    REPOSITORY_FILES.iter().any(|file| file == cited || file.ends_with(&format!("/{cited}")))
}

#[test]
fn cited_files_are_in_the_repository() {
    let reads = |path: &&String| {
        let file = Path::new(path.as_str());
        let ending = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let is_text = matches!(ending, "rs" | "md" | "sh" | "toml" | "html" | "css") || path.ends_with("/run");
        let is_ours = !path.starts_with("static/idiomorph") && !path.starts_with("tests/architecture/");
        is_text && is_ours
    };
    let mut missing = Vec::new();
    for path in REPOSITORY_FILES.iter().filter(reads) {
        let text = read_text(path);
        let text = if Path::new(path).extension().is_some_and(|e| e == "rs") { prose_of_code(&text) } else { text };
        for cited in cited_files(&text) {
            let is_url = ["www.", ".com/", ".org/", ".dev/"].iter().any(|part| cited.contains(part));
            let is_elsewhere = CITED_ELSEWHERE.iter().any(|name| cited.ends_with(name)) || cited.contains("example");
            if !is_url && !is_elsewhere && !is_held(&cited) {
                missing.push(format!("{path} cites {cited}"));
            }
        }
    }
    assert!(missing.is_empty(), "these files are not in the repository: {missing:#?}");
}

#[test]
fn citations_are_found_in_prose() {
    let found = cited_files("See `docs/architecture.md`, (reset/state.rs), e.g. https://example.com/a.b and *.rs.");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["docs/architecture.md", "reset/state.rs"]);
    assert!(is_held("docs/architecture.md") && is_held("health/store.rs") && !is_held("docs/graph.md"));
}
