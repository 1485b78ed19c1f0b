//! Insights of the helpdesk: statistics of 30 days, and security alerts.

use passback::config::{Config, WorkingHours};
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;

use crate::support::portal::{
    DatabaseEngine, HttpBrowser, PortalSetup, ResponsePage, TestPortal, VALID_PASSWORD, available_engines, full_upn,
};
use crate::support::wait::wait_for;

async fn sign_in_staff(portal: &TestPortal, name: &str) -> HttpBrowser {
    let mut browser = portal.browser();
    let page = browser.sign_in("/signin?purpose=staff", &full_upn(name), "passkey", "").await;
    assert!(page.status.is_success(), "{name}: {}", page.body);
    browser
}

async fn reset_until(portal: &TestPortal, name: &str, state: &str) -> String {
    let mut browser = portal.signed_in(name).await;
    let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
    browser.wait_for_state(&reference, state).await;
    reference
}

/// Starts a portal that scans for alerts every second.
async fn start_with_frequent_scans(
    engine: DatabaseEngine,
    adjust: impl Fn(&mut Config) + Send + Sync + 'static,
) -> TestPortal {
    let wish = PortalSetup::with_config(move |config| {
        config.helpdesk.alarms.every_seconds = 1;
        config.reset.per_person_hour = 1_000;
        adjust(config);
    });
    TestPortal::start_with(PortalSetup { engine, ..wish }).await
}

/// Waits for an open alert of this kind and returns the page.
async fn wait_for_alert(browser: &mut HttpBrowser, kind: &str) -> ResponsePage {
    let mark = format!("class=\"alarm\" data-kind=\"{kind}\"");
    let load = async || Some(browser.get("/helpdesk/insights").await).filter(|page| page.body.contains(&mark));
    wait_for(format!("the alert {kind}"), load).await
}

async fn load_audit_rows(portal: &TestPortal, event: &str) -> Vec<(String, String)> {
    const SQL: &str = "SELECT actor, detail FROM audit WHERE event = $1 ORDER BY seq";
    if portal.database.starts_with("sqlite") {
        let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
        return sqlx::query_as(SQL).bind(event).fetch_all(&pool).await.unwrap();
    }
    let pool = sqlx::PgPool::connect(&portal.database).await.unwrap();
    sqlx::query_as(SQL).bind(event).fetch_all(&pool).await.unwrap()
}

