//! `make bench`: measures what the portal costs. Each value has a control in the same run, because machines are noisy.
//!
//! A ratio is the median over rounds in which portal and control alternate. The last line is `RESULT bench name=value
//! …`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    dead_code,
    reason = "a benchmark may panic, uses the system's clock, and takes what it needs of the tests' support"
)]

mod breach_check;
mod control_server;
mod graph_calls;
mod load;
mod memory;
mod pages;
mod report;
mod resets;
mod search;
mod stored;

#[path = "../../tests/it/support/mod.rs"]
mod support;

use report::BenchmarkReport;

fn main() {
    let _ = passback::serve::prepare_process();
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|a| a == "--bare") {
        return control_server::serve_page(arguments[at + 1].parse().unwrap());
    }
    // `cargo bench` passes `--bench`; a name selects one part.
    let wanted = arguments.iter().skip(1).find(|a| !a.starts_with('-')).cloned();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut figures = BenchmarkReport::default();
    runtime.block_on(async {
        let is_wanted = |name: &str| wanted.as_deref().is_none_or(|w| w == name);
        if is_wanted("start") {
            memory::measure_idle(&mut figures).await;
        }
        if is_wanted("pages") {
            pages::run(&mut figures).await;
        }
        if is_wanted("resets") {
            resets::run(&mut figures).await;
        }
        if is_wanted("stored") {
            stored::run(&mut figures).await;
        }
        if is_wanted("search") {
            search::run(&mut figures).await;
        }
        if is_wanted("calls") {
            graph_calls::run(&mut figures).await;
        }
        if is_wanted("check") {
            breach_check::run(&mut figures).await;
        }
        if is_wanted("streams") {
            memory::measure_streams(&mut figures).await;
        }
    });
    figures.finish();
}
