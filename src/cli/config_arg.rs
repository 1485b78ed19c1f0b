//! Option that names the configuration file.

use std::path::PathBuf;

use clap::Args;
use passback::config::{Config, load_config};

use super::output::CliError;

#[derive(Args)]
pub(super) struct ConfigArg {
    /// Configuration file (TOML).
    #[arg(long, env = "PASSBACK_CONFIG")]
    pub(super) config: PathBuf,
}

impl ConfigArg {
    pub(super) fn load(&self) -> Result<Config, CliError> {
        Ok(load_config(&self.config)?)
    }
}
