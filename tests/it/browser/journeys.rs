//! A reset as a visitor of the demo does it, with and without JavaScript.

use serde_json::json;

use super::{RunInEveryPage, end_held_writebacks, hold_writeback};
use crate::support::chromium::{BrowserOptions, ChromiumBrowser, DESKTOP, PHONE};
use crate::support::portal::{TestPortal, VALID_PASSWORD, full_upn};
use crate::support::wait::wait_for_value;

#[tokio::test]
async fn wanda_sees_rules_while_typing_and_status_page_updates() {
    let portal = TestPortal::start().await;
    hold_writeback(&portal, "wanda");
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.sign_in(&portal.demo.url(), &full_upn("wanda")).await;
    browser.type_into("#reset-form #password", "wanda").await;
    browser.wait_for("[data-rule=name][data-standing=failed]").await;
    assert!(browser.text("[data-rule=name]").await.contains("not met"), "in words, not by colour alone");
    browser.type_into("#password", VALID_PASSWORD).await;
    browser.wait_for("[data-rule=name][data-standing=met]").await;
    browser.click("[data-reveal]").await;
    assert_eq!(
        browser
            .client
            .find(fantoccini::Locator::Css("#password"))
            .await
            .unwrap()
            .attr("type")
            .await
            .unwrap()
            .as_deref(),
        Some("text")
    );
    browser.submit_reset(VALID_PASSWORD).await;
    browser.wait_for("#timeline").await;
    browser.client.execute("window.stayed = true", vec![]).await.unwrap();
    end_held_writebacks(&portal);
    browser.wait_for("[data-state=written]").await;
    browser.wait_for("[data-rung=carried][data-look=done]").await;
    let stayed = browser.client.execute("return window.stayed === true", vec![]).await.unwrap();
    assert_eq!(stayed, json!(true), "redrawn in place, not reloaded");
    assert_eq!(browser.text("#announce").await, "Your new password is in place");
    browser.close().await;
}

#[tokio::test]
async fn wanda_uses_offered_passphrase_with_one_click() {
    let portal = TestPortal::start().await;
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.sign_in(&portal.demo.url(), &full_upn("wanda")).await;
    browser.wait_for("#phrase-other").await;
    let first = browser.text("#phrase").await;
    browser.click("#phrase-other").await;
    let is_another = |offered: &String| *offered != first;
    let offered = wait_for_value("another one, if she likes", async || browser.text("#phrase").await, is_another).await;
    browser.click("#phrase-use").await;
    for rule in ["length", "characters", "classes", "name", "banned", "strength"] {
        browser.wait_for(&format!("[data-rule={rule}][data-standing=met]")).await;
    }
    assert!(browser.text("#phrase-used").await.contains("Write it down"));
    browser.click("#reset-form button[type=submit]").await;
    browser.wait_for("[data-state=written]").await;
    assert_eq!(portal.demo.tenant.is_directory_password(&full_upn("wanda"), &offered), Some(true));
    browser.close().await;
}

#[tokio::test]
async fn wanda_resets_without_javascript() {
    let portal = TestPortal::start().await;
    let browser = ChromiumBrowser::start(BrowserOptions { script: false, ..DESKTOP }).await;
    browser.sign_in(&portal.demo.url(), &full_upn("wanda")).await;
    browser.submit_reset("wanda").await;
    browser.wait_for("[data-rule=length][data-standing=failed]").await;
    browser.submit_reset(VALID_PASSWORD).await;
    browser.wait_for("#timeline").await;
    browser.wait_for("[data-state=written]").await;
    browser.wait_for("[data-rung=carried][data-look=done]").await;
    browser.click("button.plain").await;
    browser.wait_for("a[href='/signin']").await;
    assert_eq!(portal.demo.tenant.is_directory_password(&full_upn("wanda"), VALID_PASSWORD), Some(true));
    browser.close().await;
}

#[tokio::test]
async fn status_page_without_event_stream_polls() {
    let portal = TestPortal::start().await;
    hold_writeback(&portal, "omar");
    let browser = ChromiumBrowser::start(DESKTOP).await;
    browser.sign_in(&portal.demo.url(), &full_upn("omar")).await;
    // Some proxies block event streams: the stream never opens.
    browser.wait_for("#reset-form").await;
    browser.client.issue_cmd(RunInEveryPage("delete window.EventSource".to_owned())).await.unwrap();
    browser.submit_reset(VALID_PASSWORD).await;
    browser.wait_for("#timeline").await;
    let script = "window.stayed = true; return window.EventSource === undefined";
    assert_eq!(browser.client.execute(script, vec![]).await.unwrap(), json!(true));
    end_held_writebacks(&portal);
    browser.wait_for("[data-state=written]").await;
    let stayed = browser.client.execute("return window.stayed === true", vec![]).await.unwrap();
    assert_eq!(stayed, json!(true), "redrawn in place, not reloaded");
    browser.close().await;
}
