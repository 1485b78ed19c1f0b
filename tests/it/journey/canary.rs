//! Canary resets: a test account is reset on schedule and shows whether writeback works before a person needs it.

use std::time::Duration;

use jiff::SignedDuration;
use passback::config::CanaryConfig;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use reqwest::StatusCode;

use super::cases::staff;
use crate::support::domain::SambaDomain;
use crate::support::portal::{DatabaseEngine, GOOD, HttpBrowser, PortalSetup, TestPortal, engines, upn};

const CANARY: &str = "canary@contoso.example";

fn seed(more: &str, change: impl Fn(&str) -> String) -> TenantSeed {
    let text = change(passback_emulator::CONTOSO_SEED);
    let person =
        format!("\n[[people]]\nupn = \"{CANARY}\"\nname = \"Test Account\"\nmobile = \"+1 555 0100\"\n{more}\n");
    TenantSeed::parse(&(text + &person)).unwrap().hurry()
}

fn settings(person: &str) -> CanaryConfig {
    toml::from_str(&format!("person = \"{person}\"\nstop_after = 2")).unwrap()
}

async fn portal_of(seed: TenantSeed, engine: DatabaseEngine, person: &'static str) -> TestPortal {
    let wish = PortalSetup::adjusted(move |config| config.canary = Some(settings(person)));
    TestPortal::with(PortalSetup { engine, seed, ..wish }).await
}

