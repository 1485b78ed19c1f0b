//! Log messages: constant text of the form `subject verb: consequence`, values in fields.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::visit::Visit;

use super::source::{is_test_only, rust_files};

/// Maximum length of a message in characters.
const MAX_MESSAGE_CHARS: usize = 100;

/// Messages that begin with a capital letter begin with one of these names.
const NAMES: [&str; 12] = [
    "Conditional",
    "Entra",
    "Graph",
    "HTTP",
    "LDAP",
    "Microsoft",
    "OpenID",
    "PostgreSQL",
    "SQLite",
    "TLS",
    "Temporary",
    "UPN",
];

/// Words that hide who acts or what failed.
const VAGUE_WORDS: [&str; 22] = [
    "it",
    "they",
    "them",
    "we",
    "somebody",
    "nobody",
    "everybody",
    "whoever",
    "someone",
    "something",
    "anew",
    "heard",
    "told",
    "asked",
    "mend",
    "goes",
    "whole",
    "stands",
    "away",
    "moment",
    "desk",
    "letter",
];

/// Field names that a reader of the log cannot search for, with the names that replace them.
const VAGUE_FIELDS: [(&str, &str); 7] = [
    ("cause", "error"),
    ("problem", "error"),
    ("why", "reason"),
    ("what", "section"),
    ("said", "error"),
    ("told", "error"),
    ("tries", "attempts"),
];

/// Call of a `tracing` macro.
struct LogCall {
    path: String,
    level: String,
    message: Option<String>,
    fields: Vec<String>,
}

struct LogVisitor {
    path: String,
    calls: Vec<LogCall>,
}

impl<'ast> Visit<'ast> for LogVisitor {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test_only(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.visit_tokens(item.to_token_stream());
    }
}

impl LogVisitor {
    /// Finds `tracing::level!(…)` in tokens, also inside other macros.
    fn visit_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            let TokenTree::Group(group) = token else { continue };
            let before: String =
                tokens[index.saturating_sub(5)..index].iter().map(ToString::to_string).collect::<Vec<_>>().concat();
            let level = ["error", "warn", "info", "debug", "trace"]
                .into_iter()
                .find(|level| before.ends_with(&format!("tracing::{level}!")));
            match level {
                Some(level) => self.calls.push(read_call(&self.path, level, group.stream())),
                None => self.visit_tokens(group.stream()),
            }
        }
    }
}

fn read_call(path: &str, level: &str, tokens: TokenStream) -> LogCall {
    let mut arguments = vec![Vec::new()];
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => arguments.push(Vec::new()),
            _ => arguments.last_mut().unwrap().push(token),
        }
    }
    let mut call = LogCall { path: path.to_owned(), level: level.to_owned(), message: None, fields: Vec::new() };
    for argument in arguments.into_iter().filter(|argument| !argument.is_empty()) {
        if let [TokenTree::Literal(literal)] = argument.as_slice() {
            call.message = Some(literal.to_string().trim_matches('"').to_owned());
        } else {
            let name = argument.iter().skip_while(|token| matches!(token, TokenTree::Punct(_)));
            let name: String = name
                .take_while(|token| !matches!(token, TokenTree::Punct(punct) if punct.as_char() == '='))
                .map(ToString::to_string)
                .collect();
            call.fields.push(name);
        }
    }
    call
}

/// Returns every rule that a call breaks.
fn broken_rules(call: &LogCall) -> Vec<String> {
    let Some(message) = &call.message else { return vec!["the message is not a constant text".to_owned()] };
    let mut broken = Vec::new();
    let mut require = |holds: bool, rule: &str| {
        if !holds {
            broken.push(rule.to_owned());
        }
    };
    let text = message.strip_prefix("alarm: ").unwrap_or(message);
    let starts_plain = text.starts_with(char::is_lowercase) || NAMES.iter().any(|name| text.starts_with(name));
    require(starts_plain, "begins with a lower-case letter or a name");
    require(!text.ends_with(['.', '!', ' ', ':']), "has no full stop or blank at the end");
    require(!text.contains(['{', '}', ';']), "has its values in fields and is one statement");
    require(text.chars().count() <= MAX_MESSAGE_CHARS, "is short");
    require(text.split_whitespace().count() > 1, "has a subject and a verb");
    require(text.matches(": ").count() <= 1, "has one consequence");
    let words = text.to_lowercase();
    let words: Vec<&str> = words.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
    for vague in VAGUE_WORDS {
        require(!words.contains(&vague), &format!("does not say \"{vague}\""));
    }
    for (field, better) in VAGUE_FIELDS {
        require(!call.fields.iter().any(|name| name == field), &format!("names its field {better}, not {field}"));
    }
    broken
}

#[test]
fn log_messages_have_a_form_that_can_be_searched() {
    let mut calls = Vec::new();
    for file in rust_files().iter().filter(|file| !file.is_test() && !file.path.starts_with("benches/")) {
        let mut visitor = LogVisitor { path: file.path.clone(), calls: Vec::new() };
        visitor.visit_file(&file.syntax);
        calls.append(&mut visitor.calls);
    }
    println!("log messages: {}", calls.len());
    assert!(calls.len() > 80, "the test finds the messages");
    let broken: Vec<String> = calls
        .iter()
        .filter(|call| !broken_rules(call).is_empty())
        .map(|call| {
            let message = call.message.as_deref().unwrap_or("-");
            format!("{} {} \"{message}\" {:?}: {:?}", call.path, call.level, call.fields, broken_rules(call))
        })
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn rules_find_bad_messages_and_fields() {
    let call = |code: &str| {
        let mut visitor = LogVisitor { path: String::new(), calls: Vec::new() };
        visitor.visit_tokens(code.parse().unwrap());
        visitor.calls.remove(0)
    };
    let good = call(r#"tracing::warn!(error = ?error, reset.id = %id, "health monitor failed: retrying")"#);
    assert_eq!((good.level.as_str(), good.fields.len(), broken_rules(&good).len()), ("warn", 2, 0));
    for bad in [
        r#"tracing::warn!(cause = ?error, "health monitor failed: retrying")"#,
        r#"tracing::warn!("how the whole stands cannot be looked at")"#,
        r#"tracing::warn!("reset {id} failed")"#,
        r#"tracing::info!("Started.")"#,
        r#"select! { x => tracing::info!("answered") }"#,
    ] {
        assert!(!broken_rules(&call(bad)).is_empty(), "{bad}");
    }
}
