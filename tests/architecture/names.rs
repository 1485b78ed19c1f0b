//! Names: no shared type names, no one-word types outside the glossary, few one-word functions, plain comments.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;

use super::source::{SourceFile, code_words, is_test_only, read_text, rust_files};

/// Maximum share of functions with a one-word name, in percent.
const MAX_ONE_WORD_FUNCTIONS: f64 = 40.0;
/// Maximum share of doc paragraphs that open with a question word, in percent.
const MAX_RIDDLE_PARAGRAPHS: f64 = 3.0;
/// Figures of the release before the names were revised (version 0.1.0, 2026-11-26), measured by this test.
const BEFORE: &str = "types 658 (76 % one word, 35 % share a name), functions 1821 (75 % one word), doc paragraphs 2871 \
    (19.9 % open with a question word)";

/// Type or function as defined in a file.
struct DefinedName {
    name: String,
    path: String,
}

/// Collects definitions and doc paragraphs of a file.
#[derive(Default)]
struct DefinitionVisitor {
    path: String,
    types: Vec<DefinedName>,
    functions: Vec<DefinedName>,
    paragraphs: Vec<String>,
    is_inside_trait_impl: bool,
    is_inside_tests: bool,
}

impl DefinitionVisitor {
    fn add_type(&mut self, name: &syn::Ident) {
        self.types.push(DefinedName { name: name.to_string(), path: self.path.clone() });
    }

    fn add_function(&mut self, name: &syn::Ident) {
        if !self.is_inside_trait_impl && !self.is_inside_tests {
            self.functions.push(DefinedName { name: name.to_string(), path: self.path.clone() });
        }
    }
}

impl<'ast> Visit<'ast> for DefinitionVisitor {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.add_type(&item.ident);
        syn::visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.add_type(&item.ident);
        syn::visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.add_type(&item.ident);
        syn::visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.add_type(&item.ident);
        syn::visit::visit_item_type(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test_only(&item.attrs) {
            self.add_function(&item.sig.ident);
        }
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add_function(&item.sig.ident);
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let outer = std::mem::replace(&mut self.is_inside_trait_impl, item.trait_.is_some());
        syn::visit::visit_item_impl(self, item);
        self.is_inside_trait_impl = outer;
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let outer = self.is_inside_tests;
        self.is_inside_tests |= is_test_only(&item.attrs);
        syn::visit::visit_item_mod(self, item);
        self.is_inside_tests = outer;
    }
}

/// Returns the paragraphs of the doc comments of a file.
fn doc_paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines().map(str::trim) {
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).map(str::trim);
        match doc {
            Some(doc) if !doc.is_empty() => {
                let paragraph = paragraphs.last_mut().unwrap();
                paragraph.push_str(doc);
                paragraph.push(' ');
            }
            _ => paragraphs.push(String::new()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

/// Collects the definitions of many files.
fn collect_definitions(files: &[SourceFile]) -> DefinitionVisitor {
    let mut all = DefinitionVisitor::default();
    for file in files {
        all.path.clone_from(&file.path);
        all.visit_file(&file.syntax);
        all.paragraphs.extend(doc_paragraphs(&file.text));
    }
    all
}

/// Counts the words of a name in `snake_case` or `CamelCase`.
fn count_words(name: &str) -> usize {
    let mut words = 0;
    let mut previous = '_';
    for letter in name.chars() {
        if letter != '_' && (previous == '_' || (letter.is_uppercase() && !previous.is_uppercase())) {
            words += 1;
        }
        previous = letter;
    }
    words
}

#[expect(clippy::cast_precision_loss, reason = "the counts are small")]
fn percent(part: usize, all: usize) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}

fn allowed_one_word_types() -> BTreeSet<String> {
    let text = read_text("docs/glossary.md");
    let list = text.split("<!-- one-word types -->").nth(1).expect("docs/glossary.md lists the one-word types");
    code_words(list).into_iter().collect()
}

#[test]
fn no_type_name_is_defined_by_two_modules() {
    let all = collect_definitions(&rust_files());
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for defined in &all.types {
        places.entry(&defined.name).or_default().push(&defined.path);
    }
    let shared: Vec<_> = places.iter().filter(|(_, paths)| paths.len() > 1).collect();
    assert!(shared.is_empty(), "type names must be unique: {shared:#?}");
}

#[test]
fn one_word_types_are_those_of_the_glossary() {
    let allowed = allowed_one_word_types();
    let all = collect_definitions(&rust_files());
    let one_word: Vec<_> = all
        .types
        .iter()
        .filter(|defined| count_words(&defined.name) == 1 && !allowed.contains(&defined.name))
        .map(|defined| format!("{} in {}", defined.name, defined.path))
        .collect();
    assert!(one_word.is_empty(), "name these types with two or more words: {one_word:#?}");
    let unused: Vec<_> = allowed.iter().filter(|name| !all.types.iter().any(|t| &t.name == *name)).collect();
    assert!(unused.is_empty(), "docs/glossary.md allows types that do not exist: {unused:?}");
}

#[test]
fn functions_and_comments_stay_plain() {
    let files: Vec<SourceFile> = rust_files()
        .into_iter()
        .filter(|file| !file.is_test() && (file.path.starts_with("src/") || file.path.starts_with("crates/")))
        .collect();
    let all = collect_definitions(&files);
    let one_word_types = all.types.iter().filter(|t| count_words(&t.name) == 1).count();
    let mut definitions: BTreeMap<&str, usize> = BTreeMap::new();
    for defined in &all.types {
        *definitions.entry(&defined.name).or_default() += 1;
    }
    let shared: usize = definitions.values().filter(|count| **count > 1).sum();
    let one_word_functions: Vec<&DefinedName> = all.functions.iter().filter(|f| count_words(&f.name) == 1).collect();
    let opens = ["What ", "How ", "Whether ", "So ", "Who ", "Why "];
    let riddles: Vec<&String> =
        all.paragraphs.iter().filter(|p| opens.iter().any(|word| p.starts_with(word))).collect();
    let functions = percent(one_word_functions.len(), all.functions.len());
    let paragraphs = percent(riddles.len(), all.paragraphs.len());
    println!("before: {BEFORE}");
    println!(
        "now: types {} ({:.0} % one word, {:.0} % of definitions share a name), functions {} ({functions:.0} % one word), \
         doc paragraphs {} ({paragraphs:.1} % open with a question word)",
        all.types.len(),
        percent(one_word_types, all.types.len()),
        percent(shared, all.types.len()),
        all.functions.len(),
        all.paragraphs.len(),
    );
    assert!(functions <= MAX_ONE_WORD_FUNCTIONS, "{functions:.1} % of the functions have one-word names");
    assert!(paragraphs <= MAX_RIDDLE_PARAGRAPHS, "doc paragraphs open with a question word: {riddles:#?}");
}

#[test]
fn words_of_names_are_counted() {
    for (name, words) in [("look", 1), ("load_user", 2), ("Db", 1), ("SidError", 2), ("GraphURL", 2), ("_x", 1)] {
        assert_eq!(count_words(name), words, "{name}");
    }
}
