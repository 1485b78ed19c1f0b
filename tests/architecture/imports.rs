//! Import directions: the table in `docs/architecture.md`, and no circles.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use super::import_graph::ImportGraph;
use super::source::{code_words, folder, marked_table, module_name, portal_files, rust_files};

/// Maximum number of import circles between files of the same folder, in the entire portal.
const MAX_CIRCLES_INSIDE_FOLDERS: usize = 3;

/// Modules that compose the others and may use all of them.
const COMPOSITION: [&str; 3] = ["main", "lib", "cli"];

fn import_table() -> BTreeMap<String, BTreeSet<String>> {
    let rows = marked_table("docs/architecture.md", "<!-- import table -->");
    rows.iter().map(|cells| (code_words(&cells[0]).concat(), code_words(&cells[1]).into_iter().collect())).collect()
}

#[test]
fn imports_follow_the_import_table() {
    let table = import_table();
    let mut wrong = BTreeSet::new();
    for (file, used) in ImportGraph::load().edges() {
        let module = module_name(&file);
        if COMPOSITION.contains(&module.as_str()) {
            continue;
        }
        let allowed = table.get(&module).unwrap_or_else(|| panic!("{module} is not in the import table"));
        for other in used.iter().map(|file| module_name(file)).filter(|other| *other != module) {
            if !allowed.contains(&other) {
                wrong.insert(format!("{file} uses {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "not in the import table of docs/architecture.md: {wrong:#?}");
    let modules: BTreeSet<String> = portal_files().iter().map(|file| module_name(&file.path)).collect();
    let missing: Vec<_> = table.keys().filter(|module| !modules.contains(*module)).collect();
    assert!(missing.is_empty(), "the import table names modules that do not exist: {missing:?}");
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    let edges = ImportGraph::load().edges();
    let graph: DiGraphMap<&str, ()> =
        edges.iter().flat_map(|(from, to)| to.iter().map(move |to| (from.as_str(), to.as_str()))).collect();
    let circles: Vec<BTreeSet<&str>> =
        tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1).map(|c| c.into_iter().collect()).collect();
    let (inside, across): (Vec<_>, Vec<_>) = circles.into_iter().partition(|circle| {
        let folders: BTreeSet<_> = circle.iter().map(|file| folder(file)).collect();
        folders.len() == 1
    });
    println!("import circles inside folders: {inside:#?}");
    assert!(across.is_empty(), "files of different folders import each other: {across:#?}");
    assert!(inside.len() <= MAX_CIRCLES_INSIDE_FOLDERS, "open these circles: {inside:#?}");
}

/// The compiler keeps the emulator from importing the portal. The other direction is limited to the demo.
#[test]
fn only_the_demo_names_the_emulator() {
    let files = rust_files();
    let users: Vec<&str> = files
        .iter()
        .filter(|file| file.path.starts_with("src/") && file.text.contains("passback_emulator"))
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(users, ["src/cli/demo.rs", "src/demo.rs"]);
    let manifest = super::source::read_text("crates/emulator/Cargo.toml");
    assert!(!manifest.contains("passback = "), "the emulator must not depend on the portal");
}
