//! Migrations: every one after the first only adds, because the release before runs beside the new one.

use super::source::repository_root;

/// A unique index is allowed on a table of the same migration: no old release writes rows into it.
fn is_unique_index_on_new_table(words: &str, file: &str) -> bool {
    let table = words.split(" ON ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("?");
    words.starts_with("CREATE UNIQUE INDEX ") && file.contains(&format!("CREATE TABLE {table} ("))
}

/// Every statement outside of a trigger's or a function's body creates one.
fn assert_only_adds_triggers(folder: &std::path::Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase())) {
            let is_allowed =
                ["CREATE TRIGGER ", "CREATE FUNCTION ", "WHEN ", "BEGIN", "END"].iter().any(|w| line.starts_with(w));
            assert!(is_allowed, "{}: {line}", folder.display());
        }
    }
}

/// Old and new releases run side by side during an upgrade, so every migration after the first may only add
/// (`docs/operations.md`, upgrades).
#[test]
fn later_migration_only_adds_to_schema() {
    let mut looked = 0;
    for entry in std::fs::read_dir(repository_root().join("migrations")).unwrap() {
        let path = entry.unwrap().path();
        // Folders hold triggers for one engine, which add rules and change no table.
        if path.is_dir() {
            assert_only_adds_triggers(&path);
            continue;
        }
        if path.file_name().unwrap().to_str().unwrap().starts_with("0001_") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join(" ");
        for statement in code.split(';').map(str::trim).filter(|s| !s.is_empty()) {
            let words = statement.to_uppercase().split_whitespace().collect::<Vec<_>>().join(" ");
            let adds = words.starts_with("CREATE TABLE ")
                || words.starts_with("CREATE INDEX ")
                || is_unique_index_on_new_table(&words, &code.to_uppercase())
                || words.starts_with("INSERT INTO ")
                || (words.starts_with("ALTER TABLE ")
                    && words.contains(" ADD COLUMN ")
                    && (!words.contains("NOT NULL") || words.contains(" DEFAULT ")));
            assert!(adds, "{}: {statement}", path.display());
            looked += 1;
        }
    }
    assert!(looked > 0);
}
