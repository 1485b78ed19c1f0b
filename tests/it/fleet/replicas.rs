//! Three replicas on one PostgreSQL. Each may be killed, stopped, cut off or replaced.

use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _};
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;
use sqlx::Connection as _;

use crate::support::balancer::LoadBalancer;
use crate::support::fleet::{
    FleetSettings, FleetSetup, PortalFleet, PortalReplica, free_port, person_upn, seed_with_people,
};
use crate::support::network_link::{DATABASE_ADDRESS, NetworkLink};
use crate::support::portal::{DatabaseEngine, HttpBrowser, VALID_PASSWORD};
use crate::support::postgres::PostgresCluster;
use crate::support::wait::{in_time, let_time_pass, wait_for_value, wait_until};

struct ThreeReplicas {
    fleet: PortalFleet,
    balancer: LoadBalancer,
    replicas: Vec<PortalReplica>,
    ports: Vec<u16>,
}

impl ThreeReplicas {
    async fn start(people: usize) -> Option<Self> {
        Self::start_with(people, &FleetSettings::default(), &[]).await
    }

    /// Starts three replicas, the first with `first` in its environment. Returns `None` without PostgreSQL.
    async fn start_with(people: usize, settings: &FleetSettings<'_>, first: &[(&str, &str)]) -> Option<Self> {
        if std::env::var("TEST_DATABASE_URL").is_err() {
            println!("TEST_DATABASE_URL is not set: several replicas need PostgreSQL");
            return None;
        }
        let fleet = PortalFleet::new(DatabaseEngine::Postgres, seed_with_people(people)).await;
        fleet.write_config(settings);
        Some(Self::start_on(fleet, first).await)
    }

    async fn start_on(fleet: PortalFleet, first: &[(&str, &str)]) -> Self {
        let ports: Vec<u16> = (0..3).map(|_| free_port()).collect();
        let balancer = LoadBalancer::start(fleet.port, &ports).await;
        let mut replicas = Vec::new();
        for (n, port) in ports.iter().enumerate() {
            replicas.push(fleet.start_replica(*port, if n == 0 { first } else { &[] }).await);
        }
        fleet.link_operator().await;
        Self { fleet, balancer, replicas, ports }
    }

    /// Returns the person's browser, directed to one replica.
    fn browser_at(&self, browser: &HttpBrowser, n: usize) -> HttpBrowser {
        self.fleet.browser_at(browser, self.ports[n])
    }

    /// Waits until every replica refuses this person's form with a code, or with none shows it.
    async fn wait_for_form_code(&self, browser: &HttpBrowser, code: Option<&str>) {
        let wanted = code.map_or_else(|| "id=\"reset-form\"".to_owned(), |code| format!("data-code=\"{code}\""));
        for n in 0..3 {
            let mut there = self.browser_at(browser, n);
            let is_shown = async || there.get("/reset").await.body.contains(&wanted);
            wait_until(format!("{wanted} at replica {n}"), is_shown).await;
        }
    }

    async fn stop(mut self) {
        for replica in &mut self.replicas {
            replica.kill();
        }
        self.fleet.emulator.stop().await;
    }
}

/// Opens the event stream of a reset at one replica.
async fn open_event_stream(
    browser: &HttpBrowser,
    reference: &str,
    last: Option<&str>,
) -> impl Stream<Item = String> + Unpin + use<> {
    let url = format!("{}/resets/{reference}/events", browser.portal_url);
    let cookie = browser.cookie_header();
    let mut request = browser.http.get(url).header("cookie", cookie);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.bytes_stream().map(|chunk| chunk.map_or(String::new(), |c| String::from_utf8_lossy(&c).into_owned())).boxed()
}

