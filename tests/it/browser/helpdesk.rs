//! Cases in two browsers: an agent with the person, with the manager, or with the approver. Each sees the other's
//! actions without reloading.

use serde_json::json;

use crate::support::chromium::{ChromiumBrowser, DESKTOP, PHONE};
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};

use crate::journey::agent_permission;
use crate::support::portal::{DatabaseEngine, PortalSetup, TestPortal, VALID_PASSWORD, full_upn};

async fn sign_in_for_purpose(browser: &ChromiumBrowser, portal: &TestPortal, purpose: &str, name: &str) {
    browser.open(&format!("{}/signin?purpose={purpose}", portal.demo.url())).await;
    browser.sign_in_at_entra(&full_upn(name)).await;
}

/// Opens a case from the case list.
async fn open_case(browser: &ChromiumBrowser, portal: &TestPortal, person: &str, action: &str) {
    browser.open(&format!("{}/helpdesk/cases", portal.demo.url())).await;
    browser.type_into("#person", &full_upn(person)).await;
    let choose = "document.getElementById('action').value = arguments[0]";
    browser.client.execute(choose, vec![json!(action)]).await.unwrap();
    browser.click("[action='/helpdesk/cases'] button.button:not(.button-quiet)").await;
    browser.wait_for("#standing[data-enough=false]").await;
}

