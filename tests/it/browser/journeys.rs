//! A reset as a visitor of the demo does it, with and without JavaScript.

use std::time::Duration;

use crate::support::chromium::{BrowserOptions, ChromiumBrowser, DESKTOP, PHONE};
use crate::support::portal::{TestPortal, VALID_PASSWORD, full_upn};

#[tokio::test]
async fn wanda_sees_rules_while_typing_and_status_page_updates() {
    let portal = TestPortal::start().await;
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
    browser.wait_for("[data-state=written]").await;
    browser.wait_for("[data-rung=carried][data-look=done]").await;
    let stayed = browser.client.execute("return window.stayed === true", vec![]).await.unwrap();
    assert_eq!(stayed, serde_json::json!(true), "redrawn in place, not reloaded");
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
    let mut offered = first.clone();
    for _ in 0..100 {
        offered = browser.text("#phrase").await;
        if offered != first {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_ne!(offered, first, "another one, if she likes");
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
    let browser = ChromiumBrowser::start(DESKTOP).await;
    browser.sign_in(&portal.demo.url(), &full_upn("omar")).await;
    // Some proxies block event streams: the stream never opens.
    browser.wait_for("#reset-form").await;
    browser.client.issue_cmd(DisableEventSource).await.unwrap();
    browser.submit_reset(VALID_PASSWORD).await;
    browser.wait_for("#timeline").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    browser.wait_for("[data-state=written]").await;
    browser.close().await;
}

/// Removes `EventSource` from every page loaded after this command (a command of Chromium).
#[derive(Debug)]
struct DisableEventSource;

impl fantoccini::wd::WebDriverCompatibleCommand for DisableEventSource {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let body = serde_json::json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": { "source": "delete window.EventSource" } });
        (http::Method::POST, Some(body.to_string()))
    }
}
