//! Compares a page behind the sign-in with a bare axum route that returns the same bytes.

use std::time::Duration;

use super::control_server::ControlServer;
use super::load;
use super::report::{BenchmarkReport, median_value};
use super::support::fleet::{PortalFleet, free_port, person_upn, seed_with_people};
use super::support::portal::{DatabaseEngine, VALID_PASSWORD};

const CONNECTION_COUNT: usize = 16;
const ROUND_DURATION: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

pub(crate) async fn run(figures: &mut BenchmarkReport) {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    let portal = fleet.start_replica(fleet.port, &[("PASSBACK_LOG", "warn")]).await;
    fleet.link_operator().await;
    let mut browser = fleet.signed_in(&person_upn(0)).await;
    let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
    browser.wait_for_state(&reference, "written").await;
    // Wait for the evidence of the audit log: after that the page no longer changes.
    browser.wait_until(&reference, |s| s["evidence"].as_array().unwrap().len() == 3).await;
    let path = format!("/resets/{reference}");
    let cookie = browser.cookie_header();
    let answer = browser.get_once(&path).await;
    let skipped = ["content-length", "date", "x-request-id"];
    let headers = answer.headers().iter().filter(|(name, _)| !skipped.contains(&name.as_str()));
    let headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    let headers = headers.join("\n");
    let page = fleet.data_path().join("page.html");
    std::fs::write(&page, answer.bytes().await.unwrap()).unwrap();
    let bare_port = free_port();
    let _bare = ControlServer::start(bare_port, &page, &headers);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ours = load::get_request(fleet.port, &path, &cookie);
    let theirs = load::get_request(bare_port, "/", &cookie);
    let (mut ratios, mut rates, mut controls) = (Vec::new(), Vec::new(), Vec::new());
    load::measure_rate(fleet.port, &ours, CONNECTION_COUNT, ROUND_DURATION).await;
    for _ in 0..ROUNDS {
        let control = load::measure_rate(bare_port, &theirs, CONNECTION_COUNT, ROUND_DURATION).await;
        let rate = load::measure_rate(fleet.port, &ours, CONNECTION_COUNT, ROUND_DURATION).await;
        ratios.push(rate / control);
        rates.push(rate);
        controls.push(control);
    }
    let ratio = median_value(&mut ratios);
    let detail =
        format!("{:.0}/s against {:.0}/s of the bare route", median_value(&mut rates), median_value(&mut controls));
    figures.add("signed_in_page_ratio", ratio, ">= 0.30", ratio >= 0.30, &detail);
    drop(portal);
    fleet.emulator.stop().await;
}
