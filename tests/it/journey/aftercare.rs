//! The device checklist after a reset: only the steps that apply, stored, and visible to the person and to staff.

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use reqwest::StatusCode;

use crate::support::portal::{GOOD, HttpBrowser, ResponsePage, TestPortal, engines, upn};

async fn written(portal: &TestPortal, name: &str) -> (HttpBrowser, String) {
    let mut browser = portal.signed_in(name).await;
    let reference = browser.reset(GOOD).await.reference();
    browser.until_state(&reference, "written").await;
    (browser, reference)
}

async fn say(browser: &mut HttpBrowser, reference: &str, name: &str, value: &str) -> ResponsePage {
    browser.post(&format!("/resets/{reference}/aftercare"), &[(name, value)]).await
}

fn steps(page: &ResponsePage) -> Vec<&str> {
    page.body.split("data-step=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn wanda_is_asked_about_her_laptop_and_gets_the_steps_that_fit() {
    for engine in engines() {
        let portal = TestPortal::on(engine).await;
        let (mut wanda, reference) = written(&portal, "wanda").await;
        let page = wanda.get(&format!("/resets/{reference}")).await;
        assert!(page.body.contains("Can you get into your laptop now?"), "{}", page.main());
        assert_eq!(steps(&page), ["phone", "wifi"]);
        assert_eq!(steps(&say(&mut wanda, &reference, "laptop", "outside").await), ["get-in", "phone", "wifi"]);
        say(&mut wanda, &reference, "laptop", "").await;
        let page = say(&mut wanda, &reference, "laptop", "inside").await;
        assert_eq!(steps(&page), ["lock-unlock", "phone", "wifi"]);
        assert!(!page.body.contains("Can you get into"), "it is not asked twice");
        let body = page.main().to_lowercase();
        assert!(!body.contains("restart") && !body.contains("log off"), "what would lock her out is never advised");
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn a_tick_stays_and_can_be_taken_back() {
    let portal = TestPortal::start().await;
    let (mut wanda, reference) = written(&portal, "wanda").await;
    let path = format!("/resets/{reference}/aftercare");
    wanda.post(&path, &[("step", "phone"), ("done", "1")]).await;
    let page = portal_again(&portal, &reference).await;
    assert!(page.body.contains("data-step=\"phone\" data-done=\"true\""), "also in another browser of hers");
    let page = wanda.post(&path, &[("step", "phone"), ("done", "0")]).await;
    assert!(page.body.contains("data-step=\"phone\" data-done=\"false\""));
    let page = wanda.post(&path, &[("step", "nonsense"), ("done", "1")]).await;
    assert_eq!(page.status, StatusCode::OK, "nonsense changes nothing");
    let mut omar = portal.signed_in("omar").await;
    assert_eq!(omar.post_once(&path, &[("step", "phone"), ("done", "1")]).await.status(), 404, "it is hers alone");
    portal.demo.stop().await;
}

async fn portal_again(portal: &TestPortal, reference: &str) -> ResponsePage {
    portal.signed_in("wanda").await.get(&format!("/resets/{reference}")).await
}

#[tokio::test]
async fn the_desk_reads_the_same_and_ticks_nothing() {
    let portal = TestPortal::start().await;
    let (mut wanda, reference) = written(&portal, "wanda").await;
    wanda.post(&format!("/resets/{reference}/aftercare"), &[("step", "wifi"), ("done", "1")]).await;
    let mut agent = portal.browser();
    agent.sign_in("/signin?purpose=staff", &upn("hugo"), "passkey", "").await;
    let page = agent.get(&format!("/resets/{reference}")).await;
    assert!(page.body.contains("data-step=\"wifi\" data-done=\"true\""), "{}", page.main());
    assert!(!page.body.contains("/aftercare\""), "only the person says what is done");
    portal.demo.stop().await;
}

#[tokio::test]
async fn when_devices_cannot_be_read_everything_that_may_apply_is_shown() {
    let portal = TestPortal::start().await;
    let (mut wanda, reference) = written(&portal, "wanda").await;
    portal
        .demo
        .tenant
        .add_fault(InjectedFault::on(FaultTarget::Devices, FaultEffect::Hangup).for_person(&upn("wanda")));
    let page = wanda.get(&format!("/resets/{reference}")).await;
    assert!(page.body.contains("Can you get into your laptop now?"));
    assert_eq!(steps(&page), ["phone", "wifi"]);
    portal.demo.stop().await;
}

#[tokio::test]
async fn signing_out_everywhere_ends_the_sessions_at_microsoft_and_is_said() {
    let portal = TestPortal::start().await;
    let (mut wanda, reference) = written(&portal, "wanda").await;
    let path = format!("/resets/{reference}/signout-everywhere");
    let mut omar = portal.signed_in("omar").await;
    assert_eq!(omar.post_once(&path, &[]).await.status(), 404);
    let revoked =
        || portal.demo.tenant.seen().iter().filter(|(_, path, _)| path.ends_with("/revokeSignInSessions")).count();
    assert_eq!(revoked(), 0);
    let page = wanda.post(&path, &[]).await;
    assert!(page.body.contains("You were signed out everywhere at"), "{}", page.main());
    assert_eq!(revoked(), 1);
    portal.demo.stop().await;
}
