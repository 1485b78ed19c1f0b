//! Checks the structure of the source: imports follow the table in `docs/architecture.md`, files stay small, migrations
//! only add.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn repository_root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Reads the rows `| module | may use |` of the table.
fn load_import_table() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(repository_root().join("docs/architecture.md")).unwrap();
    let table = text.split("<!-- import table -->").nth(1).expect("the import table stands between its marks");
    let mut plan = BTreeMap::new();
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let names = |cell: &str| {
            cell.split(',')
                .map(|n| n.trim().trim_matches('`').to_owned())
                .filter(|n| !n.is_empty() && n != "–")
                .collect()
        };
        plan.insert(cells[1].trim_matches('`').to_owned(), names(cells[2]));
    }
    plan
}

fn collect_rust_files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Returns the module that a file belongs to: its first folder, or its name.
fn module_name(file: &Path) -> String {
    let below = file.strip_prefix(repository_root().join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// Returns every module in `crate::x` and `use crate::{x, y}` of a file. Unit tests are skipped, because they may
/// import more.
fn imported_modules(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(list) = rest.strip_prefix('{') {
            let inside = list.split('}').next().unwrap();
            found.extend(
                inside.split(',').map(|n| n.trim().split("::").next().unwrap().to_owned()).filter(|n| !n.is_empty()),
            );
        } else {
            found.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

#[test]
fn imports_follow_architecture_table() {
    let plan = load_import_table();
    let mut files = Vec::new();
    collect_rust_files(&repository_root().join("src"), &mut files);
    let mut wrong = Vec::new();
    for file in &files {
        let me = module_name(file);
        if me == "main" || me == "lib" || me == "cli" || file.ends_with("tests.rs") || file.ends_with("testing.rs") {
            continue;
        }
        let allowed = plan.get(&me).unwrap_or_else(|| panic!("{me} is not in the import table"));
        for other in imported_modules(&std::fs::read_to_string(file).unwrap()) {
            if other != me && plan.contains_key(&other) && !allowed.contains(&other) {
                wrong.push(format!("{} uses crate::{other}", file.strip_prefix(repository_root()).unwrap().display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// The compiler keeps the emulator from importing the portal. The other direction is limited to the demo.
#[test]
fn only_the_demo_names_the_emulator() {
    let mut files = Vec::new();
    collect_rust_files(&repository_root().join("src"), &mut files);
    let users: BTreeSet<String> = files
        .iter()
        .filter(|file| std::fs::read_to_string(file).unwrap().contains("passback_emulator"))
        .map(|file| file.strip_prefix(repository_root().join("src")).unwrap().display().to_string())
        .collect();
    assert_eq!(users, ["cli/demo.rs", "demo.rs"].map(str::to_owned).into());
}

#[test]
fn import_scanner_detects_every_import_form() {
    let seen = imported_modules(
        "use crate::{audit, base::Clock};\nlet x = crate::reset::State;\nuse crate::web::Error;\n#[cfg(test)]\nmod tests { use passback_emulator::X; }",
    );
    assert_eq!(seen, ["audit", "base", "reset", "web"].map(str::to_owned).into());
}

#[test]
fn source_file_has_at_most_400_lines() {
    let mut files = Vec::new();
    collect_rust_files(&repository_root().join("src"), &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.split("#[cfg(test)]").next().unwrap().lines().count();
        assert!(lines <= 400, "{} has {lines} lines without its tests", file.display());
    }
}

/// A unique index is allowed on a table of the same migration: no old release writes rows into it.
fn is_unique_index_on_new_table(words: &str, file: &str) -> bool {
    let table = words.split(" ON ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("?");
    words.starts_with("CREATE UNIQUE INDEX ") && file.contains(&format!("CREATE TABLE {table} ("))
}

/// Old and new releases run side by side during an upgrade, so every migration after the first may only add
/// (`docs/operations.md`, upgrades).
#[test]
fn later_migration_only_adds_to_schema() {
    let mut looked = 0;
    for entry in std::fs::read_dir(repository_root().join("migrations")).unwrap() {
        let path = entry.unwrap().path();
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
