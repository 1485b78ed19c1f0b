//! The live check: a person's reset at a real tenant. It runs only with its settings in the environment
//! (`docs/live-checks.md`), and prints the reason otherwise. `make test` runs the same steps against the emulator
//! (`tests/it/journey/live.rs`).
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    dead_code,
    reason = "a test may panic, uses the system's clock, and takes what it needs of the other tests' support"
)]

mod pages;
mod real;
#[path = "../it/support/mod.rs"]
mod support;

const VARIABLE_NAMES: [&str; 4] =
    ["PASSBACK_LIVE_CONFIG", "PASSBACK_LIVE_GROUP", "PASSBACK_LIVE_PERSON", "PASSBACK_LIVE_PASS"];

fn settings_from_environment() -> Result<real::LiveCheckSettings, String> {
    let missing: Vec<&str> = VARIABLE_NAMES.into_iter().filter(|name| std::env::var_os(name).is_none()).collect();
    if !missing.is_empty() {
        return Err(format!("not set: {}. docs/live-checks.md says what they are", missing.join(", ")));
    }
    let [config, group, person, pass] = VARIABLE_NAMES.map(|name| std::env::var(name).unwrap_or_default());
    Ok(real::LiveCheckSettings { config: config.into(), group, person, pass })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn test_group_member_resets_at_real_tenant() {
    match settings_from_environment() {
        Ok(settings) => println!("RESULT live {}", real::run_journey(&settings).await.unwrap()),
        Err(reason) => println!("SKIPPED: {reason}"),
    }
}
