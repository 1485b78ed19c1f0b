//! Checks the structure of the source: names, import directions, table owners, log messages, file sizes and migrations.
//!
//! The limits are those of `docs/architecture.md` and `docs/glossary.md`. `cargo test --test architecture -- --nocapture`
//! also prints the figures.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic and print"
)]

mod citations;
mod files;
mod import_graph;
mod imports;
mod log_messages;
mod migrations;
mod names;
mod source;
mod tables;
mod waiting;
