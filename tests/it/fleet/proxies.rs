//! Listeners and proxies of the portal process: dual-stack peers, clear text, and a proxy that is not trusted.

use crate::support::fleet::{FleetSettings, PortalFleet, free_port, seed_with_people};
use crate::support::portal::{DatabaseEngine, HttpBrowser};

const STAFF_UPN: &str = "hugo@contoso.example";

fn count_lines(log: &str, text: &str) -> usize {
    log.lines().filter(|line| line.contains(text)).count()
}

async fn get_forwarded(browser: &HttpBrowser, path: &str, address: &str) -> reqwest::Response {
    let request = browser.http.get(format!("{}{path}", browser.portal_url));
    request.header("x-forwarded-for", address).send().await.unwrap()
}

#[tokio::test]
async fn dual_stack_listener_matches_ipv4_staff_networks() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    let settings = "per_address_minute = 1000\n[helpdesk]\nnetworks = [\"127.0.0.0/8\"]";
    fleet.write_config(&FleetSettings { reset_lines: settings, ..FleetSettings::default() });
    let listen = format!("[::]:{}", fleet.port);
    let _portal = fleet.start_replica(fleet.port, &[("PASSBACK__SERVER__LISTEN", &listen)]).await;
    let mut hugo = fleet.browser();
    hugo.sign_in("/signin?purpose=staff", STAFF_UPN, "passkey", "").await;
    let page = hugo.get("/helpdesk").await;
    assert!(page.status.is_success(), "{} {}", page.status, page.body);
    let log = fleet.read_log(fleet.port);
    assert_eq!(count_lines(&log, "listener has no TLS: passwords cross the network in clear text"), 1, "{log}");
}

#[tokio::test]
async fn loopback_listener_logs_no_warning() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    let _portal = fleet.start_replica(fleet.port, &[]).await;
    let log = fleet.read_log(fleet.port);
    assert_eq!(count_lines(&log, "listener has no TLS") + count_lines(&log, "server.trusted_proxies"), 0, "{log}");
}

#[tokio::test]
async fn untrusted_proxy_is_logged_once_and_is_a_health_issue() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    let portal = fleet.start_observed_replica(fleet.port, &[]).await;
    portal.wait_for_round("health-monitor").await;
    assert_eq!(count_lines(&fleet.read_log(fleet.port), "\"kind\":\"proxy\""), 0);
    for n in 0..3 {
        let begun = get_forwarded(&fleet.browser(), "/signin", &format!("203.0.113.{n}")).await;
        assert!(begun.status().is_redirection(), "{}", begun.status());
    }
    portal.wait_for_round("health-monitor").await;
    let log = fleet.read_log(fleet.port);
    assert_eq!(count_lines(&log, "forwarding header ignored"), 1, "{log}");
    let opened: Vec<&str> = log.lines().filter(|line| line.contains("health issue opened")).collect();
    let is_named = |line: &&str| line.contains("\"kind\":\"proxy\"") && line.contains("127.0.0.1");
    assert_eq!(opened.iter().filter(|line| is_named(line)).count(), 1, "{opened:?}");
    assert!(!log.contains("203.0.113."), "what the header says may be a person's address");
    drop(portal);

    // Trusted, as the issue's remedy says: it is over at once, and unreadable hops are logged once.
    let server = "trusted_proxies = [\"127.0.0.1/32\"]";
    fleet.write_config(&FleetSettings { server_lines: server, ..FleetSettings::default() });
    let port = free_port();
    let portal = fleet.start_observed_replica(port, &[]).await;
    fleet.wait_for_log(port, &["health issue resolved"]).await;
    let there = fleet.browser_at(&fleet.browser(), port);
    for address in ["203.0.113.7", "unknown", "unknown"] {
        get_forwarded(&there, "/signin", address).await;
    }
    portal.wait_for_round("health-monitor").await;
    let log = fleet.read_log(port);
    assert_eq!(count_lines(&log, "forwarding header ignored"), 0, "{log}");
    assert_eq!(count_lines(&log, "client address unreadable"), 1, "{log}");
}