/// Returns id and state of the next event, or `None` at the end of the stream. Keep-alives are skipped.
async fn next_event(stream: &mut (impl Stream<Item = String> + Unpin)) -> Option<(String, String)> {
    loop {
        let text = in_time("the next event", stream.next()).await?;
        let id = text.lines().find_map(|l| l.strip_prefix("id: ")).map(str::to_owned);
        let data = text.lines().find_map(|l| l.strip_prefix("data: "));
        if let (Some(id), Some(data)) = (id, data) {
            let status: serde_json::Value = serde_json::from_str(data).unwrap();
            return Some((id, status["state"].as_str().unwrap().to_owned()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_share_sessions_resets_and_events() {
    let Some(three) =
        ThreeReplicas::start_with(4, &FleetSettings { reset_lines: LOW_LIMITS, ..FleetSettings::default() }, &[]).await
    else {
        return;
    };
    let fleet = &three.fleet;
    fleet.hold_writeback(&person_upn(0));
    let anna = fleet.signed_in(&person_upn(0)).await;
    for n in 0..3 {
        assert!(
            three.browser_at(&anna, n).get("/reset").await.status.is_success(),
            "signed in at one is signed in at {n}"
        );
    }
    let reference = three.browser_at(&anna, 0).submit_reset(VALID_PASSWORD).await.reference();
    let again = three.browser_at(&anna, 1).submit_reset("Another-Lantern-31").await;
    assert_eq!(again.reference(), reference, "one unfinished reset, wherever it is asked for");

    let mut here = open_event_stream(&three.browser_at(&anna, 1), &reference, None).await;
    let (id, state) = next_event(&mut here).await.unwrap();
    assert!(["sending", "writing"].contains(&state.as_str()), "{state}");
    drop(here);
    let mut there = open_event_stream(&three.browser_at(&anna, 2), &reference, Some(&id)).await;
    let mut seen = Vec::new();
    let mut heard = String::new();
    // More than one request for the operation, while it is held: each replica could have sent one.
    let polls = async || fleet.load_resets().await[0].polls;
    wait_for_value("the operation is asked for twice", polls, |polls| *polls >= 2).await;
    fleet.end_held_writebacks();
    while let Some((next_id, state)) = next_event(&mut there).await {
        assert!(next_id.parse::<i64>().unwrap() > id.parse::<i64>().unwrap(), "nothing is told twice");
        for n in 0..3 {
            // Visited pages are in the page cache.
            three.browser_at(&anna, n).get(&format!("/resets/{reference}")).await;
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
        let page = three.browser_at(&anna, n).get(&format!("/resets/{reference}?revision={heard}")).await;
        assert_eq!(page.attribute("data-state"), "written", "no older page from memory at {n}");
    }
    let asked = i64::try_from(fleet.emulator.count_calls(FaultTarget::Operation, None)).unwrap();
    // The last request ends the reset, and its row does not count it.
    assert_eq!(asked, polls().await + 1, "an operation is asked for by one replica at a time");
    assert_eq!(fleet.count_reset_posts(&person_upn(0)), 1);

    // Signing out at one replica ends the streams at the others.
    three.browser_at(&anna, 0).post_once("/signout", &[]).await;
    let began = Instant::now();
    while in_time("the stream ends", there.next()).await.is_some() {}
    println!("RESULT replicas stream_ends_after_signout_ms={}", began.elapsed().as_millis());
    // Neither does any replica show a page from its cache for long.
    for n in 0..3 {
        let mut there = three.browser_at(&anna, n);
        let is_signed_out =
            async || there.get_once("/reset").await.headers().get("location").is_some_and(|to| to == "/signin");
        wait_until(format!("she is signed out at {n}"), is_signed_out).await;
    }

    three.stop().await;
}

/// Low limits: 4 people per hour, 50 requests of each kind per minute and address.
const LOW_LIMITS: &str = "hourly_ceiling = 4\nper_person_hour = 1000\nper_address_minute = 50";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rate_limits_pause_and_hourly_limit_span_replicas() {
    let Some(three) =
        ThreeReplicas::start_with(5, &FleetSettings { reset_lines: LOW_LIMITS, ..FleetSettings::default() }, &[]).await
    else {
        return;
    };
    let fleet = &three.fleet;
    let anna = fleet.signed_in(&person_upn(0)).await;
    // Guessed references count together, at whichever replica. Each replica gets as many as one address may guess.
    let began = Instant::now();
    // All at once, so that they overtake each other: one with an earlier time must not reset the limit.
    let guess = async |n: usize| three.browser_at(&anna, n % 3).get_once("/resets/7KQ4-M2ZD").await.status();
    let statuses = futures_util::future::join_all((0..150).map(guess)).await;
    let missed = statuses.iter().filter(|status| **status == StatusCode::NOT_FOUND).count();
    // The limit is 50 a minute: on a slow machine some of the minute has passed meanwhile.
    let regained = usize::try_from(began.elapsed().as_secs() * 50 / 60).unwrap() + 1;
    assert!((40..=50 + regained).contains(&missed), "{missed} and {regained} regained");

    let berta = fleet.signed_in(&person_upn(1)).await;
    assert!(fleet.cli_command(&["pause"]).status().unwrap().success());
    three.wait_for_form_code(&berta, Some("G-PAUSED")).await;
    assert!(fleet.cli_command(&["resume"]).status().unwrap().success());
    three.wait_for_form_code(&berta, None).await;

    // The hourly limit counts the people of all three replicas.
    for n in 0..4 {
        let person = fleet.signed_in(&person_upn(n)).await;
        let mut person = three.browser_at(&person, n % 3);
        let reference = person.submit_reset(VALID_PASSWORD).await.reference();
        person.wait_for_state(&reference, "written").await;
    }
    let again = three.browser_at(&anna, 1).submit_reset("Another-Lantern-31").await.reference();
    three.browser_at(&anna, 1).wait_for_state(&again, "written").await;
    let fifth = fleet.signed_in(&person_upn(4)).await;
    assert_eq!(three.browser_at(&fifth, 2).submit_reset(VALID_PASSWORD).await.code(), "G-CEILING");
    assert_eq!(fleet.count_reset_posts(&person_upn(4)), 0);
    three.wait_for_form_code(&berta, Some("G-CEILING")).await;
    fleet.verify_audit();
    three.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn burst_of_forty_people_sends_ten_at_a_limit_of_ten() {
    let lines = "hourly_ceiling = 10\nper_person_hour = 1000\nper_address_minute = 100000";
    let settings = FleetSettings { reset_lines: lines, ..FleetSettings::default() };
    let Some(three) = ThreeReplicas::start_with(40, &settings, &[]).await else { return };
    let fleet = &three.fleet;
    let mut people = Vec::new();
    for n in 0..40 {
        people.push(three.browser_at(&fleet.signed_in(&person_upn(n)).await, n % 3));
    }
    let submits = people.iter().map(|browser| browser.reset_request(VALID_PASSWORD).send());
    let answers = futures_util::future::join_all(submits).await.into_iter();
    let statuses: Vec<StatusCode> = answers.map(|answer| answer.unwrap().status()).collect();
    // Either a reset that has begun, or the page G-CEILING.
    let is_expected = |status: &StatusCode| status.is_redirection() || *status == StatusCode::SERVICE_UNAVAILABLE;
    assert!(statuses.iter().all(is_expected), "{statuses:?}");
    let resets = fleet.wait_until_settled().await;
    assert_eq!((0..40).map(|n| fleet.count_reset_posts(&person_upn(n))).sum::<usize>(), 10);
    let ended = |state: &str| resets.iter().filter(|reset| reset.state == state).count();
    assert_eq!((ended("written"), ended("written") + ended("refused")), (10, resets.len()), "{resets:?}");
    fleet.verify_audit();
    three.stop().await;
}

/// Waits in the line for as long as the test needs.
const LONG_LINE: &str =
    "hourly_ceiling = 100000\nper_person_hour = 1000\nper_address_minute = 100000\nline_limit_seconds = 3600";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttled_replica_queues_resets_of_all_replicas() {
    let settings = FleetSettings { reset_lines: LONG_LINE, ..FleetSettings::default() };
    let Some(three) = ThreeReplicas::start_with(3, &settings, &[]).await else { return };
    let fleet = &three.fleet;
    let busy =
        FaultEffect::Status { status: 429, code: "TooManyRequests".into(), retry_after: Some(1_800), graph_body: true };
    fleet.add_fault(InjectedFault::new(FaultTarget::ResetPassword, busy).for_person(&person_upn(0)).times(1));
    let mut people = Vec::new();
    for n in 0..3 {
        people.push(three.browser_at(&fleet.signed_in(&person_upn(n)).await, n));
    }
    let mut references = Vec::new();
    for (n, browser) in people.iter_mut().enumerate() {
        let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
        let place = format!("You are number {} in line", n + 1);
        let page = async || browser.get(&format!("/resets/{reference}")).await.body;
        let page = wait_for_value(&place, page, |page| page.contains(&place)).await;
        assert!(page.contains("It goes on in about "), "{page}");
        references.push(reference);
    }
    let posts = || [0, 1, 2].map(|n| fleet.count_reset_posts(&person_upn(n)));
    assert_eq!(posts(), [1, 0, 0], "the other replicas know of it");
    // Graph's half hour is over.
    let mut database = sqlx::PgConnection::connect(&fleet.database).await.unwrap();
    let over = "UPDATE throttles SET until = $1 WHERE name = 'reset'";
    let now = passback::Clock::system().now().as_millisecond();
    assert_eq!(sqlx::query(over).bind(now).execute(&mut database).await.unwrap().rows_affected(), 1);
    for (browser, reference) in people.iter_mut().zip(&references) {
        browser.wait_for_state(reference, "written").await;
    }
    assert_eq!(posts(), [2, 1, 1]);
    three.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resets_of_killed_replica_continue_elsewhere() {
    // The first replica stops with Graph's answer to its second reset in its hands, and is killed there.
    let stop = [("PASSBACK_STOP_AT", "answered:2")];
    let Some(mut three) = ThreeReplicas::start_with(2, &FleetSettings::default(), &stop).await else { return };
    three.fleet.hold_writeback(&person_upn(1));
    let (mut anna, berta) = (three.fleet.signed_in(&person_upn(0)).await, three.fleet.signed_in(&person_upn(1)).await);
    let writing = three.browser_at(&berta, 0).submit_reset(VALID_PASSWORD).await.reference();
    three.browser_at(&berta, 1).wait_for_state(&writing, "writing").await;
    let submitted = tokio::spawn(three.browser_at(&anna, 0).reset_request(VALID_PASSWORD).send());
    three.replicas[0].wait_until_stopped().await;
    assert_eq!(three.fleet.count_reset_posts(&person_upn(0)), 1);
    let rows = three.fleet.load_resets().await;
    let sending = rows.into_iter().find(|row| row.upn == person_upn(0)).unwrap();
    assert_eq!(sending.state, "sending");
    let sending = sending.reference;
    three.replicas[0].kill();
    let began = Instant::now();
    let _ = submitted.await;
    three.fleet.end_held_writebacks();
    // A browser retries when its open connection breaks.
    anna.http = crate::support::raw_client::http_client();
    assert!(anna.get("/reset").await.status.is_success(), "people keep their session, the balancer finds another");
    // A reset in state writing continues when the poll claim of the killed replica expires, one in state sending when
    // its lease expires.
    let mut elsewhere = three.browser_at(&berta, 1);
    wait_for_any_state(&mut elsewhere, &writing, &["written"]).await;
    println!("RESULT replicas killed_writing_goes_on_s={}", began.elapsed().as_secs());
    wait_for_any_state(&mut anna, &sending, &["unknown", "written"]).await;
    println!("RESULT replicas killed_sending_ends_s={}", began.elapsed().as_secs());
    wait_for_any_state(&mut anna, &sending, &["written"]).await;
    assert_eq!(three.fleet.count_reset_posts(&person_upn(0)), 1, "the log settled it, nothing was sent again");
    three.fleet.verify_audit();
    three.stop().await;
}

/// Waits until the reset is in one of these states. A replica that cannot answer is asked again.
async fn wait_for_any_state(browser: &mut HttpBrowser, reference: &str, states: &[&str]) -> serde_json::Value {
    let url = format!("{}/resets/{reference}", browser.portal_url);
    let is_reached = |status: &Option<serde_json::Value>| {
        status.as_ref().is_some_and(|status| states.contains(&status["state"].as_str().unwrap_or("")))
    };
    let what = format!("{reference} is in one of the states {states:?}");
    wait_for_value(what, async || browser.try_fetch_status(&url).await, is_reached).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replica_stopped_before_sending_sends_nothing_on_wake() {
    let stop = [("PASSBACK_STOP_AT", "dispatched")];
    let Some(three) = ThreeReplicas::start_with(1, &FleetSettings::default(), &stop).await else { return };
    let mut anna = three.fleet.signed_in_at(&person_upn(0), &three.balancer, three.ports[1]).await;
    let submitted = tokio::spawn(three.browser_at(&anna, 0).reset_request(VALID_PASSWORD).send());
    three.replicas[0].wait_until_stopped().await;
    // Her browser gives up.
    submitted.abort();
    let reference = three.fleet.load_resets().await[0].reference.clone();
    assert_eq!(three.fleet.count_reset_posts(&person_upn(0)), 0, "it was stopped before the password left");
    let status = wait_for_any_state(&mut anna, &reference, &["unknown"]).await;
    assert_eq!(status["cause"], "U-CRASHED");
    // Anna tries again at another replica, with another password, before the stopped one wakes.
    let other = anna
        .post("/reset", &[("password", "Other-Lantern-31"), ("again", "Other-Lantern-31"), ("tried", "1")])
        .await
        .reference();
    wait_for_any_state(&mut anna, &other, &["written"]).await;
    three.replicas[0].send_signal("CONT");
    // It finds out before or after it would have sent the password.
    let gives_up = ["reset dispatch failed: tracker will resolve", "another replica already ended the reset"];
    three.fleet.wait_for_log(three.ports[0], &gives_up).await;
    assert_eq!(three.fleet.count_reset_posts(&person_upn(0)), 1, "the old password never left");
    assert_eq!(three.fleet.emulator.is_directory_password(&person_upn(0), "Other-Lantern-31"), Some(true));
    let old = three.fleet.load_resets().await.into_iter().find(|row| row.reference == reference).unwrap();
    assert_eq!((old.state.as_str(), old.cause.as_deref()), ("unknown", Some("U-CRASHED")), "its late writes lost");
    assert!(three.browser_at(&anna, 0).get("/reset").await.status.is_success(), "and it serves again");
    three.fleet.verify_audit();
    three.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_restart_under_three_replicas_loses_nothing() {
    let cluster = PostgresCluster::start();
    let dir = tempfile::tempdir().unwrap();
    let fleet = PortalFleet::with_setup(FleetSetup {
        database: cluster.url(),
        seed: seed_with_people(2),
        uses_https: false,
        dir,
    })
    .await;
    let three = ThreeReplicas::start_on(fleet, &[]).await;
    three.fleet.hold_writeback(&person_upn(0));
    let mut anna = three.fleet.signed_in(&person_upn(0)).await;
    let berta = three.fleet.signed_in(&person_upn(1)).await;
    let reference = anna.submit_reset(VALID_PASSWORD).await.reference();
    anna.wait_for_state(&reference, "writing").await;
    let mut stream = open_event_stream(&three.browser_at(&anna, 1), &reference, None).await;
    next_event(&mut stream).await.unwrap();
    cluster.stop_server();
    for n in 0..3 {
        let mut browser = three.browser_at(&berta, n);
        let page = browser.get("/reset").await;
        assert_eq!((page.status, page.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "E-UNAVAILABLE"), "{n}");
        assert!(page.body.contains("Nothing was changed"), "{}", page.body);
        assert_eq!(browser.get_once("/readyz").await.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(browser.get_once("/healthz").await.status().is_success(), "it is not this process that is ill");
    }
    let refused = three.browser_at(&berta, 0).submit_reset(VALID_PASSWORD).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    cluster.start_server();
    three.fleet.end_held_writebacks();
    let mut seen = String::new();
    while seen != "written" {
        seen = next_event(&mut stream).await.expect("the open stream outlives the database").1;
    }
    assert!(anna.get("/reset").await.status.is_success(), "she is still signed in");
    assert_eq!((three.fleet.count_reset_posts(&person_upn(0)), three.fleet.count_reset_posts(&person_upn(1))), (1, 0));
    three.fleet.verify_audit();
    three.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replica_cut_off_from_database_for_ten_seconds_recovers() {
    let cluster = PostgresCluster::start();
    let mut cable = NetworkLink::new();
    let dir = tempfile::tempdir().unwrap();
    let fleet = PortalFleet::with_setup(FleetSetup {
        database: cluster.url(),
        seed: seed_with_people(3),
        uses_https: false,
        dir,
    })
    .await;
    let (near, far) = (free_port(), free_port());
    // The far portal reaches its database over the link. Entra and its visitors use Unix sockets, which need no link.
    let entra = fleet.emulator.url().rsplit(':').next().unwrap().to_owned();
    let (to_entra, to_far) = (fleet.data_path().join("entra.sock"), fleet.data_path().join("far.sock"));
    cable.forward_on_data(&format!("tcp:{DATABASE_ADDRESS}:5432=unix:{}", cluster.socket_path().display()));
    cable.forward_locally(&format!("unix:{}=tcp:127.0.0.1:{entra}", to_entra.display()));
    cable.forward_on_host(&format!("tcp:127.0.0.1:{entra}=unix:{}", to_entra.display()));
    cable.forward_on_host(&format!("unix:{}=tcp:127.0.0.1:{far}", to_far.display()));
    let database = format!("postgres://postgres@{DATABASE_ADDRESS}:5432/postgres");
    let mut far_portal = fleet.spawn_replica(cable.host_command(), far, &[("PASSBACK__DATABASE__URL", &database)]);
    cable.forward_locally(&format!("tcp:127.0.0.1:{far}=unix:{}", to_far.display()));
    let near_portal = fleet.start_replica(near, &[]).await;
    let balancer = LoadBalancer::start(fleet.port, &[near]).await;
    let three = ThreeReplicas { fleet, balancer, replicas: vec![near_portal], ports: vec![near, far] };
    three.fleet.link_operator().await;
    three.fleet.hold_writeback(&person_upn(0));
    let (mut anna, berta) = (three.fleet.signed_in(&person_upn(0)).await, three.fleet.signed_in(&person_upn(1)).await);
    wait_until_form_opens(&mut three.browser_at(&anna, 1)).await;
    let over_there = three.browser_at(&anna, 1).submit_reset(VALID_PASSWORD).await.reference();
    wait_for_any_state(&mut anna, &over_there, &["writing"]).await;

    cable.cut();
    let cut_at = Instant::now();
    let mut far_away = three.browser_at(&berta, 1);
    let dark = in_time("a page that says so, not one that hangs", far_away.get("/reset")).await;
    assert_eq!(dark.status, StatusCode::SERVICE_UNAVAILABLE, "{}", dark.body);
    let ready = in_time("it says that it is not ready", far_away.get_once("/readyz")).await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    // The other replica takes over when the claim expires, and people there notice nothing.
    three.fleet.end_held_writebacks();
    let here = three.browser_at(&berta, 0).submit_reset(VALID_PASSWORD).await.reference();
    wait_for_any_state(&mut three.browser_at(&berta, 0), &here, &["written"]).await;
    // The outage lasts ten seconds or more: long enough that its connections to the database are given up.
    let_time_pass(Duration::from_secs(10).saturating_sub(cut_at.elapsed())).await;
    cable.restore();
    wait_for_any_state(&mut anna, &over_there, &["written"]).await;
    println!("RESULT replicas cut_10s_done_after_s={}", cut_at.elapsed().as_secs());
    wait_until_form_opens(&mut three.browser_at(&anna, 1)).await;
    let is_ready = async || far_away.get_once("/readyz").await.status().is_success();
    wait_until("it is ready again", is_ready).await;
    assert_eq!(
        three.browser_at(&anna, 1).fetch_status(&over_there).await["state"],
        "written",
        "her session lives there too"
    );
    assert_eq!((three.fleet.count_reset_posts(&person_upn(0)), three.fleet.count_reset_posts(&person_upn(1))), (1, 1));
    three.fleet.verify_audit();
    far_portal.kill();
    three.stop().await;
}

/// Waits until the reset form opens again.
async fn wait_until_form_opens(browser: &mut HttpBrowser) {
    wait_until("the form opens", async || browser.get("/reset").await.status.is_success()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_upgrade_with_new_schema_keeps_serving() {
    let Some(mut three) = ThreeReplicas::start(12).await else { return };
    let next = three.fleet.data_path().join("next");
    std::fs::create_dir(&next).unwrap();
    // A later release may add to the schema but never remove (`docs/operations.md`, upgrades).
    std::fs::write(
        next.join("9001_next.sql"),
        "ALTER TABLE resets ADD COLUMN next_words TEXT;\nCREATE TABLE next_things (id BIGINT PRIMARY KEY);\n\
         CREATE INDEX resets_next ON resets (next_words);\n",
    )
    .unwrap();
    let next = next.display().to_string();
    let anna = three.fleet.signed_in(&person_upn(0)).await;
    let ports = three.ports.clone();
    for (n, port) in ports.iter().enumerate() {
        // People reset during the upgrade, at the replicas that are running.
        let others: Vec<u16> = ports.iter().copied().filter(|p| p != port).collect();
        three.balancer.set_replicas(&others);
        let mut during = three.fleet.signed_in(&person_upn(n + 1)).await;
        let reference = during.submit_reset(VALID_PASSWORD).await.reference();
        three.replicas[n].stop();
        three.replicas[n] = three.fleet.start_replica(*port, &[("PASSBACK_NEXT_MIGRATIONS", &next)]).await;
        during.wait_for_state(&reference, "written").await;
        three.balancer.set_replicas(&ports);
        for m in 0..3 {
            assert!(
                three.browser_at(&anna, m).get("/reset").await.status.is_success(),
                "old and new serve the same session"
            );
        }
        let mut after = three.fleet.signed_in(&person_upn(n + 5)).await;
        let reference = after.submit_reset(VALID_PASSWORD).await.reference();
        after.wait_for_state(&reference, "written").await;
    }
    // Back to the old release: it starts on the new schema.
    three.replicas[0].stop();
    three.replicas[0] = three.fleet.start_replica(ports[0], &[]).await;
    let mut back = three.browser_at(&anna, 0);
    let reference = back.submit_reset(VALID_PASSWORD).await.reference();
    back.wait_for_state(&reference, "written").await;
    assert!(three.fleet.load_resets().await.iter().all(|row| three.fleet.count_reset_posts(&row.upn) == 1));
    three.fleet.verify_audit();
    three.stop().await;
}