#[tokio::test]
async fn audrey_reads_statistics_of_thirty_days() {
    for engine in available_engines() {
        let portal = start_with_frequent_scans(engine, |config| config.helpdesk.minutes_per_reset = 120).await;
        let wanda = reset_until(&portal, "wanda", "written").await;
        reset_until(&portal, "rita", "refused").await;
        reset_until(&portal, "olaf", "failed").await;
        let mut hugo = sign_in_staff(&portal, "hugo").await;
        hugo.post(&format!("/helpdesk/resets/{wanda}/note"), &[("text", "Called at nine.")]).await;
        let page = sign_in_staff(&portal, "audrey").await.get("/helpdesk/insights").await;
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
            assert!(page.body.contains(part), "{part}: {}", page.main_text());
        }
        assert!(!page.body.contains("style="), "the policy of the pages forbids it");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn insights_without_resets_show_no_time_saved() {
    let portal = TestPortal::start().await;
    let page = sign_in_staff(&portal, "audrey").await.get("/helpdesk/insights").await;
    for part in ["Resets: 0.", "Nothing was measured.", "No reset had a cause.", "Staff did nothing to a reset."] {
        assert!(page.body.contains(part), "{part}: {}", page.main_text());
    }
    assert!(!page.body.contains("Hours saved"), "{}", page.main_text());
    portal.demo.stop().await;
}

#[tokio::test]
async fn agent_with_many_people_raises_alert_until_acknowledged() {
    for engine in available_engines() {
        let portal = start_with_frequent_scans(engine, |config| config.helpdesk.alarms.people_per_agent = 2).await;
        let mut hugo = sign_in_staff(&portal, "hugo").await;
        for (name, state) in [("wanda", "written"), ("rita", "refused")] {
            let reference = reset_until(&portal, name, state).await;
            hugo.post(&format!("/helpdesk/resets/{reference}/note"), &[("text", "Called.")]).await;
        }
        let mut audrey = sign_in_staff(&portal, "audrey").await;
        let page = wait_for_alert(&mut audrey, "many-people").await;
        assert!(page.body.contains("hugo@contoso.example") && page.body.contains("People: 2"), "{}", page.main_text());
        assert!(!page.body.contains("/insights/alarms/"), "an auditor looks");
        let mut adam = sign_in_staff(&portal, "adam").await;
        let page = adam.get("/helpdesk/insights").await;
        let path = page.body.split("action=\"").find(|rest| rest.starts_with("/helpdesk/insights/alarms/")).unwrap();
        let path = path.split('"').next().unwrap().to_owned();
        assert_eq!(audrey.post_once(&path, &[("note", "x")]).await.status(), StatusCode::FORBIDDEN);
        let page = adam.post(&path, &[("note", " \n ")]).await;
        assert!(page.body.contains("The alarm stays open"), "{}", page.main_text());
        let page = adam.post(&path, &[("note", "A fire drill.")]).await;
        for part in ["The alarm is acknowledged.", "No alarm is open.", "A fire drill.", "Adam Administrator"] {
            assert!(page.body.contains(part), "{part}: {}", page.main_text());
        }
        let page = adam.post(&path, &[("note", "Again.")]).await;
        assert!(page.body.contains("not open any more"), "{}", page.main_text());
        // An acknowledged alert is not raised again by a further scan.
        portal.wait_for_round("alert-scanner").await;
        let (raised, done) =
            (load_audit_rows(&portal, "alarm.raised").await, load_audit_rows(&portal, "alarm.acknowledged").await);
        assert_eq!((raised.len(), done.len()), (1, 1), "{raised:?} {done:?}");
        assert!(raised[0].0 == "portal" && raised[0].1.contains("many-people"), "{raised:?}");
        assert!(done[0].0.starts_with("staff:") && !done[0].1.contains("fire drill"), "{done:?}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn method_registered_after_reset_raises_alert() {
    let portal = start_with_frequent_scans(DatabaseEngine::Sqlite, |_| {}).await;
    let wanda = reset_until(&portal, "wanda", "written").await;
    portal.demo.tenant.register_method(&full_upn("omar"));
    portal.demo.tenant.register_method(&full_upn("wanda"));
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    let page = wait_for_alert(&mut hugo, "new-method").await;
    assert!(page.body.contains(&format!("/helpdesk/resets/{wanda}")), "{}", page.main_text());
    assert!(
        !page.body.contains(&full_upn("omar")),
        "who reset nothing may register what they like: {}",
        page.main_text()
    );
    portal.demo.stop().await;
}

#[tokio::test]
async fn success_after_failures_and_work_at_odd_hour_raise_alerts() {
    let portal = start_with_frequent_scans(DatabaseEngine::Sqlite, |config| {
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
        .add_fault(InjectedFault::new(FaultTarget::ResetPassword, denied).for_person(&full_upn("wanda")).times(2));
    for state in ["refused", "refused", "written"] {
        reset_until(&portal, "wanda", state).await;
    }
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    let page = wait_for_alert(&mut hugo, "failures-then-success").await;
    assert!(page.body.contains("Failures: 2"), "{}", page.main_text());
    let rita = reset_until(&portal, "rita", "refused").await;
    hugo.post(&format!("/helpdesk/resets/{rita}/note"), &[("text", "At night.")]).await;
    wait_for_alert(&mut hugo, "odd-hour").await;
    portal.demo.stop().await;
}
