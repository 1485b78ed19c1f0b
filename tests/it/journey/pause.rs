//! The pause of all resets: by an administrator, by the command line and by the hourly limit.

use futures_util::future::join_all;
use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;

use super::cases::sign_in_staff;
use crate::support::portal::{
    DatabaseEngine, HttpBrowser, PortalSetup, ResponsePage, TestPortal, VALID_PASSWORD, available_engines, full_upn,
};

const PAUSE_REASON: &str = "Attack on many accounts, ticket 4711";
const RESUME_REASON: &str = "The attack is over, ticket 4711";

async fn press_pause(admin: &mut HttpBrowser, reason: &str) -> ResponsePage {
    admin.post("/admin/pause", &[("action", "pause"), ("reason", reason)]).await
}

/// Returns the pause that the page shows, as its form sends it.
async fn shown_pause(admin: &mut HttpBrowser) -> String {
    let page = admin.get("/admin/pause").await.body;
    page.split("name=\"began\" value=\"").nth(1).expect("a pause").split('"').next().unwrap().to_owned()
}

async fn press_resume(admin: &mut HttpBrowser, began: &str) -> ResponsePage {
    admin.post("/admin/pause", &[("action", "resume"), ("reason", RESUME_REASON), ("began", began)]).await
}

/// Returns event, actor, detail and personal details of the pauses and resumes in the audit log.
async fn pause_events(portal: &TestPortal, engine: DatabaseEngine) -> Vec<(String, String, String, String)> {
    const SQL: &str = "SELECT a.event, a.actor, a.detail, COALESCE(p.data, '') FROM audit a
        LEFT JOIN audit_personal p ON p.seq = a.seq WHERE a.event LIKE 'resets.%' ORDER BY a.seq";
    match engine {
        DatabaseEngine::Sqlite => {
            sqlx::query_as(SQL).fetch_all(&sqlx::SqlitePool::connect(&portal.database).await.unwrap()).await.unwrap()
        }
        DatabaseEngine::Postgres => {
            sqlx::query_as(SQL).fetch_all(&sqlx::PgPool::connect(&portal.database).await.unwrap()).await.unwrap()
        }
    }
}

#[tokio::test]
async fn administrator_pauses_and_resumes_with_reasons_that_staff_read() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let (mut adam, mut hugo) = (sign_in_staff(&portal, "adam").await, sign_in_staff(&portal, "hugo").await);
        let mut wanda = portal.signed_in("wanda").await;
        let change = async |hugo: &mut HttpBrowser| hugo.get("/helpdesk/change").await.body;
        let before = change(&mut hugo).await;
        for reason in ["", "too short", &"x".repeat(501)] {
            let page = press_pause(&mut adam, reason).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(page.body.contains("Enter a reason of 10 to 500 characters"), "{}", page.main_text());
        }
        assert!(wanda.get("/reset").await.body.contains("id=\"reset-form\""), "nothing was changed");

        let page = press_pause(&mut adam, PAUSE_REASON).await;
        assert!(page.status.is_success() && page.url.ends_with("/admin/pause"), "{}", page.url);
        let says = format!("by \u{2068}adam@contoso.example\u{2069}, because: \u{2068}{PAUSE_REASON}\u{2069}");
        for path in ["/helpdesk", "/helpdesk/insights", "/helpdesk/cases"] {
            let page = hugo.get(path).await.body;
            assert!(page.contains("Resets are paused since") && page.contains(&says), "{path} {page}");
        }
        assert!(page.body.contains("Resets are paused since") && page.body.contains(&says), "{}", page.body);
        assert_ne!(change(&mut hugo).await, before, "an open list shows it");
        assert_eq!(wanda.get("/reset").await.code(), "G-PAUSED");
        assert_eq!(wanda.submit_reset(VALID_PASSWORD).await.code(), "G-PAUSED");
        assert_eq!(press_pause(&mut adam, "Another reason to pause").await.status, StatusCode::CONFLICT);

        let began = shown_pause(&mut adam).await;
        assert_eq!(press_resume(&mut adam, "1").await.status, StatusCode::CONFLICT, "another pause than the one read");
        let page = press_resume(&mut adam, &began).await;
        assert!(page.body.contains("Resets are not paused") && page.body.contains(RESUME_REASON), "{}", page.body);
        let late = press_resume(&mut adam, &began).await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        assert!(late.body.contains("someone else was first") && late.body.contains(RESUME_REASON), "{}", late.body);
        let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
        wanda.wait_for_state(&reference, "written").await;

        let events = pause_events(&portal, engine).await;
        let adam_id = portal.demo.tenant.object_id(&full_upn("adam")).unwrap();
        for ((event, actor, detail, personal), (kind, reason)) in
            events.iter().zip([("resets.paused", PAUSE_REASON), ("resets.resumed", RESUME_REASON)])
        {
            assert_eq!(event, kind);
            assert!(actor.starts_with("staff:") && actor.ends_with(&adam_id), "{actor}");
            assert!(!detail.contains("ticket") && personal.contains(reason), "{detail} {personal}");
        }
        assert_eq!(events.len(), 2, "{events:?}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn pause_needs_fresh_sign_in() {
    let portal = TestPortal::start().await;
    let mut adam = sign_in_staff(&portal, "adam").await;
    portal.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(press_pause(&mut adam, PAUSE_REASON).await.status, StatusCode::UNAUTHORIZED);
    let page = adam.get_once("/admin/pause").await;
    assert_eq!(page.headers()["location"], "/signin?purpose=staff");
    assert!(portal.signed_in("wanda").await.get("/reset").await.body.contains("id=\"reset-form\""));
}

