//! API for integration tests, in builds with the emulator only: one account lookup, returned as JSON.

use serde_json::{Value, json};

use super::probe::{AccountName, DirectoryProbe};
use crate::base::Clock;
use crate::config;

/// Looks up one account. A name in the form of a security identifier is taken as one.
///
/// # Errors
/// When the lookup fails. The `Debug` form of the error begins with its kind.
pub async fn probe_directory_account(
    settings: &config::DirectoryConfig,
    clock: Clock,
    name: &str,
) -> Result<Option<Value>, Box<dyn std::error::Error + Send + Sync>> {
    let name = name.parse().map_or_else(|_| AccountName::Sam(name.to_owned()), AccountName::Sid);
    let found = DirectoryProbe::new(settings, clock.clone())?.fetch_account(&name).await?;
    Ok(found
        .map(|account| json!({ "may_change_after": account.next_change_allowed_at(clock.now()), "account": account })))
}
