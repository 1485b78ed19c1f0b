//! Three replicas on one PostgreSQL. Each may be killed, stopped, cut off or replaced.

use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _};
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;

use crate::support::balancer::LoadBalancer;
use crate::support::fleet::{FleetSettings, FleetSetup, PortalFleet, PortalReplica, crowded, free_port, person};
use crate::support::netns::{DATABASE_AT, NetworkLink};
use crate::support::portal::{DatabaseEngine, GOOD, HttpBrowser};
use crate::support::postgres::PostgresCluster;

struct ThreeReplicas {
    fleet: PortalFleet,
    balancer: LoadBalancer,
    replicas: Vec<PortalReplica>,
    ports: Vec<u16>,
}

impl ThreeReplicas {
    async fn start(people: usize) -> Option<Self> {
        Self::with(people, &FleetSettings::default(), &[]).await
    }

    /// Starts three replicas, the first with `first` in its environment. Returns `None` without PostgreSQL.
    async fn with(people: usize, settings: &FleetSettings<'_>, first: &[(&str, &str)]) -> Option<Self> {
        if std::env::var("TEST_DATABASE_URL").is_err() {
            println!("TEST_DATABASE_URL is not set: several replicas need PostgreSQL");
            return None;
        }
        let fleet = PortalFleet::new(DatabaseEngine::Postgres, crowded(people)).await;
        fleet.configure(settings);
        Some(Self::on(fleet, first).await)
    }

    async fn on(fleet: PortalFleet, first: &[(&str, &str)]) -> Self {
        let ports: Vec<u16> = (0..3).map(|_| free_port()).collect();
        let balancer = LoadBalancer::start(fleet.port, &ports).await;
        let mut replicas = Vec::new();
        for (n, port) in ports.iter().enumerate() {
            replicas.push(fleet.start(*port, if n == 0 { first } else { &[] }).await);
        }
        fleet.link().await;
        Self { fleet, balancer, replicas, ports }
    }

    /// Returns the person's browser, directed to one replica.
    fn at(&self, browser: &HttpBrowser, n: usize) -> HttpBrowser {
        self.fleet.at(browser, self.ports[n])
    }

    async fn stop(mut self) {
        for replica in &mut self.replicas {
            replica.kill();
        }
        self.fleet.tenant.stop().await;
    }
}

/// Opens the event stream of a reset at one replica.
async fn events(
    browser: &HttpBrowser,
    reference: &str,
    last: Option<&str>,
) -> impl Stream<Item = String> + Unpin + use<> {
    let url = format!("{}/resets/{reference}/events", browser.portal);
    let cookie = browser.cookie();
    let mut request = browser.http.get(url).header("cookie", cookie);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.bytes_stream().map(|chunk| chunk.map_or(String::new(), |c| String::from_utf8_lossy(&c).into_owned())).boxed()
}

