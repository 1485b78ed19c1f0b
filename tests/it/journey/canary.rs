//! Canary resets: a test account is reset on schedule and shows whether writeback works before a person needs it.

use std::fmt::Display;

use jiff::SignedDuration;
use passback::config::CanaryConfig;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use reqwest::StatusCode;

use super::cases::sign_in_staff;
use crate::support::portal::{
    DatabaseEngine, HttpBrowser, PortalSetup, TestPortal, VALID_PASSWORD, available_engines, full_upn,
};
use crate::support::samba_domain::SambaDomain;
use crate::support::wait::{wait_for_value, wait_until};

const CANARY_UPN: &str = "canary@contoso.example";

fn canary_seed(more: &str, change: impl Fn(&str) -> String) -> TenantSeed {
    let text = change(passback_emulator::CONTOSO_SEED);
    let person =
        format!("\n[[people]]\nupn = \"{CANARY_UPN}\"\nname = \"Test Account\"\nmobile = \"+1 555 0100\"\n{more}\n");
    TenantSeed::parse(&(text + &person)).unwrap().with_short_delays()
}

fn canary_config(person: &str) -> CanaryConfig {
    toml::from_str(&format!("person = \"{person}\"\nstop_after = 2")).unwrap()
}

async fn start_portal(seed: TenantSeed, engine: DatabaseEngine, person: &'static str) -> TestPortal {
    let wish = PortalSetup::with_config(move |config| config.canary = Some(canary_config(person)));
    TestPortal::start_with(PortalSetup { engine, seed, ..wish }).await
}

/// Waits until the insights list `count` runs with this result, and returns the page.
async fn wait_for_runs(hugo: &mut HttpBrowser, says: &str, count: usize) -> String {
    let mark = format!("data-canary=\"{says}\"");
    let what = format!("{count} times {says}");
    wait_for_text(hugo, "/helpdesk/insights", what, |body| body.matches(&mark).count() == count).await
}

/// Waits until the page fulfils `wanted`, and returns it.
async fn wait_for_text(hugo: &mut HttpBrowser, at: &str, what: impl Display, wanted: impl Fn(&str) -> bool) -> String {
    wait_for_value(what, async || hugo.get(at).await.body, |body| wanted(body)).await
}

fn count_reset_posts(portal: &TestPortal) -> usize {
    portal.demo.tenant.count_calls(FaultTarget::ResetPassword, Some(CANARY_UPN))
}

