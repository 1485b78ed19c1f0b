//! Resolves which portal file uses which other one, through re-exports, without unit tests.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;

use super::source::{SourceFile, is_test_only, portal_files};

type PathSegments = Vec<String>;

/// Name that a `use` declaration brings into a module.
struct ImportedName {
    name: String,
    path: PathSegments,
    is_reexport: bool,
}

/// Module of the portal with what its file defines and names.
#[derive(Default)]
struct ModuleInfo {
    file: String,
    definitions: BTreeSet<String>,
    imports: Vec<ImportedName>,
    paths: BTreeSet<PathSegments>,
}

/// Files of the portal and the files that each uses.
pub(crate) struct ImportGraph {
    modules: BTreeMap<PathSegments, ModuleInfo>,
}

impl ImportGraph {
    pub(crate) fn load() -> Self {
        let modules = portal_files().iter().map(|file| (module_path(&file.path), read_module(file))).collect();
        Self { modules }
    }

    /// Returns the files that each file uses.
    pub(crate) fn edges(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut edges = BTreeMap::new();
        for (path, module) in &self.modules {
            let imports = module.imports.iter().filter(|import| !import.is_reexport).map(|import| &import.path);
            let targets = imports.chain(&module.paths).filter_map(|used| self.resolve(path, used, 0));
            let files: BTreeSet<String> = targets.filter(|file| *file != module.file).collect();
            edges.insert(module.file.clone(), files);
        }
        edges
    }

    /// Returns the file that defines what a path names, or nothing for another crate or a module itself.
    fn resolve(&self, from: &PathSegments, path: &[String], depth: usize) -> Option<String> {
        if depth > 20 {
            return None;
        }
        let mut at = from.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => {
                at.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            name => {
                let module = self.modules.get(&at)?;
                if let Some(import) = module.imports.iter().find(|import| import.name == name) {
                    let full: PathSegments = import.path.iter().chain(&rest[1..]).cloned().collect();
                    return (full.first() != rest.first()).then(|| self.resolve(from, &full, depth + 1)).flatten();
                }
                let mut child = at.clone();
                child.push(name.to_owned());
                self.modules.get(&child)?;
            }
        }
        for (index, segment) in rest.iter().enumerate() {
            let mut child = at.clone();
            child.push(segment.clone());
            if self.modules.contains_key(&child) {
                at = child;
                continue;
            }
            let module = self.modules.get(&at)?;
            if module.definitions.contains(segment) {
                return Some(module.file.clone());
            }
            if let Some(import) = module.imports.iter().find(|import| import.name == *segment) {
                let full: PathSegments = import.path.iter().chain(&rest[index + 1..]).cloned().collect();
                return self.resolve(&at, &full, depth + 1);
            }
            return Some(module.file.clone());
        }
        None
    }
}

/// Returns the module path of a file: `src/store/mod.rs` is `store`, `src/lib.rs` the crate.
fn module_path(file: &str) -> PathSegments {
    let below = file.strip_prefix("src/").unwrap().trim_end_matches(".rs").trim_end_matches("/mod");
    if below == "lib" { Vec::new() } else { below.split('/').map(str::to_owned).collect() }
}

fn read_module(file: &SourceFile) -> ModuleInfo {
    let mut module = ModuleInfo { file: file.path.clone(), ..ModuleInfo::default() };
    for item in &file.syntax.items {
        if is_test_only(item_attributes(item)) {
            continue;
        }
        match item {
            syn::Item::Use(item) => {
                let is_reexport = !matches!(item.vis, syn::Visibility::Inherited);
                flatten_use(&item.tree, &mut Vec::new(), is_reexport, &mut module.imports);
                continue;
            }
            syn::Item::Mod(item) if item.content.is_none() => continue,
            _ => {}
        }
        module.definitions.extend(defined_name(item));
        collect_paths(item.to_token_stream(), &mut module.paths);
    }
    module
}

fn item_attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn defined_name(item: &syn::Item) -> Option<String> {
    let ident = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Mod(item) => &item.ident,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

fn flatten_use(tree: &syn::UseTree, path: &mut PathSegments, is_reexport: bool, into: &mut Vec<ImportedName>) {
    match tree {
        syn::UseTree::Path(part) => {
            path.push(part.ident.to_string());
            flatten_use(&part.tree, path, is_reexport, into);
            path.pop();
        }
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                flatten_use(tree, path, is_reexport, into);
            }
        }
        syn::UseTree::Name(name) => {
            let name = name.ident.to_string();
            let mut path = path.clone();
            if name != "self" {
                path.push(name);
            }
            into.push(ImportedName { name: path.last().cloned().unwrap_or_default(), path, is_reexport });
        }
        syn::UseTree::Rename(rename) => {
            let mut path = path.clone();
            if rename.ident != "self" {
                path.push(rename.ident.to_string());
            }
            into.push(ImportedName { name: rename.rename.to_string(), path, is_reexport });
        }
        syn::UseTree::Glob(_) => {}
    }
}

/// Collects every `a::b::c` of a token stream, also inside macro calls.
fn collect_paths(tokens: TokenStream, into: &mut BTreeSet<PathSegments>) {
    let mut path: PathSegments = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if colons == 2 || path.is_empty() => {
                path.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
            other => {
                finish_path(&mut path, into);
                colons = 0;
                match other {
                    TokenTree::Ident(ident) => path.push(ident.to_string()),
                    TokenTree::Group(group) => collect_paths(group.stream(), into),
                    _ => {}
                }
            }
        }
    }
    finish_path(&mut path, into);
}

fn finish_path(path: &mut PathSegments, into: &mut BTreeSet<PathSegments>) {
    let path = std::mem::take(path);
    if path.len() > 1 {
        into.insert(path);
    }
}

#[test]
fn paths_are_found_in_code_and_in_macro_calls() {
    let mut paths = BTreeSet::new();
    let code = "fn f(a: crate::reset::State) { select_all!(db, store::SQL); b.c(); x::<u8>(self::y()) }";
    collect_paths(code.parse().unwrap(), &mut paths);
    let found: Vec<String> = paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["crate::reset::State", "self::y", "store::SQL"]);
}

#[test]
fn a_reexport_leads_to_the_defining_file() {
    let edges = ImportGraph::load().edges();
    assert!(edges["src/health/mod.rs"].contains("src/store/database.rs"), "StoreError is re-exported by store");
    assert!(!edges["src/health/mod.rs"].contains("src/store/mod.rs"), "the facade itself is no dependency");
}
