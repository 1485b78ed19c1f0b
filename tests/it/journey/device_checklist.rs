//! The device checklist after a reset: only the steps that apply, stored, and visible to the person and to staff.

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;

use crate::support::portal::{HttpBrowser, ResponsePage, TestPortal, VALID_PASSWORD, available_engines, full_upn};

async fn reset_until_written(portal: &TestPortal, name: &str) -> (HttpBrowser, String) {
    let mut browser = portal.signed_in(name).await;
    let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
    browser.wait_for_state(&reference, "written").await;
    (browser, reference)
}

async fn post_checklist(browser: &mut HttpBrowser, reference: &str, name: &str, value: &str) -> ResponsePage {
    browser.post(&format!("/resets/{reference}/aftercare"), &[(name, value)]).await
}

fn checklist_steps(page: &ResponsePage) -> Vec<&str> {
    page.body.split("data-step=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn wanda_answers_about_her_laptop_and_gets_matching_steps() {
    for engine in available_engines() {
        let portal = TestPortal::start_on(engine).await;
        let (mut wanda, reference) = reset_until_written(&portal, "wanda").await;
        let page = wanda.get(&format!("/resets/{reference}")).await;
        assert!(page.body.contains("Can you get into your laptop now?"), "{}", page.main_text());
        assert_eq!(checklist_steps(&page), ["phone", "wifi"]);
        assert_eq!(
            checklist_steps(&post_checklist(&mut wanda, &reference, "laptop", "outside").await),
            ["get-in", "phone", "wifi"]
        );
        post_checklist(&mut wanda, &reference, "laptop", "").await;
        let page = post_checklist(&mut wanda, &reference, "laptop", "inside").await;
        assert_eq!(checklist_steps(&page), ["lock-unlock", "phone", "wifi"]);
        assert!(!page.body.contains("Can you get into"), "it is not asked twice");
        let body = page.main_text().to_lowercase();
        assert!(!body.contains("restart") && !body.contains("log off"), "what would lock her out is never advised");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn ticked_step_persists_and_can_be_unticked() {
    let portal = TestPortal::start().await;
    let (mut wanda, reference) = reset_until_written(&portal, "wanda").await;
    let path = format!("/resets/{reference}/aftercare");
    wanda.post(&path, &[("step", "phone"), ("done", "1")]).await;
    let page = status_page_in_new_session(&portal, &reference).await;
    assert!(page.body.contains("data-step=\"phone\" data-done=\"true\""), "also in another browser of hers");
    let page = wanda.post(&path, &[("step", "phone"), ("done", "0")]).await;
    assert!(page.body.contains("data-step=\"phone\" data-done=\"false\""));
    let page = wanda.post(&path, &[("step", "nonsense"), ("done", "1")]).await;
    assert_eq!(page.status, StatusCode::OK, "nonsense changes nothing");
    let mut omar = portal.signed_in("omar").await;
    assert_eq!(omar.post_once(&path, &[("step", "phone"), ("done", "1")]).await.status(), 404, "it is hers alone");
    portal.demo.stop().await;
}

async fn status_page_in_new_session(portal: &TestPortal, reference: &str) -> ResponsePage {
    portal.signed_in("wanda").await.get(&format!("/resets/{reference}")).await
}

#[tokio::test]
async fn agent_sees_checklist_but_cannot_tick_it() {
    let portal = TestPortal::start().await;
    let (mut wanda, reference) = reset_until_written(&portal, "wanda").await;
    wanda.post(&format!("/resets/{reference}/aftercare"), &[("step", "wifi"), ("done", "1")]).await;
    let mut agent = portal.browser();
    agent.sign_in("/signin?purpose=staff", &full_upn("hugo"), "passkey", "").await;
    let page = agent.get(&format!("/resets/{reference}")).await;
    assert!(page.body.contains("data-step=\"wifi\" data-done=\"true\""), "{}", page.main_text());
    assert!(!page.body.contains("/aftercare\""), "only the person says what is done");
    portal.demo.stop().await;
}

#[tokio::test]
async fn unreadable_devices_show_general_checklist() {
    let portal = TestPortal::start().await;
    let (mut wanda, reference) = reset_until_written(&portal, "wanda").await;
    portal
        .demo
        .tenant
        .add_fault(InjectedFault::new(FaultTarget::Devices, FaultEffect::Hangup).for_person(&full_upn("wanda")));
    let page = wanda.get(&format!("/resets/{reference}")).await;
    assert!(page.body.contains("Can you get into your laptop now?"));
    assert_eq!(checklist_steps(&page), ["phone", "wifi"]);
    portal.demo.stop().await;
}

#[tokio::test]
async fn signing_out_everywhere_revokes_microsoft_sessions() {
    let portal = TestPortal::start().await;
    let (mut wanda, reference) = reset_until_written(&portal, "wanda").await;
    let path = format!("/resets/{reference}/signout-everywhere");
    let mut omar = portal.signed_in("omar").await;
    assert_eq!(omar.post_once(&path, &[]).await.status(), 404);
    let revoked = || {
        portal.demo.tenant.request_lines().iter().filter(|(_, path, _)| path.ends_with("/revokeSignInSessions")).count()
    };
    assert_eq!(revoked(), 0);
    let page = wanda.post(&path, &[]).await;
    assert!(page.body.contains("You were signed out everywhere at"), "{}", page.main_text());
    assert_eq!(revoked(), 1);
    portal.demo.stop().await;
}