/// Waits until the insights list `count` runs with this result, and returns the page.
async fn until_run(hugo: &mut HttpBrowser, says: &str, count: usize) -> String {
    let mark = format!("data-canary=\"{says}\"");
    for _ in 0..200 {
        let page = hugo.get("/helpdesk/insights").await;
        if page.body.matches(&mark).count() == count {
            return page.body;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never {count} times {says}: {}", hugo.get("/helpdesk/insights").await.main());
}

fn posts(portal: &TestPortal) -> usize {
    portal.demo.tenant.calls(FaultTarget::ResetPassword, Some(CANARY))
}

async fn count(portal: &TestPortal, engine: DatabaseEngine, sql: &'static str) -> i64 {
    let row: (i64,) = match engine {
        DatabaseEngine::Sqlite => {
            sqlx::query_as(sql).fetch_one(&sqlx::SqlitePool::connect(&portal.database).await.unwrap()).await.unwrap()
        }
        DatabaseEngine::Postgres => {
            sqlx::query_as(sql).fetch_one(&sqlx::PgPool::connect(&portal.database).await.unwrap()).await.unwrap()
        }
    };
    row.0
}

#[tokio::test]
async fn the_test_account_is_reset_once_a_day_through_every_step() {
    for engine in engines() {
        let portal = portal_of(seed("", str::to_owned), engine, CANARY).await;
        let mut hugo = staff(&portal, "hugo").await;
        let page = until_run(&mut hugo, "good", 1).await;
        assert!(page.contains("came through"), "{page}");
        assert_eq!(posts(&portal), 1);
        assert_eq!(portal.demo.tenant.directory_accepts(CANARY, "Old-River-Stone-7"), Some(false), "a real reset");
        // The canary is not a person's reset: it causes no notice, no phone number, no rate limit and no statistics.
        for sql in [
            "SELECT COUNT(*) FROM notices",
            "SELECT COUNT(*) FROM person_numbers",
            "SELECT COUNT(*) FROM limits WHERE name LIKE 'reset:%'",
        ] {
            assert_eq!(count(&portal, engine, sql).await, 0, "{sql}");
        }
        assert!(page.contains("<p id=\"outcomes-summary\">") && !page.contains("data-trouble"), "{page}");
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        assert_eq!(posts(&portal), 1, "not again the same day");
        portal.clock.advance(SignedDuration::from_hours(25));
        for _ in 0..100 {
            if posts(&portal) == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(posts(&portal), 2);
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn a_writeback_that_is_down_is_told_to_people_and_to_the_desk_and_the_canary_stops() {
    let portal = portal_of(seed("", str::to_owned), DatabaseEngine::Sqlite, CANARY).await;
    let mut hugo = staff(&portal, "hugo").await;
    until_run(&mut hugo, "good", 1).await;
    let mut wanda = portal.signed_in("wanda").await;
    assert!(!wanda.get("/reset").await.body.contains("id=\"writeback\""), "nothing to say while it works");
    let down = InjectedFault::on(FaultTarget::Writeback, FaultEffect::AgentOffline);
    portal.demo.tenant.add_fault(down.clone());
    hugo.post("/helpdesk/insights/canary", &[]).await;
    let page = until_run(&mut hugo, "bad", 1).await;
    assert!(page.contains("F-AGENT-OFFLINE"), "{page}");
    let page = wanda.get("/reset").await;
    assert!(
        page.body.contains("data-down=\"true\"") && page.body.contains("has been failing since"),
        "{}",
        page.main()
    );
    assert!(page.body.contains("name=\"password\""), "she may try all the same");
    for _ in 0..100 {
        if hugo.get("/helpdesk").await.body.contains("data-trouble=\"canary\"") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(hugo.get("/helpdesk").await.body.contains("The test reset did not come through"));

    // After a second failure no further test resets are sent to a broken writeback agent.
    hugo.post("/helpdesk/insights/canary", &[]).await;
    until_run(&mut hugo, "bad", 2).await;
    // A manual run clears earlier failures. Two consecutive failures without one suspend the canary.
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    sqlx::query("DELETE FROM signals WHERE name = 'canary_resumed'").execute(&pool).await.unwrap();
    sqlx::query("DELETE FROM daily WHERE name = 'canary'").execute(&pool).await.unwrap();
    pool.close().await;
    let before = posts(&portal);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(posts(&portal), before, "stopped");
    assert!(hugo.get("/helpdesk/insights").await.body.contains("It failed too often and stopped"));

    // After the repair it is started manually again.
    portal.demo.tenant.clear_faults();
    hugo.post("/helpdesk/insights/canary", &[]).await;
    until_run(&mut hugo, "good", 2).await;
    assert!(!wanda.get("/reset").await.body.contains("id=\"writeback\""));
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_minimum_age_that_says_no_shows_that_the_directory_was_asked() {
    let young = "ad = { password_age_seconds = 3600, min_age_seconds = 86400 }";
    let portal = portal_of(seed(young, str::to_owned), DatabaseEngine::Sqlite, CANARY).await;
    let mut hugo = staff(&portal, "hugo").await;
    let page = until_run(&mut hugo, "asked", 1).await;
    assert!(page.contains("the directory was asked, and said no") && !page.contains("data-trouble"), "{page}");
    portal.demo.stop().await;
}

#[tokio::test]
async fn an_account_with_power_or_without_a_directory_is_never_a_canary() {
    for (person, why) in [
        ("gloria@contoso.example", "power"),
        ("adam@contoso.example", "not-synced"),
        ("nobody@contoso.example", "nobody"),
    ] {
        let portal = portal_of(seed("", str::to_owned), DatabaseEngine::Sqlite, person).await;
        let mut hugo = staff(&portal, "hugo").await;
        let mark = format!("({why})");
        let mut tries = 0;
        while !hugo.get("/helpdesk").await.body.contains(&mark) {
            tries += 1;
            assert!(tries < 100, "{person}: {}", hugo.get("/helpdesk").await.main());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, None), 0, "{person}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn a_slow_writeback_is_told_before_anybody_types() {
    let wish = PortalSetup::adjusted(|config| {
        config.canary = Some(toml::from_str(&format!("person = \"{CANARY}\"\nslow_seconds = 2")).unwrap());
    });
    let slow = InjectedFault::on(FaultTarget::Writeback, FaultEffect::Slow { ms: 3_000 }).for_person(CANARY);
    let portal = TestPortal::with(PortalSetup { seed: seed("", str::to_owned).with_fault(slow), ..wish }).await;
    let mut hugo = staff(&portal, "hugo").await;
    until_run(&mut hugo, "good", 1).await;
    let mut wanda = portal.signed_in("wanda").await;
    let page = wanda.get("/reset").await;
    assert!(page.body.contains("is slow at the moment"), "{}", page.main());
    portal.demo.stop().await;
}

#[tokio::test]
async fn in_a_real_directory_the_canary_proves_the_last_rung_too() {
    let domain = SambaDomain::start("Old-River-Stone-7").await;
    let probe = domain.probe().settings();
    // Omar is the test account here, because the domain has an account for him.
    let wish = PortalSetup::adjusted(move |config| {
        config.canary = Some(settings("omar@contoso.example"));
        config.directory = Some(probe.clone());
    });
    let portal = TestPortal::with(PortalSetup { directory: Some(domain.options()), ..wish }).await;
    let mut hugo = staff(&portal, "hugo").await;
    until_run(&mut hugo, "good", 1).await;
    for tries in 0.. {
        let page = hugo.get("/helpdesk/insights").await;
        if page.body.contains("Carried to the directory, On a domain controller") {
            break;
        }
        assert!(tries < 150, "{}", page.main());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn where_no_canary_is_set_up_there_is_nothing_to_try() {
    let portal = TestPortal::start().await;
    let mut hugo = staff(&portal, "hugo").await;
    assert!(!hugo.get("/helpdesk/insights").await.body.contains("id=\"canary\""));
    assert_eq!(hugo.post_once("/helpdesk/insights/canary", &[]).await.status(), StatusCode::NOT_FOUND);
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.reset(GOOD).await.reference();
    wanda.until_state(&reference, "written").await;
    assert_eq!(portal.demo.tenant.calls(FaultTarget::ResetPassword, Some(&upn("wanda"))), 1);
    portal.demo.stop().await;
}
