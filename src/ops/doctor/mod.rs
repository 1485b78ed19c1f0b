//! Runs `passback doctor`: checks everything that must be right before go-live. Each finding has its consequence and
//! its remedy.
//!
//! - It changes nothing: it writes no row, stores no token and sends no mail.

mod around;
mod local;
mod microsoft;
mod report;

pub use report::{DoctorFinding, DoctorReport, FindingLevel};

use std::path::Path;

use crate::base::{Clock, Random};
use crate::config::{Config, load};
use crate::entra::EntraClients;
use crate::state::AppState;
use crate::store::Sealer;

/// Runs all checks for the settings in a file.
pub async fn doctor(file: &Path, clock: Clock, random: Random) -> DoctorReport {
    let mut report = DoctorReport::default();
    let config = match load(file) {
        Ok(config) => config,
        Err(error) => {
            report.add(
                DoctorFinding::error("configuration", format!("{} cannot be used: {}", file.display(), chain(&error)))
                    .so("the portal does not start, and nothing else can be looked at")
                    .then("mend the key that is named; docs/operations.md has every key")
                    .by("passback config check --config FILE"),
            );
            return report;
        }
    };
    local::configuration(&config, &mut report);
    local::names(&config, &mut report).await;
    let Some(app) = app(config, &mut report, clock, random).await else { return report };
    microsoft::look(&app, &mut report).await;
    around::look(&app, &mut report).await;
    app.db.close().await;
    report
}

/// Creates the application state for the checks, without background tasks. Returns `None` after it reported an error.
async fn app(config: Config, report: &mut DoctorReport, clock: Clock, random: Random) -> Option<AppState> {
    let sealer = match Sealer::load(&config.sealing, config.tenant(), random.clone()) {
        Ok(sealer) => sealer,
        Err(error) => {
            report.add(
                DoctorFinding::error("sealing-keys", chain(&error))
                    .so("the portal does not start")
                    .then("each key is a file of 64 hexadecimal digits that only the service can read")
                    .by("openssl rand -hex 32 > FILE && chmod 600 FILE"),
            );
            return None;
        }
    };
    let db = local::database(&config, report).await?;
    let entra = match EntraClients::new(&config, &db, &sealer, &clock, &random) {
        Ok(entra) => entra,
        Err(error) => {
            report.add(
                DoctorFinding::error("credential", chain(&error))
                    .so("the portal does not start")
                    .then("mend entra.credential (docs/operations.md, credentials)"),
            );
            return None;
        }
    };
    match AppState::new(config, db, &sealer, entra, clock, random) {
        Ok(app) => Some(app),
        Err(error) => {
            report.add(
                DoctorFinding::error("configuration", chain(&error))
                    .so("the portal does not start")
                    .then("mend what is named: the breach file, the logo, or directory.ca_file"),
            );
            None
        }
    }
}

/// Joins an error and its sources, without repeated text.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}