#[tokio::test]
async fn one_of_forty_concurrent_presses_wins() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let mut adam = sign_in_staff(&portal, "adam").await;
        for (action, reason) in [("pause", PAUSE_REASON), ("resume", RESUME_REASON)] {
            let began = if action == "resume" { shown_pause(&mut adam).await } else { String::new() };
            let mut fields = vec![("action", action), ("reason", reason)];
            if action == "resume" {
                fields.push(("began", &began));
            }
            let press = |mut browser: HttpBrowser| {
                let fields = fields.clone();
                async move { browser.post_once("/admin/pause", &fields).await.status() }
            };
            let statuses = join_all((0..40).map(|_| press(adam.clone()))).await;
            let count = |wanted: StatusCode| statuses.iter().filter(|status| **status == wanted).count();
            assert_eq!((count(StatusCode::SEE_OTHER), count(StatusCode::CONFLICT)), (1, 39), "{action} {statuses:?}");
        }
        assert_eq!(pause_events(&portal, engine).await.len(), 2);
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn command_line_pause_is_shown_with_its_reason() {
    let portal = TestPortal::start().await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    assert!(!hugo.get("/helpdesk").await.body.contains("data-pause"));
    for (reason, says) in [("a drill", "by the command line, because: \u{2068}a drill\u{2069}"), ("", "No reason was")]
    {
        passback::ops::pause_resets(portal.demo.config(), reason).await.unwrap();
        let page = hugo.get("/helpdesk").await.body;
        assert!(page.contains("data-pause=\"command\"") && page.contains(says), "{page}");
        passback::ops::resume_resets(portal.demo.config()).await.unwrap();
    }
}

#[tokio::test]
async fn person_over_hourly_limit_pauses_all_resets() {
    for engine in available_engines() {
        let adjust = |config: &mut passback::config::Config| config.reset.hourly_ceiling = Some(2);
        let portal = TestPortal::start_with(PortalSetup { engine, ..PortalSetup::with_config(adjust) }).await;
        let mut wanda = portal.signed_in("wanda").await;
        for password in [VALID_PASSWORD, "Another-Lantern-31"] {
            let reference = wanda.submit_reset(password).await.reference();
            wanda.wait_for_state(&reference, "written").await;
        }
        let mut luca = portal.signed_in("luca").await;
        let reference = luca.submit_reset(VALID_PASSWORD).await.reference();
        luca.wait_for_state(&reference, "written").await;
        let mut carl = portal.signed_in("carl").await;
        assert_eq!(carl.submit_reset(VALID_PASSWORD).await.code(), "G-CEILING");
        assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, Some(&full_upn("carl"))), 0);
        assert_eq!(wanda.get("/reset").await.code(), "G-CEILING");
        let page = sign_in_staff(&portal, "hugo").await.get("/helpdesk").await.body;
        let says = "by the hourly limit, because too many people wanted to reset within an hour: 3, and the limit is 2";
        assert!(page.contains(says), "{page}");
        let mut adam = sign_in_staff(&portal, "adam").await;
        let began = shown_pause(&mut adam).await;
        assert!(press_resume(&mut adam, &began).await.status.is_success());
        let reference = carl.submit_reset(VALID_PASSWORD).await.reference();
        carl.wait_for_state(&reference, "written").await;
        portal.demo.stop().await;
    }
}

/// Five accounts with five refused resets each do not pause everyone, at a limit of four people.
#[tokio::test]
async fn refused_resets_of_five_accounts_pause_nobody() {
    for engine in available_engines() {
        let adjust = |config: &mut passback::config::Config| {
            config.reset.hourly_ceiling = Some(4);
            config.reset.per_address_minute = 100_000;
        };
        let portal = TestPortal::start_with(PortalSetup { engine, ..PortalSetup::with_config(adjust) }).await;
        let refusal =
            FaultEffect::Status { status: 400, code: "badRequest".into(), retry_after: None, graph_body: true };
        let accounts = ["luca", "carl", "omar", "sven", "olaf"];
        for name in accounts {
            let refused = InjectedFault::new(FaultTarget::ResetPassword, refusal.clone());
            portal.demo.tenant.add_fault(refused.for_person(&full_upn(name)));
        }
        for name in accounts {
            let mut attacker = portal.signed_in(name).await;
            for _ in 0..5 {
                let reference = attacker.submit_reset(VALID_PASSWORD).await.reference();
                attacker.wait_for_state(&reference, "refused").await;
            }
        }
        assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), 25);
        let mut wanda = portal.signed_in("wanda").await;
        let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
        wanda.wait_for_state(&reference, "written").await;
        assert!(pause_events(&portal, engine).await.is_empty());
        portal.demo.stop().await;
    }
}