/// Returns id and state of the next event. Keep-alives are skipped.
async fn next(stream: &mut (impl Stream<Item = String> + Unpin), within: u64) -> Option<(String, String)> {
    loop {
        let text = tokio::time::timeout(Duration::from_secs(within), stream.next()).await.ok()??;
        let id = text.lines().find_map(|l| l.strip_prefix("id: ")).map(str::to_owned);
        let data = text.lines().find_map(|l| l.strip_prefix("data: "));
        if let (Some(id), Some(data)) = (id, data) {
            let status: serde_json::Value = serde_json::from_str(data).unwrap();
            return Some((id, status["state"].as_str().unwrap().to_owned()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_are_one_portal() {
    let Some(three) = ThreeReplicas::with(4, &FleetSettings { reset: FEW, ..FleetSettings::default() }, &[]).await
    else {
        return;
    };
    let fleet = &three.fleet;
    fleet.fault(InjectedFault::on(FaultTarget::Writeback, FaultEffect::Slow { ms: 4_000 }).for_person(&person(0)));
    let anna = fleet.signed_in(&person(0)).await;
    for n in 0..3 {
        assert!(three.at(&anna, n).get("/reset").await.status.is_success(), "signed in at one is signed in at {n}");
    }
    let reference = three.at(&anna, 0).reset(GOOD).await.reference();
    let again = three.at(&anna, 1).reset("Another-Lantern-31").await;
    assert_eq!(again.reference(), reference, "one unfinished reset, wherever it is asked for");

    let mut here = events(&three.at(&anna, 1), &reference, None).await;
    let (id, state) = next(&mut here, 5).await.unwrap();
    assert!(["sending", "writing"].contains(&state.as_str()), "{state}");
    drop(here);
    let mut there = events(&three.at(&anna, 2), &reference, Some(&id)).await;
    let mut seen = Vec::new();
    let mut heard = String::new();
    while let Some((next_id, state)) = next(&mut there, 10).await {
        assert!(next_id.parse::<i64>().unwrap() > id.parse::<i64>().unwrap(), "nothing is told twice");
        for n in 0..3 {
            // Visited pages are in the page cache.
            three.at(&anna, n).get(&format!("/resets/{reference}")).await;
        }
        heard = next_id;
        seen.push(state);
        if seen.last().unwrap() == "written" {
            break;
        }
    }
    assert_eq!(seen.last().map(String::as_str), Some("written"), "{seen:?}");
    for n in 0..3 {
        // The page that the script fetches after the event, from any replica.
        let page = three.at(&anna, n).get(&format!("/resets/{reference}?revision={heard}")).await;
        assert_eq!(page.attribute("data-state"), "written", "no older page from memory at {n}");
    }
    let polls = fleet.tenant.calls(FaultTarget::Operation, None);
    assert!((2..=5).contains(&polls), "an operation is asked for by one replica at a time: {polls}");
    assert_eq!(fleet.posts(&person(0)), 1);

    // Signing out at one replica ends the streams at the others.
    three.at(&anna, 0).post_once("/signout", &[]).await;
    let began = Instant::now();
    while tokio::time::timeout(Duration::from_secs(5), there.next()).await.expect("the stream ends").is_some() {}
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    println!("RESULT replicas stream_ends_after_signout_ms={}", began.elapsed().as_millis());
    // One second later, no replica shows a page from its cache.
    tokio::time::sleep(Duration::from_secs(1).saturating_sub(began.elapsed())).await;
    for n in 0..3 {
        assert_eq!(three.at(&anna, n).once("/reset").await.headers()["location"], "/signin");
    }

    three.stop().await;
}

/// Low limits: 4 resets per hour, 50 requests of each kind per minute and address.
const FEW: &str = "hourly_ceiling = 4\nper_person_hour = 1000\nper_address_minute = 50";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_the_pause_and_the_ceiling_hold_at_all_of_them_together() {
    let Some(three) = ThreeReplicas::with(4, &FleetSettings { reset: FEW, ..FleetSettings::default() }, &[]).await
    else {
        return;
    };
    let fleet = &three.fleet;
    let anna = fleet.signed_in(&person(0)).await;
    // Guessed references count together, at whichever replica.
    let mut missed = 0;
    for n in 0..60 {
        let answer = three.at(&anna, n % 3).once("/resets/7KQ4-M2ZD").await;
        missed += usize::from(answer.status() == StatusCode::NOT_FOUND);
    }
    assert!((40..=53).contains(&missed), "{missed}");

    // The pause reaches every replica within 1 second.
    let berta = fleet.signed_in(&person(1)).await;
    assert!(fleet.command(&["pause"]).status().unwrap().success());
    tokio::time::sleep(Duration::from_secs(1)).await;
    for n in 0..3 {
        assert_eq!(three.at(&berta, n).get("/reset").await.code(), "G-PAUSED");
    }
    assert!(fleet.command(&["resume"]).status().unwrap().success());
    tokio::time::sleep(Duration::from_secs(1)).await;

    // The hourly limit counts the resets of all three replicas.
    three.at(&anna, 0).reset(GOOD).await.reference();
    for (n, browser) in [(1, fleet.signed_in(&person(1)).await), (2, fleet.signed_in(&person(2)).await)] {
        three.at(&browser, n).reset(GOOD).await.reference();
    }
    let last = fleet.signed_in(&person(3)).await;
    three.at(&last, 0).reset(GOOD).await.reference();
    tokio::time::sleep(Duration::from_secs(1)).await;
    for n in 0..3 {
        assert_eq!(three.at(&berta, n).get("/reset").await.code(), "G-CEILING");
    }
    fleet.verify_audit();
    three.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_graph_throttles_one_replica_all_stand_in_one_line() {
    let Some(three) = ThreeReplicas::start(3).await else { return };
    let fleet = &three.fleet;
    let busy =
        FaultEffect::Status { status: 429, code: "TooManyRequests".into(), retry_after: Some(4), graph_body: true };
    fleet.fault(InjectedFault::on(FaultTarget::ResetPassword, busy).for_person(&person(0)).times(1));
    let mut people = Vec::new();
    for n in 0..3 {
        people.push(three.at(&fleet.signed_in(&person(n)).await, n));
    }
    let first = people[0].reset(GOOD).await.reference();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let began = Instant::now();
    let second = people[1].reset(GOOD).await.reference();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let third = people[2].reset(GOOD).await.reference();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((fleet.posts(&person(1)), fleet.posts(&person(2))), (0, 0), "the other replicas know of it");
    let page = people[2].get(&format!("/resets/{third}")).await;
    assert!(page.body.contains("You are number 3 in line"), "{}", page.body);
    assert!(page.body.contains("It goes on in about "), "{}", page.body);
    for (browser, reference) in people.iter_mut().zip([first, second, third]) {
        browser.until_state(&reference, "written").await;
    }
    assert!(began.elapsed() > Duration::from_secs(2));
    assert_eq!((fleet.posts(&person(1)), fleet.posts(&person(2))), (1, 1));
    three.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_is_killed_and_the_others_go_on() {
    let Some(mut three) = ThreeReplicas::start(2).await else { return };
    three.fleet.fault(
        InjectedFault::on(FaultTarget::ResetPassword, FaultEffect::LateAnswer { ms: 2_000 }).for_person(&person(0)),
    );
    three
        .fleet
        .fault(InjectedFault::on(FaultTarget::Writeback, FaultEffect::Slow { ms: 6_000 }).for_person(&person(1)));
    let (mut anna, berta) = (three.fleet.signed_in(&person(0)).await, three.fleet.signed_in(&person(1)).await);
    let sending = three.at(&anna, 0).reset(GOOD).await.reference();
    let writing = three.at(&berta, 0).reset(GOOD).await.reference();
    three.at(&berta, 1).until_state(&writing, "writing").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    three.replicas[0].kill();
    let began = Instant::now();
    // A browser retries when its open connection breaks.
    anna.http = crate::support::raw::http();
    assert!(anna.get("/reset").await.status.is_success(), "people keep their session, the balancer finds another");
    // A reset in state writing continues when the poll claim of the killed replica expires, one in state sending when
    // its lease expires.
    let mut elsewhere = three.at(&berta, 1);
    until_within(&mut elsewhere, &writing, &["written"], 35).await;
    println!("RESULT replicas killed_writing_goes_on_s={}", began.elapsed().as_secs());
    let status = until_within(&mut anna, &sending, &["unknown", "written"], 35).await;
    assert!(began.elapsed() < Duration::from_secs(35), "{:?} {status}", began.elapsed());
    println!("RESULT replicas killed_sending_ends_s={}", began.elapsed().as_secs());
    until_within(&mut anna, &sending, &["written"], 20).await;
    assert_eq!(three.fleet.posts(&person(0)), 1, "the log settled it, nothing was sent again");
    three.fleet.verify_audit();
    three.stop().await;
}

/// Waits until the reset is in one of these states.
async fn until_within(browser: &mut HttpBrowser, reference: &str, states: &[&str], seconds: u64) -> serde_json::Value {
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        let url = format!("{}/resets/{reference}", browser.portal);
        let read = browser.json_at(&url).await;
        if read.as_ref().is_some_and(|s| states.contains(&s["state"].as_str().unwrap_or(""))) {
            return read.unwrap();
        }
        assert!(Instant::now() < until, "{states:?}: {read:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_is_stopped_just_before_the_password_leaves_and_sends_nothing_when_it_wakes() {
    let stop = [("PASSBACK_STOP_AT", "dispatched")];
    let Some(three) = ThreeReplicas::with(1, &FleetSettings::default(), &stop).await else { return };
    let mut anna = three.fleet.signed_in_at(&person(0), &three.balancer, three.ports[1]).await;
    let reference = {
        let sleeper = three.at(&anna, 0);
        let submitted = sleeper.submit(GOOD).timeout(Duration::from_secs(3)).send();
        let _ = submitted.await;
        three.fleet.resets().await[0].reference.clone()
    };
    assert_eq!(three.fleet.posts(&person(0)), 0, "it was stopped before the password left");
    let status = until_within(&mut anna, &reference, &["unknown"], 35).await;
    assert_eq!(status["cause"], "U-CRASHED");
    // Anna tries again at another replica, with another password, before the stopped one wakes.
    let other = anna
        .post("/reset", &[("password", "Other-Lantern-31"), ("again", "Other-Lantern-31"), ("tried", "1")])
        .await
        .reference();
    until_within(&mut anna, &other, &["written"], 15).await;
    three.replicas[0].signal("CONT");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(three.fleet.posts(&person(0)), 1, "the old password never left");
    assert_eq!(three.fleet.tenant.directory_accepts(&person(0), "Other-Lantern-31"), Some(true));
    let old = three.fleet.resets().await.into_iter().find(|row| row.reference == reference).unwrap();
    assert_eq!((old.state.as_str(), old.cause.as_deref()), ("unknown", Some("U-CRASHED")), "its late writes lost");
    assert!(three.at(&anna, 0).get("/reset").await.status.is_success(), "and it serves again");
    three.fleet.verify_audit();
    three.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_is_restarted_under_three_replicas() {
    let cluster = PostgresCluster::start();
    let dir = tempfile::tempdir().unwrap();
    let fleet = PortalFleet::with(FleetSetup { database: cluster.url(), seed: crowded(2), https: false, dir }).await;
    let three = ThreeReplicas::on(fleet, &[]).await;
    three.fleet.fault(InjectedFault::on(FaultTarget::Writeback, FaultEffect::Slow { ms: 5_000 }));
    let mut anna = three.fleet.signed_in(&person(0)).await;
    let berta = three.fleet.signed_in(&person(1)).await;
    let reference = anna.reset(GOOD).await.reference();
    anna.until_state(&reference, "writing").await;
    let mut stream = events(&three.at(&anna, 1), &reference, None).await;
    next(&mut stream, 5).await.unwrap();
    cluster.down();
    for n in 0..3 {
        let mut browser = three.at(&berta, n);
        let page = browser.get("/reset").await;
        assert_eq!((page.status, page.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "E-UNAVAILABLE"), "{n}");
        assert!(page.body.contains("Nothing was changed"), "{}", page.body);
        assert_eq!(browser.once("/readyz").await.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(browser.once("/healthz").await.status().is_success(), "it is not this process that is ill");
    }
    let refused = three.at(&berta, 0).reset(GOOD).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    cluster.up();
    let mut seen = String::new();
    while seen != "written" {
        seen = next(&mut stream, 20).await.expect("the open stream outlives the database").1;
    }
    assert!(anna.get("/reset").await.status.is_success(), "she is still signed in");
    assert_eq!((three.fleet.posts(&person(0)), three.fleet.posts(&person(1))), (1, 0));
    three.fleet.verify_audit();
    three.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cable_to_the_database_is_pulled_for_ten_seconds() {
    let cluster = PostgresCluster::start();
    let mut cable = NetworkLink::new();
    let dir = tempfile::tempdir().unwrap();
    let fleet = PortalFleet::with(FleetSetup { database: cluster.url(), seed: crowded(3), https: false, dir }).await;
    let (near, far) = (free_port(), free_port());
    // The far portal reaches its database over the link. Entra and its visitors use Unix sockets, which need no link.
    let entra = fleet.tenant.url().rsplit(':').next().unwrap().to_owned();
    let (to_entra, to_far) = (fleet.path().join("entra.sock"), fleet.path().join("far.sock"));
    cable.forward_on_data(&format!("tcp:{DATABASE_AT}:5432=unix:{}", cluster.socket().display()));
    cable.forward_here(&format!("unix:{}=tcp:127.0.0.1:{entra}", to_entra.display()));
    cable.forward_on_host(&format!("tcp:127.0.0.1:{entra}=unix:{}", to_entra.display()));
    cable.forward_on_host(&format!("unix:{}=tcp:127.0.0.1:{far}", to_far.display()));
    let database = format!("postgres://postgres@{DATABASE_AT}:5432/postgres");
    let mut far_portal = fleet.start_with(cable.on_host(), far, &[("PASSBACK__DATABASE__URL", &database)]);
    cable.forward_here(&format!("tcp:127.0.0.1:{far}=unix:{}", to_far.display()));
    let near_portal = fleet.start(near, &[]).await;
    let balancer = LoadBalancer::start(fleet.port, &[near]).await;
    let three = ThreeReplicas { fleet, balancer, replicas: vec![near_portal], ports: vec![near, far] };
    three.fleet.link().await;
    three.fleet.fault(InjectedFault::on(FaultTarget::Writeback, FaultEffect::Slow { ms: 3_000 }));
    let (mut anna, berta) = (three.fleet.signed_in(&person(0)).await, three.fleet.signed_in(&person(1)).await);
    until_up(&mut three.at(&anna, 1), 20).await;
    let over_there = three.at(&anna, 1).reset(GOOD).await.reference();
    until_within(&mut anna, &over_there, &["writing"], 10).await;

    cable.cut();
    let cut_at = Instant::now();
    let dark = three.at(&berta, 1).get("/reset").await;
    assert_eq!(dark.status, StatusCode::SERVICE_UNAVAILABLE, "a page that says so, not one that hangs: {}", dark.body);
    assert!(cut_at.elapsed() < Duration::from_secs(8), "{:?}", cut_at.elapsed());
    // The other replica takes over when the claim expires, and people there notice nothing.
    let here = three.at(&berta, 0).reset(GOOD).await.reference();
    until_within(&mut three.at(&berta, 0), &here, &["written"], 10).await;
    let rest = Duration::from_secs(10).saturating_sub(cut_at.elapsed());
    tokio::time::sleep(rest).await;
    cable.mend();
    until_within(&mut anna, &over_there, &["written"], 30).await;
    println!("RESULT replicas cut_10s_done_after_s={}", cut_at.elapsed().as_secs());
    until_up(&mut three.at(&anna, 1), 20).await;
    assert_eq!(three.at(&anna, 1).json(&over_there).await["state"], "written", "her session lives there too");
    assert_eq!((three.fleet.posts(&person(0)), three.fleet.posts(&person(1))), (1, 1));
    three.fleet.verify_audit();
    far_portal.kill();
    three.stop().await;
}

/// Waits until the reset form opens again.
async fn until_up(browser: &mut HttpBrowser, seconds: u64) {
    let until = Instant::now() + Duration::from_secs(seconds);
    while !browser.get("/reset").await.status.is_success() {
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_release_changes_the_tables_while_the_old_one_serves() {
    let Some(mut three) = ThreeReplicas::start(12).await else { return };
    let next = three.fleet.path().join("next");
    std::fs::create_dir(&next).unwrap();
    // A later release may add to the schema but never remove (`docs/operations.md`, upgrades).
    std::fs::write(
        next.join("9001_next.sql"),
        "ALTER TABLE resets ADD COLUMN next_words TEXT;\nCREATE TABLE next_things (id BIGINT PRIMARY KEY);\n\
         CREATE INDEX resets_next ON resets (next_words);\n",
    )
    .unwrap();
    let next = next.display().to_string();
    let anna = three.fleet.signed_in(&person(0)).await;
    let ports = three.ports.clone();
    for (n, port) in ports.iter().enumerate() {
        // People reset during the upgrade, at the replicas that are running.
        let others: Vec<u16> = ports.iter().copied().filter(|p| p != port).collect();
        three.balancer.send_to(&others);
        let mut during = three.fleet.signed_in(&person(n + 1)).await;
        let reference = during.reset(GOOD).await.reference();
        three.replicas[n].stop();
        three.replicas[n] = three.fleet.start(*port, &[("PASSBACK_NEXT_MIGRATIONS", &next)]).await;
        during.until_state(&reference, "written").await;
        three.balancer.send_to(&ports);
        for m in 0..3 {
            assert!(three.at(&anna, m).get("/reset").await.status.is_success(), "old and new serve the same session");
        }
        let mut after = three.fleet.signed_in(&person(n + 5)).await;
        let reference = after.reset(GOOD).await.reference();
        after.until_state(&reference, "written").await;
    }
    // Back to the old release: it starts on the new schema.
    three.replicas[0].stop();
    three.replicas[0] = three.fleet.start(ports[0], &[]).await;
    let mut back = three.at(&anna, 0);
    let reference = back.reset(GOOD).await.reference();
    back.until_state(&reference, "written").await;
    assert!(three.fleet.resets().await.iter().all(|row| three.fleet.posts(&row.upn) == 1));
    three.fleet.verify_audit();
    three.stop().await;
}
