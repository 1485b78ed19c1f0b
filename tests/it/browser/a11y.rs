//! Checks WCAG 2.2 AA: axe on every page, in every state and language and in both themes.
//!
//! Also checks that no page scrolls sideways at 320 pixels, that a reset works by keyboard alone, and that a warning
//! appears before the time limit.

use std::time::Duration;

use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::{Value, json};

use super::tour;
use crate::support::chromium::{BrowserOptions, ChromiumBrowser, DESKTOP, PHONE};
use crate::support::portal::{PortalSetup, TestPortal, VALID_PASSWORD, full_upn};

/// The narrowest width that WCAG requires: 1280 pixels at 400 % zoom (1.4.10).
const NARROW_PHONE: BrowserOptions = BrowserOptions { width: 320, height: 640, ..PHONE };

/// `tests/run.sh` installs axe.
fn load_axe_script() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/a11y/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(file).expect("axe-core is not there: `make test` fetches what the tests need")
}

/// Returns the violations on the current page. Axe checks WCAG 2.5.8 (targets of 24 pixels) only when asked.
async fn axe_violations(browser: &ChromiumBrowser, axe: &str) -> Vec<String> {
    const RUN_AXE_SCRIPT: &str = "const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } }).then((result) => done(result.violations.map((v) =>
            `${v.id}: ${v.nodes.map((n) => n.target.join(' ') + ' ' + (n.failureSummary || '')).join(' | ')}`)));";
    browser.client.execute(axe, vec![]).await.unwrap();
    let found = browser.client.execute_async(RUN_AXE_SCRIPT, vec![]).await.unwrap();
    let found: Vec<Value> = serde_json::from_value(found).unwrap();
    found.into_iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// Returns the elements that extend beyond the window, if there are any.
async fn find_overflow(browser: &ChromiumBrowser) -> Option<String> {
    const OVERFLOW_SCRIPT: &str = "const root = document.documentElement;
        if (root.scrollWidth <= root.clientWidth) return null;
        const beyond = (e) => { const box = e.getBoundingClientRect(); return box.right > root.clientWidth || box.left < 0; };
        return [...document.querySelectorAll('body *')].filter(beyond).map((e) => e.outerHTML.slice(0, 120)).join(' | ');";
    browser.client.execute(OVERFLOW_SCRIPT, vec![]).await.unwrap().as_str().map(str::to_owned)
}

async fn offered_languages(browser: &ChromiumBrowser) -> Vec<String> {
    let codes = "return [...document.querySelectorAll('#language option')].map((o) => o.value)";
    let found = browser.client.execute(codes, vec![]).await.unwrap();
    let found: Vec<String> = serde_json::from_value(found).unwrap();
    if found.is_empty() { vec!["en".to_owned()] } else { found }
}

async fn set_language_cookie(browser: &ChromiumBrowser, language: &str) {
    let script = "document.cookie = `lang=${arguments[0]}; path=/`";
    browser.client.execute(script, vec![json!(language)]).await.unwrap();
}

/// Checks every page in every language. Returns the number of checks and the violations with their page.
async fn check_every_page(looks: BrowserOptions) -> (usize, Vec<String>) {
    let (axe, portal, browser) = (load_axe_script(), tour::start_portal().await, ChromiumBrowser::start(looks).await);
    let (mut seen, mut wrong) = (0, Vec::new());
    tour::visit_every_page(&portal, &browser, async |page| {
        if page == "entra" {
            return;
        }
        // The answer to a form is checked in English only. All its parts also appear on other pages.
        let languages =
            if page.starts_with("form-") { vec!["en".to_owned()] } else { offered_languages(&browser).await };
        for language in &languages {
            if languages.len() > 1 {
                set_language_cookie(&browser, language).await;
                browser.client.refresh().await.unwrap();
                browser.wait_for(&format!("html[lang='{language}'] main h1")).await;
            }
            let at = format!("{page}, {language}, {} px", looks.width);
            wrong.extend(axe_violations(&browser, &axe).await.into_iter().map(|rule| format!("{at}: {rule}")));
            wrong.extend(find_overflow(&browser).await.map(|what| format!("{at}: reaches too far: {what}")));
            seen += 1;
        }
        set_language_cookie(&browser, "en").await;
    })
    .await;
    browser.close().await;
    portal.demo.stop().await;
    (seen, wrong)
}

