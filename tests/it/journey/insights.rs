//! Insights of the helpdesk: statistics of 30 days, and security alerts.

use passback::config::{Config, WorkingHours};
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;

use crate::support::portal::{DatabaseEngine, GOOD, HttpBrowser, PortalSetup, ResponsePage, TestPortal, engines, upn};

async fn staff(portal: &TestPortal, name: &str) -> HttpBrowser {
    let mut browser = portal.browser();
    let page = browser.sign_in("/signin?purpose=staff", &upn(name), "passkey", "").await;
    assert!(page.status.is_success(), "{name}: {}", page.body);
    browser
}

async fn reset(portal: &TestPortal, name: &str, state: &str) -> String {
    let mut browser = portal.signed_in(name).await;
    let reference = browser.reset(GOOD).await.reference();
    browser.until_state(&reference, state).await;
    reference
}

/// Starts a portal that scans for alerts every second.
async fn watchful(engine: DatabaseEngine, adjust: impl Fn(&mut Config) + Send + Sync + 'static) -> TestPortal {
    let wish = PortalSetup::adjusted(move |config| {
        config.helpdesk.alarms.every_seconds = 1;
        config.reset.per_person_hour = 1_000;
        adjust(config);
    });
    TestPortal::with(PortalSetup { engine, ..wish }).await
}

