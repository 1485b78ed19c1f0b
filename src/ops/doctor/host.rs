//! Checks this machine: trial settings, host name, TLS certificate and database.

use std::path::Path;

use jiff::Timestamp;

use super::report::{DoctorFinding, DoctorReport};
use crate::base::format_error_chain;
use crate::base::is_loopback_host;
use crate::config::Config;
use crate::store::{Db, StoreError};

/// Reports settings that are for trials only or weaken security.
pub(super) fn check_configuration(config: &Config, report: &mut DoctorReport) {
    const CHECK: &str = "configuration";
    let mut fine = true;
    let mut wrong = |finding: DoctorFinding| {
        fine = false;
        report.add(finding);
    };
    if config.signin.accept_unverified_policy {
        wrong(
            DoctorFinding::error(CHECK, "signin.accept_unverified_policy is on")
                .with_consequence(
                    "the context is believed although Entra gives it to anybody: a password may open the portal",
                )
                .with_remedy("mend the policy that \"policy\" below names, then remove the setting"),
        );
    }
    if config.entra.allow_other_hosts {
        wrong(
            DoctorFinding::error(CHECK, "entra.allow_other_hosts is on")
                .with_consequence("whatever answers there is taken for Microsoft, and gets passwords")
                .with_remedy("remove the setting; hosts follow from entra.cloud"),
        );
    }
    if config.entra.is_emulated() {
        wrong(
            DoctorFinding::warning(CHECK, "Entra and Graph are on this machine: a tenant emulator")
                .with_consequence("nothing here reaches a real organisation")
                .with_remedy("fine for trying out; for people remove entra.authority and entra.graph_url"),
        );
    }
    if config.operator.tenant_wide {
        wrong(
            DoctorFinding::warning(CHECK, "operator.tenant_wide is on")
                .with_consequence("the operator may reset everybody whom its role reaches, not an administrative unit")
                .with_remedy("scope its role to an administrative unit (docs/entra-setup.md), then remove the setting"),
        );
    }
    let database = config.database.url.expose_secret();
    if database.starts_with("postgres") && !database.contains("sslmode=verify-full") && !is_loopback_database(database)
    {
        wrong(
            DoctorFinding::warning(CHECK, "database.url does not insist on TLS to a known server")
                .with_consequence("whoever answers there can read names and lift a pause")
                .with_remedy("add sslmode=verify-full to database.url"),
        );
    }
    if fine {
        report.add(DoctorFinding::ok(CHECK, "is fine"));
    }
}

fn is_loopback_database(database: &str) -> bool {
    url::Url::parse(database).is_ok_and(|url| url.host_str().is_none() || is_loopback_host(&url))
}

/// Checks the portal's host name, and its certificate if the portal serves TLS itself.
pub(super) async fn check_public_name_and_certificate(config: &Config, report: &mut DoctorReport) {
    let public = &config.server.public_url;
    let host = public.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = public.port_or_known_default().unwrap_or(443);
    match tokio::net::lookup_host((host, port)).await.map(|mut found| found.next().is_some()) {
        Ok(true) => report.add(DoctorFinding::ok("names", format!("{host} is known"))),
        _ => report.add(
            DoctorFinding::error("names", format!("{host} of server.public_url cannot be found"))
                .with_consequence(
                    "people and Microsoft's redirect do not reach the portal, and links in mails lead nowhere",
                )
                .with_remedy("add the name to DNS, or correct server.public_url"),
        ),
    }
    let Some(file) = &config.server.tls_cert else { return };
    match read_certificate_expiry(file) {
        Ok(ends) => {
            let days = ends.duration_since(system_time(config)).as_hours().div_euclid(24);
            let says = format!("server.tls_cert ends in {days} days");
            let then = "renew it and put it in the same place: it is taken up without a restart";
            report.add(match days {
                ..0 => DoctorFinding::error("tls", "server.tls_cert has ended")
                    .with_consequence("browsers refuse the portal")
                    .with_remedy(then),
                0..14 => DoctorFinding::warning("tls", says)
                    .with_consequence("browsers will refuse the portal")
                    .with_remedy(then),
                _ => DoctorFinding::ok("tls", says),
            });
        }
        Err(problem) => report.add(
            DoctorFinding::error("tls", format!("server.tls_cert {} cannot be read: {problem}", file.display()))
                .with_consequence("the portal does not start")
                .with_remedy("give a PEM file that the service may read"),
        ),
    }
}

/// Returns the machine's time, because browsers compare the certificate with their system clock too.
fn system_time(_config: &Config) -> Timestamp {
    crate::base::Clock::system().now()
}

fn read_certificate_expiry(file: &Path) -> Result<Timestamp, String> {
    let text = std::fs::read(file).map_err(|e| e.to_string())?;
    let (_, pem) = x509_parser::pem::parse_x509_pem(&text).map_err(|e| e.to_string())?;
    let certificate = pem.parse_x509().map_err(|e| e.to_string())?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).map_err(|e| e.to_string())
}

/// Opens and checks the database. Returns `None` after it reported an error, because no other check can run then.
pub(super) async fn open_and_check_database(config: &Config, report: &mut DoctorReport) -> Option<Db> {
    const CHECK: &str = "database";
    let start = "passback serve --config FILE";
    let db = match Db::open_existing(&config.database.url).await {
        Ok(db) => db,
        Err(error @ StoreError::StatementPooling) => {
            report.add(
                DoctorFinding::error(CHECK, error.to_string())
                    .with_consequence("the portal does not start")
                    .with_remedy("set the pooler's pool mode to session, or connect to PostgreSQL directly"),
            );
            return None;
        }
        Err(error) => {
            report.add(
                DoctorFinding::error(CHECK, format_error_chain(&error))
                    .with_consequence("the portal does not start, and nothing that it knows can be looked at")
                    .with_remedy("start the portal once, so that it makes its tables; or correct database.url")
                    .with_command(start),
            );
            return None;
        }
    };
    match db.count_missing_migrations().await {
        Ok(0) => {
            report.add(DoctorFinding::ok(CHECK, "answers, with all tables of this release"));
            Some(db)
        }
        Ok(missing) => {
            report.add(
                DoctorFinding::error(CHECK, format!("{missing} changes of this release are not in its tables"))
                    .with_consequence("the release that runs there is an older one, or none ran yet")
                    .with_remedy(
                        "start this release once: it brings the tables up to date and leaves the older one working",
                    )
                    .with_command(start),
            );
            None
        }
        Err(error) => {
            report.add(
                DoctorFinding::error(CHECK, format_error_chain(&error))
                    .with_consequence("the portal cannot work")
                    .with_remedy("look whether the database runs and database.url is right"),
            );
            None
        }
    }
}
