//! Kills the portal at any point between form and outcome: no reset is lost and none is sent twice.

use std::process::Command;
use std::time::Duration;

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::support::fleet::{PortalFleet, StoredReset, person_upn, seed_with_people};
use crate::support::portal::{DatabaseEngine, HttpBrowser, VALID_PASSWORD, available_engines};
use crate::support::wait::{let_time_pass, wait_for_value, wait_until};

/// Crash points of the process. They cause half of the kills; the others come from outside at a random moment.
const CRASH_POINTS: [&str; 9] = [
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
const PEOPLE_PER_ROUND: usize = 3;

/// Returns the number of kills. `make kill` asks for 200. The seed is fixed, so a run can be repeated.
fn kill_count() -> usize {
    std::env::var("PASSBACK_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn portal_killed_anywhere_loses_nothing_and_sends_once() {
    for engine in available_engines() {
        run_kill_rounds(engine, kill_count()).await;
    }
}

async fn run_kill_rounds(engine: DatabaseEngine, kills: usize) {
    let mut random = StdRng::seed_from_u64(0x0DD_B17);
    let fleet = PortalFleet::new(engine, seed_with_people(kills * PEOPLE_PER_ROUND)).await;
    // Slow enough that a kill can happen between any two steps.
    fleet.add_fault(InjectedFault::new(FaultTarget::ResetPassword, FaultEffect::Delay { ms: 150 }));
    let mut portal = fleet.start_replica(fleet.port, &[]).await;
    fleet.link_operator().await;
    let mut promised = Vec::new();
    for round in 0..kills {
        let point = (round % 2 == 0).then(|| CRASH_POINTS[(round / 2) % CRASH_POINTS.len()]);
        let mut people = Vec::new();
        for n in 0..PEOPLE_PER_ROUND {
            people.push(fleet.signed_in(&person_upn(round * PEOPLE_PER_ROUND + n)).await);
        }
        if let Some(point) = point {
            portal.stop();
            let at = format!("{point}:{}", random.random_range(1..=PEOPLE_PER_ROUND));
            portal = fleet.spawn_replica(Command::new("env"), fleet.port, &[("PASSBACK_CRASH_AT", &at)]);
            // The process may crash on a reset of an earlier round before anyone connects.
            let has_begun =
                async || portal.has_exited() || tokio::net::TcpStream::connect(("127.0.0.1", fleet.port)).await.is_ok();
            wait_until("the portal listens or has crashed", has_begun).await;
        }
        let submits: Vec<_> = people.into_iter().map(|browser| tokio::spawn(submit_reset(browser))).collect();
        if let Some(point) = point {
            wait_until(format!("round {round} reaches {point}"), async || portal.has_exited()).await;
        } else {
            // A random moment between the form and the outcome. Whichever it is, what follows must hold.
            let_time_pass(Duration::from_millis(random.random_range(0..1_800))).await;
        }
        portal.kill();
        for submit in submits {
            promised.extend(submit.await.unwrap());
        }
        portal = fleet.start_replica(fleet.port, &[]).await;
    }
    fleet.wait_until_settled().await;
    let rows = wait_for_evidence(&fleet).await;
    check_outcomes(&fleet, &rows, &promised);
    fleet.verify_audit();
    check_unknown_page_has_advice(&fleet, &rows).await;
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
async fn submit_reset(mut browser: HttpBrowser) -> Option<String> {
    let request = browser.reset_request(VALID_PASSWORD);
    let answer = request.send().await.ok()?;
    let to = answer.headers().get("location")?.to_str().ok()?.to_owned();
    browser.cookies.clear();
    to.strip_prefix("/resets/").map(|rest| rest.split('?').next().unwrap_or(rest).to_owned())
}

/// Waits for the evidence. Entra's audit log resolves a reset that was sent by a killed process, here within seconds.
async fn wait_for_evidence(fleet: &PortalFleet) -> Vec<StoredReset> {
    let resolved = |rows: &Vec<StoredReset>| rows.iter().all(|row| row.state != "unknown" || !has_landed(fleet, row));
    wait_for_value("the log resolves each reset that landed", async || fleet.load_resets().await, resolved).await
}

/// Returns `true` if the directory has the new password. Only the emulator has this information.
fn has_landed(fleet: &PortalFleet, row: &StoredReset) -> bool {
    fleet.emulator.is_directory_password(&row.upn, VALID_PASSWORD) == Some(true)
}

fn check_outcomes(fleet: &PortalFleet, rows: &[StoredReset], promised: &[String]) {
    for reference in promised {
        assert!(rows.iter().any(|row| row.reference == reference.replace('-', "")), "{reference} is lost");
    }
    for row in rows {
        let posts = fleet.count_reset_posts(&row.upn);
        assert!(posts <= 1, "{row:?} was sent {posts} times");
        match (row.state.as_str(), row.cause.as_deref()) {
            ("written", None) => assert!(posts == 1 && has_landed(fleet, row), "{row:?}"),
            ("refused", Some("R-NOT-SENT")) => assert_eq!((posts, row.dispatched_at), (0, None), "{row:?}"),
            // It was about to be sent or already sent, and the portal cannot tell which. The emulator shows that the
            // password did not land.
            ("unknown", Some("U-CRASHED")) => assert!(!has_landed(fleet, row), "{row:?}: the log knows of it"),
            other => panic!("{other:?}: {row:?}"),
        }
    }
}

/// Checks that a person who signs in again sees the page of an unknown reset, with advice.
async fn check_unknown_page_has_advice(fleet: &PortalFleet, rows: &[StoredReset]) {
    if let Some(row) = rows.iter().find(|row| row.state == "unknown") {
        let mut browser = fleet.signed_in(&row.upn).await;
        let page = browser.get(&format!("/resets/{}", row.reference)).await;
        assert!(page.status.is_success() && page.body.contains("class=\"advice\""), "{}", page.body);
    }
}