#[tokio::test]
async fn every_page_passes_axe_at_320_pixels_in_the_light_theme() {
    let (seen, wrong) = Box::pin(check_every_page(NARROW_PHONE)).await;
    println!("RESULT a11y theme=light width=320 looks={seen} violations={}", wrong.len());
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn every_page_passes_axe_on_a_desktop_in_the_dark_theme() {
    let (seen, wrong) = Box::pin(check_every_page(BrowserOptions { dark: true, ..DESKTOP })).await;
    println!("RESULT a11y theme=dark width=1280 looks={seen} violations={}", wrong.len());
    assert_eq!(wrong, Vec::<String>::new());
}

/// Presses Tab until the element has the focus. Fails after 40 presses, or if the focus is not visible.
async fn tab_to(browser: &ChromiumBrowser, css: &str) {
    let body = browser.client.find(Locator::Css("body")).await.unwrap();
    for press in 0..40 {
        let script =
            "const e = document.activeElement; return [e.matches(arguments[0]), getComputedStyle(e).outlineStyle]";
        let at = browser.client.execute(script, vec![json!(css)]).await.unwrap();
        if at[0] == true {
            assert_ne!(at[1], "none", "{css} shows no focus");
            return;
        }
        if press == 0 {
            body.send_keys(&Key::Tab.to_string()).await.unwrap();
        } else {
            browser.client.active_element().await.unwrap().send_keys(&Key::Tab.to_string()).await.unwrap();
        }
    }
    panic!("{css} is not reached with Tab");
}

async fn press_enter(browser: &ChromiumBrowser) {
    browser.client.active_element().await.unwrap().send_keys(&Key::Enter.to_string()).await.unwrap();
}

#[tokio::test]
async fn wanda_resets_by_keyboard_alone() {
    let portal = TestPortal::start().await;
    let browser = ChromiumBrowser::start(DESKTOP).await;
    browser.open(&portal.demo.url()).await;
    tab_to(&browser, "a[href='/signin']").await;
    press_enter(&browser).await;
    browser.wait_for("#account").await;
    browser.client.active_element().await.unwrap();
    browser.sign_in_at_entra(&full_upn("wanda")).await;
    browser.wait_for("#phrase-use").await;
    tab_to(&browser, "#phrase-use").await;
    press_enter(&browser).await;
    browser.wait_for("[data-rule=strength][data-standing=met]").await;
    tab_to(&browser, "#reset-form button[type=submit]").await;
    press_enter(&browser).await;
    browser.wait_for("[data-state=written]").await;
    tab_to(&browser, "[name=laptop][value=inside]").await;
    press_enter(&browser).await;
    browser.wait_for("[data-step=lock-unlock]").await;
    tab_to(&browser, "[data-step=wifi] .check").await;
    press_enter(&browser).await;
    browser.wait_for("[data-step=wifi][data-done=true]").await;
    tab_to(&browser, "#finish").await;
    browser.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn status_update_keeps_keyboard_focus() {
    let portal = TestPortal::start().await;
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.sign_in(&portal.demo.url(), &full_upn("wanda")).await;
    browser.wait_for("#phrase-use").await;
    browser.click("#phrase-use").await;
    browser.wait_for("[data-rule=strength][data-standing=met]").await;
    browser.click("#reset-form button[type=submit]").await;
    browser.wait_for("[data-state=written]").await;
    browser.client.execute("window.held = document.getElementById('laptop-inside'); held.focus(); document.querySelector('#aftercare summary').click();", vec![]).await.unwrap();
    browser.client.execute("held.focus()", vec![]).await.unwrap();
    browser.wait_for("[data-rung=carried][data-look=done]").await;
    let kept = "return [document.activeElement === window.held, held.isConnected, document.querySelector('#aftercare details').open]";
    assert_eq!(browser.client.execute(kept, vec![]).await.unwrap(), json!([true, true, true]));
    browser.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn reset_list_refreshes_and_supports_arrow_keys() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    let browser = ChromiumBrowser::start(DESKTOP).await;
    super::tour::sign_in_staff(&portal.demo.url(), &browser, "hugo").await;
    browser.wait_for(".queue li").await;
    let press = async |key: Key| {
        browser.client.active_element().await.unwrap().send_keys(&key.to_string()).await.unwrap();
    };
    let at = async || {
        let script = "const e = document.activeElement; window.held = e; return e.id || e.closest('li').id";
        browser.client.execute(script, vec![]).await.unwrap()
    };
    assert_eq!(at().await, json!("q"), "one may search at once");
    press(Key::Down).await;
    assert_eq!(at().await, json!(format!("r-{reference}")));
    let mut rita = portal.signed_in("rita").await;
    let other = rita.submit_reset(VALID_PASSWORD).await.reference();
    browser.wait_for(&format!("#r-{other}[data-state=refused]")).await;
    let kept = browser.client.execute("return document.activeElement === window.held", vec![]).await.unwrap();
    assert_eq!(kept, json!(true), "the keyboard stays where it was");
    press(Key::Up).await;
    assert_eq!(at().await, json!(format!("r-{other}")), "the newest stands above");
    press_enter(&browser).await;
    browser.wait_for("#reset[data-state=refused]").await;
    browser.open(&format!("{}/helpdesk", portal.demo.url())).await;
    browser.wait_for(".queue li").await;
    portal.clock.adjust_wall_clock(jiff::SignedDuration::from_mins(16));
    browser.wait_for("#m-passkey").await;
    browser.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn reset_form_before_time_limit_shows_warning() {
    let short = PortalSetup::with_config(|config| {
        config.signin.max_age_seconds = 60;
        config.signin.submit_seconds = 63;
    });
    let portal = TestPortal::start_with(short).await;
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.sign_in(&portal.demo.url(), &full_upn("wanda")).await;
    browser.wait_for("#soon[hidden]").await;
    let warned = tokio::time::timeout(Duration::from_secs(15), browser.wait_for("#soon:not([hidden])")).await;
    assert!(warned.is_ok(), "two minutes before the end");
    browser.close().await;
    portal.demo.stop().await;
}

#[tokio::test]
async fn rejected_password_shows_error_at_focused_field() {
    let portal = TestPortal::start().await;
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.sign_in(&portal.demo.url(), &full_upn("wanda")).await;
    browser.submit_reset("wanda").await;
    browser.wait_for("#problem").await;
    let script = "const e = document.activeElement; return [e.id, e.getAttribute('aria-invalid'), e.getAttribute('aria-describedby'), e.autocomplete]";
    let at = browser.client.execute(script, vec![]).await.unwrap();
    assert_eq!(at, json!(["password", "true", "rules problem", "new-password"]));
    browser.close().await;
    portal.demo.stop().await;
}
