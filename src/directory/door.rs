//! The one opening for tests from outside, in builds with the emulator only: one question, its answer as JSON.

use serde_json::{Value, json};

use super::{AccountName, Directory};
use crate::base::Clock;
use crate::config;

/// Asks once. A name that looks like a security identifier is one.
///
/// # Errors
/// When there is no answer; the `Debug` form begins with the kind.
pub async fn directory_probe(
    settings: &config::Directory,
    clock: Clock,
    name: &str,
) -> Result<Option<Value>, Box<dyn std::error::Error + Send + Sync>> {
    let name = name.parse().map_or_else(|_| AccountName::Sam(name.to_owned()), AccountName::Sid);
    let found = Directory::new(settings, clock.clone())?.account(&name).await?;
    Ok(found.map(|account| json!({ "may_change_after": account.may_change_after(clock.now()), "account": account })))
}
