//! Compares a page behind the sign-in with a bare axum route that returns the same bytes.

use std::time::Duration;

use super::bare::ControlServer;
use super::figures::{BenchmarkReport, median};
use super::load;
use super::support::fleet::{Fleet, crowded, free_port, person};
use super::support::portal::{Engine, GOOD};

const CONNECTIONS: usize = 16;
const SPAN: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

pub(crate) async fn run(figures: &mut BenchmarkReport) {
    let fleet = Fleet::new(Engine::Sqlite, crowded(1)).await;
    let portal = fleet.start(fleet.port, &[("PASSBACK_LOG", "warn")]).await;
    fleet.link().await;
    let mut browser = fleet.signed_in(&person(0)).await;
    let reference = browser.reset(GOOD).await.reference();
    browser.until_state(&reference, "written").await;
    // Wait for the evidence of the audit log: after that the page no longer changes.
    browser.until(&reference, |s| s["evidence"].as_array().unwrap().len() == 3).await;
    let path = format!("/resets/{reference}");
    let cookie = browser.cookie();
    let answer = browser.once(&path).await;
    let skipped = ["content-length", "date", "x-request-id"];
    let headers = answer.headers().iter().filter(|(name, _)| !skipped.contains(&name.as_str()));
    let headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    let headers = headers.join("\n");
    let page = fleet.path().join("page.html");
    std::fs::write(&page, answer.bytes().await.unwrap()).unwrap();
    let bare_port = free_port();
    let _bare = ControlServer::start(bare_port, &page, &headers);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ours = load::get(fleet.port, &path, &cookie);
    let theirs = load::get(bare_port, "/", &cookie);
    let (mut ratios, mut rates, mut controls) = (Vec::new(), Vec::new(), Vec::new());
    load::rate(fleet.port, &ours, CONNECTIONS, SPAN).await;
    for _ in 0..ROUNDS {
        let control = load::rate(bare_port, &theirs, CONNECTIONS, SPAN).await;
        let rate = load::rate(fleet.port, &ours, CONNECTIONS, SPAN).await;
        ratios.push(rate / control);
        rates.push(rate);
        controls.push(control);
    }
    let ratio = median(&mut ratios);
    let detail = format!("{:.0}/s against {:.0}/s of the bare route", median(&mut rates), median(&mut controls));
    figures.add("signed_in_page_ratio", ratio, ">= 0.30", ratio >= 0.30, &detail);
    drop(portal);
    fleet.tenant.stop().await;
}
