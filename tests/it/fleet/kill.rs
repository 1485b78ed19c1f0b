//! Kills the portal at any point between form and outcome: no reset is lost and none is sent twice.

use std::process::Command;
use std::time::Duration;

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::support::fleet::{PortalFleet, StoredReset, crowded, person};
use crate::support::portal::{DatabaseEngine, GOOD, HttpBrowser, engines};

/// Crash points of the process. They cause half of the kills; the others come from outside at a random moment.
const POINTS: [&str; 9] = [
    "intent-committed",
    "turn-reached",
    "dispatched",
    "answered",
    "accepted-uncommitted",
    "accepted",
    "polling",
    "moved-uncommitted",
    "moved",
];
/// People who reset in each round.
const AT_ONCE: usize = 3;

/// Returns the number of kills. `make kill` asks for 200. The seed is fixed, so a run can be repeated.
fn kills() -> usize {
    std::env::var("PASSBACK_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_nothing_is_lost_and_nothing_is_sent_twice() {
    for engine in engines() {
        killed(engine, kills()).await;
    }
}

async fn killed(engine: DatabaseEngine, kills: usize) {
    let mut random = StdRng::seed_from_u64(0x0DD_B17);
    let fleet = PortalFleet::new(engine, crowded(kills * AT_ONCE)).await;
    // Slow enough that a kill can happen between any two steps.
    fleet.fault(InjectedFault::on(FaultTarget::ResetPassword, FaultEffect::Delay { ms: 150 }));
    let mut portal = fleet.start(fleet.port, &[]).await;
    fleet.link().await;
    let mut promised = Vec::new();
    for round in 0..kills {
        let point = (round % 2 == 0).then(|| POINTS[(round / 2) % POINTS.len()]);
        let mut people = Vec::new();
        for n in 0..AT_ONCE {
            people.push(fleet.signed_in(&person(round * AT_ONCE + n)).await);
        }
        if let Some(point) = point {
            portal.stop();
            let at = format!("{point}:{}", random.random_range(1..=AT_ONCE));
            portal = fleet.start_with(Command::new("env"), fleet.port, &[("PASSBACK_CRASH_AT", &at)]);
            // The process may crash on a reset of an earlier round before anyone connects.
            while !portal.is_dead() && tokio::net::TcpStream::connect(("127.0.0.1", fleet.port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        let submits: Vec<_> = people.into_iter().map(|browser| tokio::spawn(submit(browser))).collect();
        if point.is_some() {
            for _ in 0..200 {
                if portal.is_dead() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert!(portal.is_dead(), "{point:?} was not reached in round {round}");
        } else {
            tokio::time::sleep(Duration::from_millis(random.random_range(0..1_800))).await;
        }
        portal.kill();
        for submit in submits {
            promised.extend(submit.await.unwrap());
        }
        portal = fleet.start(fleet.port, &[]).await;
    }
    let rows = fleet.settled(Duration::from_secs(90)).await;
    let rows = evidence_is_in(&fleet, rows).await;
    check(&fleet, &rows, &promised);
    fleet.verify_audit();
    every_unknown_has_advice(&fleet, &rows).await;
    let count = |state: &str| rows.iter().filter(|row| row.state == state).count();
    println!(
        "RESULT kill engine={engine:?} kills={kills} promised={} resets={} written={} not_sent={} unknown={} lost=0 twice=0",
        promised.len(),
        rows.len(),
        count("written"),
        count("refused"),
        count("unknown"),
    );
    portal.stop();
}

/// Submits the form. Returns the reference if the portal lived long enough to send it.
async fn submit(mut browser: HttpBrowser) -> Option<String> {
    let request = browser.submit(GOOD);
    let answer = request.send().await.ok()?;
    let to = answer.headers().get("location")?.to_str().ok()?.to_owned();
    browser.cookies.clear();
    to.strip_prefix("/resets/").map(|rest| rest.split('?').next().unwrap_or(rest).to_owned())
}

/// Waits for the evidence. Entra's audit log resolves a reset that was sent by a killed process, here within seconds.
async fn evidence_is_in(fleet: &PortalFleet, mut rows: Vec<StoredReset>) -> Vec<StoredReset> {
    for _ in 0..100 {
        if rows.iter().all(|row| row.state != "unknown" || !landed(fleet, row)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        rows = fleet.resets().await;
    }
    rows
}

/// Returns `true` if the directory has the new password. Only the emulator has this information.
fn landed(fleet: &PortalFleet, row: &StoredReset) -> bool {
    fleet.tenant.directory_accepts(&row.upn, GOOD) == Some(true)
}

fn check(fleet: &PortalFleet, rows: &[StoredReset], promised: &[String]) {
    for reference in promised {
        assert!(rows.iter().any(|row| row.reference == reference.replace('-', "")), "{reference} is lost");
    }
    for row in rows {
        let posts = fleet.posts(&row.upn);
        assert!(posts <= 1, "{row:?} was sent {posts} times");
        match (row.state.as_str(), row.cause.as_deref()) {
            ("written", None) => assert!(posts == 1 && landed(fleet, row), "{row:?}"),
            ("refused", Some("R-NOT-SENT")) => assert_eq!((posts, row.dispatched_at), (0, None), "{row:?}"),
            // It was about to be sent or already sent, and the portal cannot tell which. The emulator shows that the
            // password did not land.
            ("unknown", Some("U-CRASHED")) => assert!(!landed(fleet, row), "{row:?}: the log knows of it"),
            other => panic!("{other:?}: {row:?}"),
        }
    }
}

/// Checks that a person who signs in again sees the page of an unknown reset, with advice.
async fn every_unknown_has_advice(fleet: &PortalFleet, rows: &[StoredReset]) {
    if let Some(row) = rows.iter().find(|row| row.state == "unknown") {
        let mut browser = fleet.signed_in(&row.upn).await;
        let page = browser.get(&format!("/resets/{}", row.reference)).await;
        assert!(page.status.is_success() && page.body.contains("class=\"advice\""), "{}", page.body);
    }
}