/// Waits for an open alert of this kind and returns the page.
async fn alarm(browser: &mut HttpBrowser, kind: &str) -> ResponsePage {
    for _ in 0..80 {
        let page = browser.get("/helpdesk/insights").await;
        if page.body.contains(&format!("class=\"alarm\" data-kind=\"{kind}\"")) {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    }
    panic!("{kind}: {}", browser.get("/helpdesk/insights").await.main());
}

async fn audited(portal: &TestPortal, event: &str) -> Vec<(String, String)> {
    const SQL: &str = "SELECT actor, detail FROM audit WHERE event = $1 ORDER BY seq";
    if portal.database.starts_with("sqlite") {
        let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
        return sqlx::query_as(SQL).bind(event).fetch_all(&pool).await.unwrap();
    }
    let pool = sqlx::PgPool::connect(&portal.database).await.unwrap();
    sqlx::query_as(SQL).bind(event).fetch_all(&pool).await.unwrap()
}

#[tokio::test]
async fn audrey_reads_how_the_last_thirty_days_went() {
    for engine in engines() {
        let portal = watchful(engine, |config| config.helpdesk.minutes_per_reset = 120).await;
        let wanda = reset(&portal, "wanda", "written").await;
        reset(&portal, "rita", "refused").await;
        reset(&portal, "olaf", "failed").await;
        let mut hugo = staff(&portal, "hugo").await;
        hugo.post(&format!("/helpdesk/resets/{wanda}/note"), &[("text", "Called at nine.")]).await;
        let page = staff(&portal, "audrey").await.get("/helpdesk/insights").await;
        for part in [
            "Resets: 3. Went through: 1. Refused: 1. Failed: 1. Open or unknown: 0.",
            "<rect class=\"b-good\"",
            "fill=\"url(#hatch)\"",
            "Measured: 1. Half took at most",
            "R-POLICY",
            "F-AGENT-OFFLINE",
            "Minutes of telephone for each: 120. Hours saved: 2.",
            "hugo@contoso.example",
            "No alarm is open.",
        ] {
            assert!(page.body.contains(part), "{part}: {}", page.main());
        }
        assert!(!page.body.contains("style="), "the policy of the pages forbids it");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn an_empty_desk_says_so_and_nobody_is_told_of_time_saved_unless_it_is_known_what_a_call_takes() {
    let portal = TestPortal::start().await;
    let page = staff(&portal, "audrey").await.get("/helpdesk/insights").await;
    for part in ["Resets: 0.", "Nothing was measured.", "No reset had a cause.", "Staff did nothing to a reset."] {
        assert!(page.body.contains(part), "{part}: {}", page.main());
    }
    assert!(!page.body.contains("Hours saved"), "{}", page.main());
    portal.demo.stop().await;
}

#[tokio::test]
async fn an_agent_with_many_people_alarms_until_somebody_says_what_they_found() {
    for engine in engines() {
        let portal = watchful(engine, |config| config.helpdesk.alarms.people_per_agent = 2).await;
        let mut hugo = staff(&portal, "hugo").await;
        for (name, state) in [("wanda", "written"), ("rita", "refused")] {
            let reference = reset(&portal, name, state).await;
            hugo.post(&format!("/helpdesk/resets/{reference}/note"), &[("text", "Called.")]).await;
        }
        let mut audrey = staff(&portal, "audrey").await;
        let page = alarm(&mut audrey, "many-people").await;
        assert!(page.body.contains("hugo@contoso.example") && page.body.contains("People: 2"), "{}", page.main());
        assert!(!page.body.contains("/insights/alarms/"), "an auditor looks");
        let mut adam = staff(&portal, "adam").await;
        let page = adam.get("/helpdesk/insights").await;
        let path = page.body.split("action=\"").find(|rest| rest.starts_with("/helpdesk/insights/alarms/")).unwrap();
        let path = path.split('"').next().unwrap().to_owned();
        assert_eq!(audrey.post_once(&path, &[("note", "x")]).await.status(), StatusCode::FORBIDDEN);
        let page = adam.post(&path, &[("note", " \n ")]).await;
        assert!(page.body.contains("The alarm stays open"), "{}", page.main());
        let page = adam.post(&path, &[("note", "A fire drill.")]).await;
        for part in ["The alarm is acknowledged.", "No alarm is open.", "A fire drill.", "Adam Administrator"] {
            assert!(page.body.contains(part), "{part}: {}", page.main());
        }
        let page = adam.post(&path, &[("note", "Again.")]).await;
        assert!(page.body.contains("not open any more"), "{}", page.main());
        // After further scans an acknowledged alert is not raised again.
        tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
        let (raised, done) = (audited(&portal, "alarm.raised").await, audited(&portal, "alarm.acknowledged").await);
        assert_eq!((raised.len(), done.len()), (1, 1), "{raised:?} {done:?}");
        assert!(raised[0].0 == "portal" && raised[0].1.contains("many-people"), "{raised:?}");
        assert!(done[0].0.starts_with("staff:") && !done[0].1.contains("fire drill"), "{done:?}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn a_sign_in_method_registered_after_a_reset_alarms() {
    let portal = watchful(DatabaseEngine::Sqlite, |_| {}).await;
    let wanda = reset(&portal, "wanda", "written").await;
    portal.demo.tenant.register_method(&upn("omar"));
    portal.demo.tenant.register_method(&upn("wanda"));
    let mut hugo = staff(&portal, "hugo").await;
    let page = alarm(&mut hugo, "new-method").await;
    assert!(page.body.contains(&format!("/helpdesk/resets/{wanda}")), "{}", page.main());
    assert!(!page.body.contains(&upn("omar")), "who reset nothing may register what they like: {}", page.main());
    portal.demo.stop().await;
}

#[tokio::test]
async fn failures_and_then_a_success_alarm_and_so_does_work_at_an_odd_hour() {
    let portal = watchful(DatabaseEngine::Sqlite, |config| {
        config.helpdesk.alarms.failures = 2;
        config.helpdesk.alarms.working_hours = Some(WorkingHours::try_from("00:00-00:00".to_owned()).unwrap());
    })
    .await;
    let denied = FaultEffect::Status {
        status: 403,
        code: "Authorization_RequestDenied".into(),
        retry_after: None,
        graph_body: true,
    };
    portal
        .demo
        .tenant
        .add_fault(InjectedFault::on(FaultTarget::ResetPassword, denied).for_person(&upn("wanda")).times(2));
    for state in ["refused", "refused", "written"] {
        reset(&portal, "wanda", state).await;
    }
    let mut hugo = staff(&portal, "hugo").await;
    let page = alarm(&mut hugo, "failures-then-success").await;
    assert!(page.body.contains("Failures: 2"), "{}", page.main());
    let rita = reset(&portal, "rita", "refused").await;
    hugo.post(&format!("/helpdesk/resets/{rita}/note"), &[("text", "At night.")]).await;
    alarm(&mut hugo, "odd-hour").await;
    portal.demo.stop().await;
}
