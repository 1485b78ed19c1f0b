//! Table owners: only the module that owns a table has SQL for it, apart from the read-only exceptions in
//! `docs/architecture.md`.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;

use super::source::{REPOSITORY_FILES, code_words, is_test_only, marked_table, portal_files, read_text};

/// Owner of a table, and the modules that may read it.
struct TableOwner {
    owner: String,
    readers: Vec<String>,
}

fn table_owners() -> BTreeMap<String, TableOwner> {
    let rows = marked_table("docs/architecture.md", "<!-- table owners -->");
    let mut owners = BTreeMap::new();
    for cells in rows {
        for table in code_words(&cells[0]) {
            let owner = TableOwner { owner: code_words(&cells[1]).concat(), readers: code_words(&cells[2]) };
            assert!(owners.insert(table.clone(), owner).is_none(), "{table} has two owners");
        }
    }
    owners
}

/// Tables that the migrations create.
fn created_tables() -> BTreeSet<String> {
    let migrations = REPOSITORY_FILES.iter().filter(|path| path.starts_with("migrations/"));
    migrations
        .flat_map(|path| {
            let text = read_text(path);
            let names = text.split("CREATE TABLE ").skip(1).map(|rest| first_word(rest).to_owned());
            names.collect::<Vec<_>>()
        })
        .collect()
}

fn first_word(text: &str) -> &str {
    text.trim_start().split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// Statement parts that name a table, with whether they change it.
fn used_tables(sql: &str, tables: &BTreeSet<String>) -> BTreeSet<(String, bool)> {
    let mut used = BTreeSet::new();
    for (keyword, changes) in
        [("FROM ", false), ("JOIN ", false), ("INSERT INTO ", true), ("UPDATE ", true), ("DELETE FROM ", true)]
    {
        for rest in sql.split(keyword).skip(1) {
            // `DO UPDATE SET` names no table, and `FROM a, b` names two.
            let mut rest = rest;
            loop {
                let table = first_word(rest);
                if !tables.contains(table) {
                    break;
                }
                used.insert((table.to_owned(), changes));
                let after = rest.trim_start()[table.len()..].trim_start();
                let after = after.trim_start_matches(|c: char| c.is_ascii_lowercase()).trim_start();
                let Some(next) = after.strip_prefix(',') else { break };
                rest = next;
            }
        }
    }
    used
}

/// Collects text literals, also inside macro calls.
fn collect_literals(tokens: TokenStream, into: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect_literals(group.stream(), into),
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    into.push_str(&text.value());
                    into.push('\n');
                }
            }
            _ => {}
        }
    }
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether a file belongs to an owner such as `reset::store`.
fn belongs_to(path: &str, owner: &str) -> bool {
    let place = format!("src/{}", owner.replace("::", "/"));
    path == format!("{place}.rs") || path.starts_with(&format!("{place}/"))
}

#[test]
fn sql_touches_only_tables_of_its_module() {
    let (owners, tables) = (table_owners(), created_tables());
    let unowned: Vec<_> = tables.iter().filter(|table| !owners.contains_key(*table)).collect();
    assert!(unowned.is_empty(), "docs/architecture.md names no owner: {unowned:?}");
    let unknown: Vec<_> = owners.keys().filter(|table| !tables.contains(*table)).collect();
    assert!(unknown.is_empty(), "docs/architecture.md names tables that no migration creates: {unknown:?}");
    let (mut wrong, mut seen, mut exceptions) = (BTreeSet::new(), 0, BTreeSet::new());
    for file in portal_files() {
        let mut literals = String::new();
        for item in file.syntax.items.iter().filter(|item| !is_test_only(attributes(item))) {
            collect_literals(item.to_token_stream(), &mut literals);
        }
        for (table, changes) in used_tables(&literals, &tables) {
            seen += 1;
            let owner = &owners[&table];
            if belongs_to(&file.path, &owner.owner) {
                continue;
            }
            let reader = owner.readers.iter().find(|reader| belongs_to(&file.path, reader));
            match reader {
                Some(reader) if !changes => drop(exceptions.insert((table, reader.clone()))),
                _ => drop(wrong.insert(format!("{} uses {table} of {}", file.path, owner.owner))),
            }
        }
    }
    println!("tables {}, uses in SQL {seen}, read-only exceptions {exceptions:?}", tables.len());
    assert!(seen > 60, "the test finds the SQL");
    assert!(wrong.is_empty(), "SQL on a table of another module: {wrong:#?}");
    let unused: Vec<_> = owners
        .iter()
        .flat_map(|(table, owner)| owner.readers.iter().map(move |reader| (table.clone(), reader.clone())))
        .filter(|exception| !exceptions.contains(exception))
        .collect();
    assert!(unused.is_empty(), "exceptions in docs/architecture.md that no SQL needs: {unused:?}");
}

#[test]
fn tables_are_found_in_statements() {
    let tables: BTreeSet<String> = ["resets", "evidence", "limits"].map(str::to_owned).into();
    let used = used_tables(
        "SELECT 1 FROM resets r, evidence e JOIN limits ON 1; INSERT INTO limits (a) VALUES (1) ON CONFLICT DO UPDATE SET a = 2",
        &tables,
    );
    let expected = [("evidence", false), ("limits", false), ("limits", true), ("resets", false)];
    assert_eq!(used, expected.map(|(table, changes)| (table.to_owned(), changes)).into());
}