async fn count_rows(portal: &TestPortal, engine: DatabaseEngine, sql: &'static str) -> i64 {
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
async fn canary_account_is_reset_once_a_day() {
    for engine in available_engines() {
        let portal = start_portal(canary_seed("", str::to_owned), engine, CANARY_UPN).await;
        let mut hugo = sign_in_staff(&portal, "hugo").await;
        let page = wait_for_runs(&mut hugo, "good", 1).await;
        assert!(page.contains("came through"), "{page}");
        assert_eq!(count_reset_posts(&portal), 1);
        assert_eq!(
            portal.demo.tenant.is_directory_password(CANARY_UPN, "Old-River-Stone-7"),
            Some(false),
            "a real reset"
        );
        // The canary is not a person's reset: it causes no notice, no phone number, no rate limit and no statistics.
        for sql in [
            "SELECT COUNT(*) FROM notices",
            "SELECT COUNT(*) FROM person_numbers",
            "SELECT COUNT(*) FROM limits WHERE name LIKE 'reset:%'",
        ] {
            assert_eq!(count_rows(&portal, engine, sql).await, 0, "{sql}");
        }
        assert!(page.contains("<p id=\"outcomes-summary\">") && !page.contains("data-trouble"), "{page}");
        portal.wait_for_round("canary-schedule").await;
        assert_eq!(count_reset_posts(&portal), 1, "not again the same day");
        portal.clock.advance(SignedDuration::from_hours(25));
        wait_until("the reset of the next day", async || count_reset_posts(&portal) == 2).await;
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn writeback_outage_warns_people_and_staff_and_suspends_canary() {
    let portal = start_portal(canary_seed("", str::to_owned), DatabaseEngine::Sqlite, CANARY_UPN).await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    wait_for_runs(&mut hugo, "good", 1).await;
    let mut wanda = portal.signed_in("wanda").await;
    assert!(!wanda.get("/reset").await.body.contains("id=\"writeback\""), "nothing to say while it works");
    let down = InjectedFault::new(FaultTarget::Writeback, FaultEffect::AgentOffline);
    portal.demo.tenant.add_fault(down.clone());
    hugo.post("/helpdesk/insights/canary", &[]).await;
    let page = wait_for_runs(&mut hugo, "bad", 1).await;
    assert!(page.contains("F-AGENT-OFFLINE"), "{page}");
    let page = wanda.get("/reset").await;
    assert!(
        page.body.contains("data-down=\"true\"") && page.body.contains("has been failing since"),
        "{}",
        page.main_text()
    );
    assert!(page.body.contains("name=\"password\""), "she may try all the same");
    let has_issue = |body: &str| body.contains("data-trouble=\"canary\"");
    let page = wait_for_text(&mut hugo, "/helpdesk", "the health issue of the canary", has_issue).await;
    assert!(page.contains("The test reset did not come through"));

    // After a second failure no further test resets are sent to a broken writeback agent.
    hugo.post("/helpdesk/insights/canary", &[]).await;
    wait_for_runs(&mut hugo, "bad", 2).await;
    // A manual run clears earlier failures. Two consecutive failures without one suspend the canary.
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    sqlx::query("DELETE FROM signals WHERE name = 'canary_resumed'").execute(&pool).await.unwrap();
    sqlx::query("DELETE FROM daily WHERE name = 'canary'").execute(&pool).await.unwrap();
    pool.close().await;
    let before = count_reset_posts(&portal);
    portal.wait_for_round("canary-schedule").await;
    assert_eq!(count_reset_posts(&portal), before, "stopped");
    assert!(hugo.get("/helpdesk/insights").await.body.contains("It failed too often and stopped"));

    // After the repair it is started manually again.
    portal.demo.tenant.clear_faults();
    hugo.post("/helpdesk/insights/canary", &[]).await;
    wait_for_runs(&mut hugo, "good", 2).await;
    assert!(!wanda.get("/reset").await.body.contains("id=\"writeback\""));
    portal.demo.stop().await;
}

#[tokio::test]
async fn canary_within_minimum_age_is_refused_by_directory() {
    let young = "ad = { password_age_seconds = 3600, min_age_seconds = 86400 }";
    let portal = start_portal(canary_seed(young, str::to_owned), DatabaseEngine::Sqlite, CANARY_UPN).await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    let page = wait_for_runs(&mut hugo, "asked", 1).await;
    assert!(page.contains("the directory was asked, and said no") && !page.contains("data-trouble"), "{page}");
    portal.demo.stop().await;
}

#[tokio::test]
async fn privileged_or_unsynchronised_canary_is_never_reset() {
    for (person, why) in [
        ("gloria@contoso.example", "power"),
        ("adam@contoso.example", "not-synced"),
        ("nobody@contoso.example", "nobody"),
    ] {
        let portal = start_portal(canary_seed("", str::to_owned), DatabaseEngine::Sqlite, person).await;
        let mut hugo = sign_in_staff(&portal, "hugo").await;
        let mark = format!("({why})");
        wait_for_text(&mut hugo, "/helpdesk", format!("{person} is refused"), |body| body.contains(&mark)).await;
        assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 0, "{person}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn slow_writeback_warns_before_typing() {
    let wish = PortalSetup::with_config(|config| {
        config.canary = Some(toml::from_str(&format!("person = \"{CANARY_UPN}\"\nslow_seconds = 2")).unwrap());
    });
    let slow = InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms: 3_000 }).for_person(CANARY_UPN);
    let portal =
        TestPortal::start_with(PortalSetup { seed: canary_seed("", str::to_owned).with_fault(slow), ..wish }).await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    wait_for_runs(&mut hugo, "good", 1).await;
    let mut wanda = portal.signed_in("wanda").await;
    let page = wanda.get("/reset").await;
    assert!(page.body.contains("is slow at the moment"), "{}", page.main_text());
    portal.demo.stop().await;
}

#[tokio::test]
async fn canary_in_real_directory_reaches_landed_checkpoint() {
    let domain = SambaDomain::start().await;
    let probe = domain.probe_settings().to_config();
    // Omar is the test account here, because the domain has an account for him.
    let wish = PortalSetup::with_config(move |config| {
        config.canary = Some(canary_config("omar@contoso.example"));
        config.directory = Some(probe.clone());
    });
    let portal = TestPortal::start_with(PortalSetup { directory: Some(domain.ldaps_options()), ..wish }).await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    wait_for_runs(&mut hugo, "good", 1).await;
    let has_landed = |body: &str| body.contains("Carried to the directory, On a domain controller");
    wait_for_text(&mut hugo, "/helpdesk/insights", "the checkpoint of the domain controller", has_landed).await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn portal_without_canary_offers_no_test_reset() {
    let portal = TestPortal::start().await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    assert!(!hugo.get("/helpdesk/insights").await.body.contains("id=\"canary\""));
    assert_eq!(hugo.post_once("/helpdesk/insights/canary", &[]).await.status(), StatusCode::NOT_FOUND);
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, Some(&full_upn("wanda"))), 1);
    portal.demo.stop().await;
}
