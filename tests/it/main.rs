//! Integration tests: contracts with Microsoft, the emulator, complete tasks of people, processes and security.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may panic and may use the system's clock"
)]

mod browser;
mod contract;
mod directory;
mod emulator;
mod fleet;
mod journey;
#[path = "../live/pages.rs"]
mod pages;
mod process;
#[path = "../live/real.rs"]
mod real;
mod security;
mod support;
