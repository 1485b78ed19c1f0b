//! The helpdesk's pages: the reset list, a reset with its evidence, notes, and refused access.

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;

use crate::support::portal::{
    DatabaseEngine, HttpBrowser, PortalSetup, ResponsePage, TestPortal, VALID_PASSWORD, available_engines, full_upn,
};
use crate::support::wait::wait_until;

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

/// Returns the references in list order.
fn listed_references(page: &ResponsePage) -> Vec<String> {
    page.body.split("<li id=\"r-").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn hugo_finds_reset_by_reference_state_or_cause() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let wanda = reset_until(&portal, "wanda", "written").await;
        let rita = reset_until(&portal, "rita", "refused").await;
        let mut hugo = sign_in_staff(&portal, "hugo").await;
        let page = hugo.get("/helpdesk").await;
        assert_eq!(listed_references(&page), [rita.clone(), wanda.clone()], "the newest first");
        assert!(page.body.contains(&full_upn("rita")) && page.body.contains("R-POLICY"), "{}", page.main_text());
        assert_eq!(listed_references(&hugo.get("/helpdesk?state=written").await), [wanda.as_str()]);
        assert_eq!(listed_references(&hugo.get("/helpdesk?cause=R-POLICY").await), [rita.as_str()]);
        assert_eq!(
            listed_references(&hugo.get(&format!("/helpdesk?q={}", &wanda[..3])).await),
            [wanda.as_str()],
            "half of it"
        );
        let heard = wanda.replace('0', "o").replace('1', "l").to_lowercase();
        let page = hugo.get(&format!("/helpdesk?q={heard}")).await;
        assert!(page.url.ends_with(&format!("/helpdesk/resets/{wanda}")), "{}: {}", heard, page.url);
        let page = hugo.get("/helpdesk?q=--").await;
        assert!(
            listed_references(&page).is_empty() && page.body.contains("no letter and no digit"),
            "{}",
            page.main_text()
        );
        portal.demo.stop().await;
    }
}

/// Waits until the search indexer has indexed every reset.
async fn wait_for_search_index(portal: &TestPortal) {
    const SQL: &str = "SELECT COUNT(*) FROM resets WHERE searchable IS NULL";
    let is_indexed = async || {
        let (left,): (i64,) = if portal.database.starts_with("sqlite") {
            sqlx::query_as(SQL).fetch_one(&sqlx::SqlitePool::connect(&portal.database).await.unwrap()).await.unwrap()
        } else {
            sqlx::query_as(SQL).fetch_one(&sqlx::PgPool::connect(&portal.database).await.unwrap()).await.unwrap()
        };
        left == 0
    };
    wait_until("every reset is indexed", is_indexed).await;
}

#[tokio::test]
async fn hugo_finds_reset_by_person_and_date() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let wanda = reset_until(&portal, "wanda", "written").await;
        let rita = reset_until(&portal, "rita", "refused").await;
        let mut hugo = sign_in_staff(&portal, "hugo").await;
        let found = async |hugo: &mut HttpBrowser, question: &str| {
            listed_references(&hugo.get(&format!("/helpdesk?{question}")).await)
        };
        // Before and after the search indexer has run.
        for kept in [false, true] {
            for (question, expected) in [
                ("q=wan", vec![wanda.as_str()]),
                ("q=wr+WAND", vec![wanda.as_str()]),
                ("q=w%C3%A1nda+writeb%C3%A4ck", vec![wanda.as_str()]),
                ("q=anda", vec![]),
                ("q=wanda%40contoso.example", vec![wanda.as_str()]),
                ("q=rita%40", vec![rita.as_str()]),
                ("q=r", vec![rita.as_str()]),
                ("q=r&state=refused&cause=R-POLICY", vec![rita.as_str()]),
                ("q=r&state=written", vec![]),
                ("q=wan&cause=R-POLICY", vec![]),
                ("state=refused&cause=R-POLICY", vec![rita.as_str()]),
                ("from=2000-01-01&to=2000-01-02", vec![]),
                ("q=wan&from=2000-01-02&state=written", vec![wanda.as_str()]),
                ("q=wan&to=2000-01-02", vec![]),
            ] {
                assert_eq!(found(&mut hugo, question).await, expected, "{question}, kept: {kept}");
            }
            wait_for_search_index(&portal).await;
        }
        let page = hugo.get("/helpdesk?q=nobody").await;
        assert!(
            page.body.contains("id=\"nothing\"") && page.body.contains("how each of its words begins"),
            "{}",
            page.main_text()
        );
        let page = hugo.get("/helpdesk?q=wanda&from=soon").await;
        assert!(listed_references(&page).is_empty() && page.body.contains("A day looks like"), "{}", page.main_text());
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn hugo_sees_evidence_and_what_is_missing() {
    let portal = TestPortal::start().await;
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Audits, FaultEffect::Hangup).times(100_000));
    let wanda = reset_until(&portal, "wanda", "written").await;
    let carl = reset_until(&portal, "carl", "written").await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    let page = hugo.get(&format!("/helpdesk/resets/{wanda}")).await;
    assert_eq!(page.attribute("data-verified"), "false", "{}", page.main_text());
    assert!(page.body.contains("Missing: Carried to the directory or Used by the person."), "{}", page.main_text());
    assert!(page.body.contains("reset 202") && page.body.contains("request-id "), "{}", page.main_text());
    assert!(page.body.contains("reset.requested"), "{}", page.main_text());
    let page = hugo.get(&format!("/helpdesk/resets/{carl}")).await;
    assert_eq!(page.attribute("data-verified"), "true", "cloud only: nobody has to carry it: {}", page.main_text());
    portal.demo.tenant.clear_faults();
    let page = hugo.post(&format!("/helpdesk/resets/{wanda}/ask"), &[]).await;
    assert!(page.body.contains("Microsoft is being asked."), "{}", page.main_text());
    let mut all = portal.signed_in("wanda").await;
    all.wait_until(&wanda, |status| status["evidence"].to_string().contains("carried")).await;
    let page = hugo.get(&format!("/helpdesk/resets/{wanda}")).await;
    assert_eq!(page.attribute("data-verified"), "true", "{}", page.main_text());
    portal.demo.stop().await;
}

