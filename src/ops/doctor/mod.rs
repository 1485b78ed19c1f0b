//! Runs `passback doctor`: checks everything that must be right before go-live. Each finding has its consequence and
//! its remedy.
//!
//! - It changes nothing: it writes no row, stores no token and sends no mail.

mod environment;
mod host;
mod listener;
mod microsoft;
mod report;

pub use report::{DoctorFinding, DoctorReport, FindingLevel};

use std::path::Path;

use crate::base::format_error_chain;
use crate::base::{Clock, Random};
use crate::config::{Config, load_config};
use crate::entra::EntraClients;
use crate::state::AppState;
use crate::store::Sealer;

/// Runs all checks for the settings in a file.
pub async fn run_doctor(file: &Path, clock: Clock, random: Random) -> DoctorReport {
    let mut report = DoctorReport::default();
    let config = match load_config(file) {
        Ok(config) => config,
        Err(error) => {
            report.add(
                DoctorFinding::error(
                    "configuration",
                    format!("{} cannot be used: {}", file.display(), format_error_chain(&error)),
                )
                .with_consequence("the portal does not start, and nothing else can be looked at")
                .with_remedy("mend the key that is named; docs/operations.md has every key")
                .with_command("passback config check --config FILE"),
            );
            return report;
        }
    };
    host::check_configuration(&config, &mut report);
    listener::check_listener(&config.server, &mut report);
    host::check_public_name_and_certificate(&config, &mut report).await;
    let Some(app) = build_app_state(config, &mut report, clock, random).await else { return report };
    microsoft::check_microsoft(&app, &mut report).await;
    environment::check_environment(&app, &mut report).await;
    app.db.close().await;
    report
}

/// Creates the application state for the checks, without background tasks. Returns `None` after it reported an error.
async fn build_app_state(config: Config, report: &mut DoctorReport, clock: Clock, random: Random) -> Option<AppState> {
    let sealer = match Sealer::load(&config.sealing, config.tenant_id(), random.clone()) {
        Ok(sealer) => sealer,
        Err(error) => {
            report.add(
                DoctorFinding::error("sealing-keys", format_error_chain(&error))
                    .with_consequence("the portal does not start")
                    .with_remedy("each key is a file of 64 hexadecimal digits that only the service can read")
                    .with_command("openssl rand -hex 32 > FILE && chmod 600 FILE"),
            );
            return None;
        }
    };
    let db = host::open_and_check_database(&config, report).await?;
    let entra = match EntraClients::new(&config, &db, &sealer, &clock, &random) {
        Ok(entra) => entra,
        Err(error) => {
            report.add(
                DoctorFinding::error("credential", format_error_chain(&error))
                    .with_consequence("the portal does not start")
                    .with_remedy("mend entra.credential (docs/operations.md, credentials)"),
            );
            return None;
        }
    };
    match AppState::new(config, db, &sealer, entra, clock, random) {
        Ok(app) => Some(app),
        Err(error) => {
            report.add(
                DoctorFinding::error("configuration", format_error_chain(&error))
                    .with_consequence("the portal does not start")
                    .with_remedy("mend what is named: the breach file, the logo, or directory.ca_file"),
            );
            None
        }
    }
}
