//! Counts Graph calls while many browsers watch one reset, and measures the delay until an outcome is shown.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};

use super::report::{BenchmarkReport, median_value};
use super::support::fleet::{PortalFleet, person_upn, seed_with_people};
use super::support::portal::{DatabaseEngine, HttpBrowser, VALID_PASSWORD};

pub(crate) async fn run(figures: &mut BenchmarkReport) {
    measure_watchers(figures).await;
    measure_lag(figures).await;
}

async fn open_event_stream(browser: &mut HttpBrowser, reference: &str) -> reqwest::Response {
    browser.get_once(&format!("/resets/{reference}/events")).await
}

/// Compares the Graph calls of a reset whose writeback takes 10 seconds, with 1 watcher and with 1,000.
async fn measure_watchers(figures: &mut BenchmarkReport) {
    let mut counts = Vec::new();
    for (n, watchers) in [1, 1_000].into_iter().enumerate() {
        let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(2)).await;
        fleet.add_fault(InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms: 10_000 }));
        let _portal = fleet
            .start_replica(
                fleet.port,
                &[("PASSBACK__SERVER__MAX_CONNECTIONS_PER_ADDRESS", "20000"), ("PASSBACK_LOG", "warn")],
            )
            .await;
        fleet.link_operator().await;
        let mut browser = fleet.signed_in(&person_upn(n)).await;
        let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
        let mut open = Vec::new();
        for _ in 0..watchers {
            open.push(open_event_stream(&mut browser, &reference).await);
        }
        browser.wait_for_state(&reference, "written").await;
        counts.push((
            fleet.emulator.count_calls(FaultTarget::ResetPassword, None),
            fleet.emulator.count_calls(FaultTarget::Operation, None),
        ));
        drop(open);
        fleet.emulator.stop().await;
    }
    let detail = format!("POST and GET: {:?} with 1 watcher, {:?} with 1,000", counts[0], counts[1]);
    let met = counts.iter().all(|(posts, gets)| *posts == 1 && *gets <= 6) && counts[0] == counts[1];
    figures.add("graph_gets_1000_watchers", counts[1].1 as f64, "<= 6, same", met, &detail);
}

/// Measures the time from the final operation status at Graph to the event in an open page, as a share of the poll
/// interval.
async fn measure_lag(figures: &mut BenchmarkReport) {
    const PERSON_COUNT: usize = 30;
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(PERSON_COUNT)).await;
    let _portal = fleet.start_replica(fleet.port, &[("PASSBACK_LOG", "warn")]).await;
    fleet.link_operator().await;
    let mut tasks = Vec::new();
    for n in 0..PERSON_COUNT {
        let takes = 2_000 + 211 * n as u64;
        fleet.add_fault(
            InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms: takes }).for_person(&person_upn(n)),
        );
        let mut browser = fleet.signed_in(&person_upn(n)).await;
        let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
        let stream = open_event_stream(&mut browser, &reference).await;
        tasks.push(tokio::spawn(async move {
            let mut stream = stream.bytes_stream();
            while let Some(Ok(chunk)) = stream.next().await {
                if String::from_utf8_lossy(&chunk).contains("\"state\":\"written\"") {
                    return Instant::now();
                }
            }
            panic!("the stream ended");
        }));
    }
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.unwrap());
    }
    let (mut lags, mut shares) = (Vec::new(), Vec::new());
    for (n, seen) in seen.into_iter().enumerate() {
        let (ended, asked) = fleet.emulator.last_operation_times(&person_upn(n)).unwrap();
        let ended_ago = passback::Clock::system().now().duration_since(ended);
        let lag = Duration::try_from(ended_ago).unwrap().saturating_sub(seen.elapsed()).as_secs_f64();
        lags.push(lag);
        // The poll interval that contains the end: from the last poll before it to the first one after it.
        let before = asked.iter().rev().find(|at| **at < ended).copied();
        let after = asked.iter().find(|at| **at >= ended).copied();
        if let (Some(before), Some(after)) = (before, after) {
            shares.push(lag / after.duration_since(before).as_secs_f64());
        }
    }
    let share = median_value(&mut shares);
    let detail = format!("median {:.2} s after the end at Graph", median_value(&mut lags));
    figures.add("lag_in_poll_intervals", share, "<= 1", share <= 1.0, &detail);
    fleet.emulator.stop().await;
}