#[tokio::test]
async fn refused_reset_shows_cause_for_agent_and_administrator() {
    let portal = TestPortal::start().await;
    let rita = reset_until(&portal, "rita", "refused").await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    let page = hugo.get(&format!("/helpdesk/resets/{rita}")).await;
    for part in ["R-POLICY", "For the AD administrator:", "Microsoft said:"] {
        assert!(page.body.contains(part), "{part}: {}", page.main_text());
    }
    assert!(page.body.contains("Nothing was changed, so there is nothing to prove."), "{}", page.main_text());
    for part in ["not seen yet", "Missing:", "/ask\""] {
        assert!(!page.body.contains(part), "{part} can no longer come: {}", page.main_text());
    }
    let again = hugo.post(&format!("/helpdesk/resets/{rita}/ask"), &[]).await;
    assert!(again.body.contains("There is nothing left to ask"), "{}", again.main_text());
    portal.demo.stop().await;
}

#[tokio::test]
async fn note_is_visible_to_staff_but_not_in_audit_log() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let wanda = reset_until(&portal, "wanda", "written").await;
        let path = format!("/helpdesk/resets/{wanda}/note");
        let mut hugo = sign_in_staff(&portal, "hugo").await;
        let page = hugo.post(&path, &[("text", " Called at nine. <b>Laptop</b> locked.\n ")]).await;
        assert!(page.body.contains("The note is saved."), "{}", page.main_text());
        let page = hugo.post(&path, &[("text", " \n ")]).await;
        assert!(page.body.contains("the note was empty"), "{}", page.main_text());
        let page = sign_in_staff(&portal, "audrey").await.get(&format!("/helpdesk/resets/{wanda}")).await;
        assert!(page.body.contains("Called at nine. &#60;b&#62;Laptop"), "{}", page.main_text());
        assert!(!page.body.contains("/note\""), "an auditor writes none");
        let trail = page.body.split("<h2>Audit trail</h2>").nth(1).unwrap();
        assert!(trail.contains("desk.note") && !trail.contains("Laptop"), "{trail}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn idle_staff_session_ends_before_person_session() {
    let portal = TestPortal::start().await;
    let mut hugo = sign_in_staff(&portal, "hugo").await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    portal.clock.adjust_wall_clock(jiff::SignedDuration::from_secs(960));
    assert_eq!(hugo.get_once("/helpdesk").await.headers()["location"], "/signin?purpose=staff");
    assert_eq!(wanda.get(&format!("/resets/{reference}")).await.status, StatusCode::OK);
    portal.demo.stop().await;
}

#[tokio::test]
async fn automatic_refresh_does_not_extend_staff_session() {
    for (by_itself, after_sixteen_minutes) in [(true, StatusCode::SEE_OTHER), (false, StatusCode::OK)] {
        let portal = TestPortal::start().await;
        let hugo = sign_in_staff(&portal, "hugo").await;
        let ask = async || {
            let request =
                hugo.http.get(format!("{}/helpdesk/change", hugo.portal_url)).header("cookie", hugo.cookie_header());
            let request = if by_itself { request.header("x-passback-by-itself", "1") } else { request };
            request.send().await.unwrap().status()
        };
        for _ in 0..3 {
            portal.clock.adjust_wall_clock(jiff::SignedDuration::from_mins(4));
            assert_eq!(ask().await, StatusCode::OK);
        }
        portal.clock.adjust_wall_clock(jiff::SignedDuration::from_mins(4));
        assert_eq!(ask().await, after_sixteen_minutes, "by itself: {by_itself}");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn refused_helpdesk_access_is_audited() {
    let portal = TestPortal::start_with(PortalSetup { engine: DatabaseEngine::Sqlite, ..PortalSetup::default() }).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    assert_eq!(wanda.get_once("/helpdesk").await.status(), StatusCode::FORBIDDEN);
    let mut audrey = sign_in_staff(&portal, "audrey").await;
    assert_eq!(audrey.post_once(&format!("/helpdesk/resets/{reference}/ask"), &[]).await.status(), 403);
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT actor, detail FROM audit WHERE event = 'desk.refused' ORDER BY seq")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].0.starts_with("person:") && rows[0].1.contains("\"route\":\"/helpdesk\""), "{rows:?}");
    assert!(rows[1].0.starts_with("staff:") && rows[1].1.contains("/ask"), "{rows:?}");
    portal.demo.stop().await;
}
