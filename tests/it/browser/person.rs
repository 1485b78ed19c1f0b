//! Special cases of a reset in a real browser on a phone: languages, branding, failures, blocks and the link in a
//! notice.

use std::fmt::Write as _;

use passback_emulator::TenantSeed;
use serde_json::json;

use crate::directory::shared_domain;
use crate::support::chromium::{ChromiumBrowser, PHONE};
use crate::support::portal::{PortalSetup, TestPortal, VALID_PASSWORD, full_upn};

async fn computed_style(browser: &ChromiumBrowser, css: &str, name: &str) -> String {
    let script = "return getComputedStyle(document.querySelector(arguments[0])).getPropertyValue(arguments[1])";
    let value = browser.client.execute(script, vec![json!(css), json!(name)]).await.unwrap();
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn person_returning_unfinished_from_microsoft_sees_help() {
    let portal = TestPortal::start().await;
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.open(&portal.demo.url()).await;
    assert_eq!(browser.client.find_all(fantoccini::Locator::Css("#unfinished")).await.unwrap().len(), 0);
    assert_eq!(browser.client.find_all(fantoccini::Locator::Css(".methods svg")).await.unwrap().len(), 4, "pictures");
    browser.click("a[href='/signin']").await;
    browser.wait_for("#account").await;
    browser.client.back().await.unwrap();
    browser.open(&portal.demo.url()).await;
    assert!(browser.text("#unfinished").await.contains("Did you come back without finishing?"));
    assert!(browser.text("footer").await.contains("+44 20 7946 0100"), "and whom to call, and when");
    assert!(browser.text("footer").await.contains("Mon–Fri"));
    browser.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn language_switch_to_arabic_turns_page_right_to_left() {
    let portal = TestPortal::start().await;
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.open(&portal.demo.url()).await;
    assert_eq!(computed_style(&browser, "html", "direction").await, "ltr");
    browser.client.execute("document.getElementById('language').value = 'ar'", vec![]).await.unwrap();
    browser.click(".languages button").await;
    browser.wait_for("html[lang=ar][dir=rtl]").await;
    assert_eq!(computed_style(&browser, "main", "direction").await, "rtl");
    browser.sign_in(&portal.demo.url(), &full_upn("wanda")).await;
    browser.wait_for("html[lang=ar] #reset-form").await;
    assert_eq!(
        computed_style(&browser, "#phrase", "direction").await,
        "ltr",
        "a password is read from the left everywhere"
    );
    browser.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn page_shows_organisation_colour_and_logo() {
    let dir = tempfile::tempdir().unwrap();
    let logo = dir.path().join("logo.svg");
    let picture =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"32\"><rect width=\"64\" height=\"32\"/></svg>";
    std::fs::write(&logo, picture).unwrap();
    let branded = PortalSetup::with_config(move |config| {
        config.branding.name = "Fabrikam".into();
        config.branding.accent = Some("#7a1fa2".into());
        config.branding.logo_file = Some(logo.clone());
    });
    let portal = TestPortal::start_with(branded).await;
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.open(&portal.demo.url()).await;
    assert_eq!(computed_style(&browser, ".button", "background-color").await, "rgb(122, 31, 162)");
    assert!(browser.text(".brand").await.contains("Fabrikam"));
    let loaded = "const i = document.querySelector('.brand img'); return i.complete && i.naturalWidth > 0";
    assert_eq!(browser.client.execute(loaded, vec![]).await.unwrap(), json!(true), "the logo is drawn, not blocked");
    browser.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn wanda_finishes_with_passkey_and_reset_stays_written() {
    let portal = TestPortal::start().await;
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.sign_in(&portal.demo.url(), &full_upn("wanda")).await;
    browser.submit_reset(VALID_PASSWORD).await;
    browser.wait_for("[data-state=written] #finish").await;
    browser.click("#finish").await;
    browser.wait_for("#m-passkey").await;
    browser.click("#m-passkey").await;
    browser.click("button[type=submit]").await;
    browser.wait_for("#finish-note").await;
    portal.clock.advance(jiff::SignedDuration::from_secs(61));
    super::wait_for_text(&browser, "#finish-note", "has not seen a change of your password").await;
    browser.wait_for("[data-state=written]").await;
    browser.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn olaf_reads_failure_cause_and_that_old_password_works() {
    let portal = TestPortal::start().await;
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.sign_in(&portal.demo.url(), &full_upn("olaf")).await;
    browser.submit_reset(VALID_PASSWORD).await;
    browser.wait_for("[data-state=failed]").await;
    let said = browser.text("#timeline").await;
    assert!(said.contains("F-AGENT-OFFLINE") && said.contains("Your old password still works."), "{said}");
    browser.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn not_me_link_places_hold_only_after_button() {
    let seed = TenantSeed::contoso().unwrap().with_short_delays().with_application_permission("Mail.Send");
    let mails = PortalSetup::with_config(|config| {
        config.notify = toml::from_str("kind = \"graph\"\nfrom = \"mona@contoso.example\"").unwrap();
    });
    let portal = TestPortal::start_with(PortalSetup { seed, ..mails }).await;
    let browser = ChromiumBrowser::start(PHONE).await;
    let url = portal.demo.url();
    browser.sign_in(&url, &full_upn("wanda")).await;
    browser.submit_reset(VALID_PASSWORD).await;
    browser.wait_for("[data-state=written]").await;
    let link = super::wait_for_not_me_link(&portal).await;
    browser.open(&format!("{url}{link}")).await;
    browser.wait_for("[data-code=N-ASK]").await;
    browser.open(&format!("{url}/reset")).await;
    browser.wait_for("#reset-form").await;
    browser.open(&format!("{url}{link}")).await;
    browser.click("main button[type=submit]").await;
    browser.wait_for("[data-code=N-DONE]").await;
    browser.open(&format!("{url}/reset")).await;
    browser.wait_for("[data-code=G-FROZEN]").await;
    browser.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn person_blocked_by_domain_is_told_before_typing() {
    let domain = shared_domain().await;
    let settings = domain.probe_settings().to_config();
    let mut text = passback_emulator::CONTOSO_SEED.to_owned();
    for name in ["dora", "fina"] {
        let upn = format!("{name}@corp.contoso.example");
        write!(text, "\n[[people]]\nupn = \"{upn}\"\nname = \"Some Body\"\noutcome = \"written\"\n").unwrap();
    }
    let asks = PortalSetup::with_config(move |config| config.directory = Some(settings.clone()));
    let portal =
        TestPortal::start_with(PortalSetup { seed: TenantSeed::parse(&text).unwrap().with_short_delays(), ..asks })
            .await;
    let browser = ChromiumBrowser::start(PHONE).await;
    for (name, code, words) in [("dora", "G-DISABLED", "switched off"), ("fina", "G-TOO-YOUNG", "again after")] {
        browser.sign_in(&portal.demo.url(), &format!("{name}@corp.contoso.example")).await;
        browser.wait_for(&format!("[data-code={code}]")).await;
        let said = browser.text("main").await;
        assert!(said.contains(words), "{name}: {said}");
    }
    browser.close().await;
    portal.demo.stop().await;
}