#[tokio::test]
async fn wanda_resets_after_hugo_verifies_her_by_call_check() {
    let always =
        |config: &mut passback::config::Config| config.reset.approval = passback::config::ApprovalRequirement::Always;
    let portal = TestPortal::start_with(PortalSetup::with_config(always)).await;
    let (hugo, wanda) = (ChromiumBrowser::start(DESKTOP).await, ChromiumBrowser::start(PHONE).await);
    sign_in_for_purpose(&hugo, &portal, "staff", "hugo").await;
    // From the front page, the way Hugo describes it on the phone.
    wanda.open(&portal.demo.url()).await;
    wanda.click("a[href='/account']").await;
    wanda.sign_in_at_entra(&full_upn("wanda")).await;
    wanda.wait_for("#live").await;
    open_case(&hugo, &portal, "wanda", "grant").await;
    hugo.click("input[value=call_check] ~ button").await;
    hugo.wait_for(".words").await;
    let words = hugo.text(".words").await;
    wanda.wait_for(".question .choices").await;
    let asked = wanda.text(".question").await;
    assert!(asked.contains("Hugo Helpdesk") && asked.contains("Did you call them?"), "{asked}");
    for word in words.split_whitespace() {
        wanda.click(&format!("input[value={word}]")).await;
    }
    wanda.click("[name=says][value=yes]").await;
    hugo.wait_for("#standing[data-enough=true]").await;
    hugo.click("[action$='/act'] button").await;
    hugo.wait_for("#done [data-outcome=done]").await;
    wanda.open(&format!("{}/account", portal.demo.url())).await;
    // She sees who did what.
    super::wait_for_text(&wanda, "#live", "Allow a password reset: done").await;
    wanda.click("a[href='/reset']").await;
    wanda.wait_for("#reset-form").await;
    wanda.submit_reset(VALID_PASSWORD).await;
    wanda.wait_for("[data-state=written]").await;
    hugo.close().await;
    wanda.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn hugo_signs_in_twice_at_microsoft_and_revokes_sessions() {
    let portal =
        agent_permission::start_portal(DatabaseEngine::Sqlite, agent_permission::seed_with_agent_roles()).await;
    let challenge =
        InjectedFault::new(FaultTarget::Revoke, FaultEffect::ClaimsChallenge).for_person(&full_upn("omar")).times(1);
    portal.demo.tenant.add_fault(challenge);
    let (hugo, omar) = (ChromiumBrowser::start(DESKTOP).await, ChromiumBrowser::start(PHONE).await);
    sign_in_for_purpose(&hugo, &portal, "staff", "hugo").await;
    sign_in_for_purpose(&omar, &portal, "vouch", "omar").await;
    omar.wait_for("#live").await;
    open_case(&hugo, &portal, "omar", "revoke").await;
    hugo.click("input[value=push] ~ button").await;
    omar.wait_for(".question").await;
    omar.click("[name=says][value=yes]").await;
    hugo.wait_for("#standing[data-enough=true]").await;
    hugo.click("[action$='/act'] button").await;
    for _ in ["his own permission", "what Graph asks for"] {
        hugo.wait_for("#account").await;
        hugo.sign_in_at_entra(&full_upn("hugo")).await;
    }
    hugo.wait_for("#done [data-outcome=done]").await;
    super::wait_for_text(&hugo, "#said", "signed out everywhere").await;
    // His session at the portal has ended too, and his page asks for a sign-in by itself.
    omar.wait_for("#account").await;
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::Revoke, Some(&full_upn("omar"))), 2);
    hugo.close().await;
    omar.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn wanda_denies_calling_and_hugos_case_is_locked() {
    let portal = TestPortal::start().await;
    let (hugo, wanda) = (ChromiumBrowser::start(DESKTOP).await, ChromiumBrowser::start(PHONE).await);
    sign_in_for_purpose(&hugo, &portal, "staff", "hugo").await;
    sign_in_for_purpose(&wanda, &portal, "vouch", "wanda").await;
    wanda.wait_for("#live").await;
    open_case(&hugo, &portal, "wanda", "pass").await;
    hugo.click("input[value=in_person] ~ button").await;
    hugo.wait_for("#spoke").await;
    hugo.click("[action$='/act'] button").await;
    hugo.wait_for("#said[data-tone=bad]").await;
    super::wait_for_text(&hugo, "#said", "not enough is verified").await;
    hugo.click("input[value=push] ~ button").await;
    wanda.wait_for(".question").await;
    wanda.click("[name=says][value=no]").await;
    hugo.wait_for("[data-state=locked]").await;
    let left = hugo.client.find_all(fantoccini::Locator::Css("[action$='/act']")).await.unwrap().len();
    assert_eq!(left, 0, "nothing is left to press");
    hugo.close().await;
    wanda.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn mona_vouches_for_wanda_and_alone_sees_the_pass() {
    let portal = TestPortal::start().await;
    let (hugo, mona) = (ChromiumBrowser::start(DESKTOP).await, ChromiumBrowser::start(PHONE).await);
    sign_in_for_purpose(&hugo, &portal, "staff", "hugo").await;
    sign_in_for_purpose(&mona, &portal, "vouch", "mona").await;
    mona.wait_for("#live").await;
    open_case(&hugo, &portal, "wanda", "pass").await;
    hugo.click("input[value=in_person] ~ button").await;
    hugo.wait_for("#spoke").await;
    hugo.click("input[value=manager] ~ button").await;
    mona.wait_for(".question[data-method=manager]").await;
    mona.click("[name=says][value=yes]").await;
    hugo.wait_for("#standing[data-enough=true]").await;
    hugo.click("[action$='/act'] button").await;
    mona.wait_for("[action^='/account/passes/']").await;
    mona.click("[action^='/account/passes/'] button").await;
    mona.wait_for(".pass").await;
    let code = mona.text(".pass").await;
    hugo.wait_for("#done [data-outcome=done]").await;
    let page = hugo.client.source().await.unwrap();
    assert!(!code.trim().is_empty() && !page.contains(code.trim()));
    hugo.close().await;
    mona.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn april_sees_override_reason_and_hugo_sees_her_approval() {
    let portal = TestPortal::start().await;
    let (hugo, april) = (ChromiumBrowser::start(DESKTOP).await, ChromiumBrowser::start(DESKTOP).await);
    sign_in_for_purpose(&hugo, &portal, "staff", "hugo").await;
    sign_in_for_purpose(&april, &portal, "staff", "april").await;
    april.wait_for("nav").await;
    open_case(&hugo, &portal, "omar", "grant").await;
    hugo.click("details:not(.ways) summary").await;
    hugo.type_into("#reason", "His phone is at the bottom of the harbour.").await;
    hugo.click("[action$='/override'] button").await;
    hugo.wait_for("#pending").await;
    let case = hugo.client.current_url().await.unwrap().path().to_owned();
    april.open(&format!("{}{case}", portal.demo.url())).await;
    super::wait_for_text(&april, "#pending", "bottom of the harbour").await;
    april.click("[action$='/approve'] button").await;
    april.wait_for("#said").await;
    hugo.wait_for("#pending").await;
    super::wait_for_text(&hugo, "#pending", "April Approver approved").await;
    hugo.click("[action$='/act'] button").await;
    hugo.wait_for("#done [data-outcome=done]").await;
    hugo.close().await;
    april.close().await;
    portal.demo.stop().await;
}
