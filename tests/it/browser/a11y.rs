//! Checks WCAG 2.2 AA: axe on every page, in every state and language and in both themes.
//!
//! Also checks that no page scrolls sideways at 320 pixels, that a reset works by keyboard alone, and that a warning
//! appears before the time limit.

use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::{Value, json};

use super::RunInEveryPage;
use super::tour::{self, TourPart};
use crate::support::chromium::{BrowserOptions, ChromiumBrowser, DESKTOP, PHONE};
use crate::support::portal::{TestPortal, VALID_PASSWORD, full_upn};
use crate::support::wait::wait_until;

/// The narrowest width that WCAG requires: 1280 pixels at 400 % zoom (1.4.10).
const NARROW_PHONE: BrowserOptions = BrowserOptions { width: 320, height: 640, ..PHONE };
const DARK_DESKTOP: BrowserOptions = BrowserOptions { dark: true, ..DESKTOP };
/// Number of languages in which every page is checked.
const LANGUAGE_COUNT: usize = 7;

/// `tests/run.sh` installs axe.
fn load_axe_script() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/a11y/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(file).expect("axe-core is not there: `make test` fetches what the tests need")
}

/// Returns the violations on the current page, in which axe has been loaded. Axe checks WCAG 2.5.8 (targets of 24
/// pixels) only when asked.
async fn axe_violations(browser: &ChromiumBrowser) -> Vec<String> {
    const RUN_AXE_SCRIPT: &str = "const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } }).then((result) => done(result.violations.map((v) =>
            `${v.id}: ${v.nodes.map((n) => n.target.join(' ') + ' ' + (n.failureSummary || '')).join(' | ')}`)));";
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
    let set = "document.cookie = `lang=${arguments[0]}; path=/`";
    browser.client.execute(set, vec![json!(language)]).await.unwrap();
    // Chromium stores a cookie some time after the script has set it: the next request could still send the old one.
    let is_stored = "return document.cookie.split('; ').includes(`lang=${arguments[0]}`)";
    let is_stored = async || browser.client.execute(is_stored, vec![json!(language)]).await.unwrap() == true;
    wait_until(format!("the cookie of the language {language} is stored"), is_stored).await;
}

/// Waits until the page has its style sheets, without which nothing on it has its place and its colour.
async fn wait_until_loaded(browser: &ChromiumBrowser) {
    let is_loaded = async || {
        let state = browser.client.execute("return document.readyState", vec![]).await;
        state.is_ok_and(|state| state == "complete")
    };
    wait_until("the page has loaded", is_loaded).await;
}

/// Returns the languages in which a page is checked, beginning with the one in which the tour has opened it.
async fn languages_to_check(browser: &ChromiumBrowser, page: &str) -> Vec<String> {
    // The answer to a form is checked in English only. All its parts also appear on other pages.
    if page.starts_with("form-") {
        return vec!["en".to_owned()];
    }
    let mut languages = offered_languages(browser).await;
    languages.sort_by_key(|language| language != "en");
    languages
}

/// Shows the page in a language, unless it is shown in it already.
async fn switch_language(browser: &ChromiumBrowser, language: &str) {
    let current = browser.client.execute("return document.documentElement.lang", vec![]).await.unwrap();
    if current != language {
        set_language_cookie(browser, language).await;
        browser.client.refresh().await.unwrap();
        browser.wait_for(&format!("html[lang='{language}'] main h1")).await;
        wait_until_loaded(browser).await;
    }
}

/// Checks every page of a part in every language, and in English its answers to forms.
async fn check_pages(part: TourPart, looks: BrowserOptions) {
    let (portal, browser) = (tour::start_portal().await, ChromiumBrowser::start(looks).await);
    browser.client.issue_cmd(RunInEveryPage(load_axe_script())).await.unwrap();
    let (mut seen, mut wrong) = (0, Vec::new());
    tour::visit_pages(part, &portal, &browser, async |page| {
        if page == "entra" {
            return;
        }
        wait_until_loaded(&browser).await;
        for language in languages_to_check(&browser, page).await {
            switch_language(&browser, &language).await;
            let at = format!("{page}, {language}, {} px", looks.width);
            wrong.extend(axe_violations(&browser).await.into_iter().map(|rule| format!("{at}: {rule}")));
            wrong.extend(find_overflow(&browser).await.map(|what| format!("{at}: reaches too far: {what}")));
            seen += 1;
        }
        set_language_cookie(&browser, "en").await;
    })
    .await;
    browser.close().await;
    portal.demo.stop().await;
    let (theme, width) = (if looks.dark { "dark" } else { "light" }, looks.width);
    println!("RESULT a11y part={part:?} theme={theme} width={width} looks={seen} violations={}", wrong.len());
    assert_eq!(wrong, Vec::<String>::new());
    let (pages, forms) = match part {
        TourPart::Resets => (20, 4),
        TourPart::Helpdesk => (16, 0),
        TourPart::Cases => (16, 1),
    };
    assert_eq!(seen, pages * LANGUAGE_COUNT + forms, "every page was there, in every language");
}

#[tokio::test]
async fn reset_pages_pass_axe_at_320_pixels_in_the_light_theme() {
    Box::pin(check_pages(TourPart::Resets, NARROW_PHONE)).await;
}

#[tokio::test]
async fn reset_pages_pass_axe_on_a_desktop_in_the_dark_theme() {
    Box::pin(check_pages(TourPart::Resets, DARK_DESKTOP)).await;
}

#[tokio::test]
async fn helpdesk_pages_pass_axe_at_320_pixels_in_the_light_theme() {
    Box::pin(check_pages(TourPart::Helpdesk, NARROW_PHONE)).await;
}

#[tokio::test]
async fn helpdesk_pages_pass_axe_on_a_desktop_in_the_dark_theme() {
    Box::pin(check_pages(TourPart::Helpdesk, DARK_DESKTOP)).await;
}

#[tokio::test]
async fn case_pages_pass_axe_at_320_pixels_in_the_light_theme() {
    Box::pin(check_pages(TourPart::Cases, NARROW_PHONE)).await;
}

#[tokio::test]
async fn case_pages_pass_axe_on_a_desktop_in_the_dark_theme() {
    Box::pin(check_pages(TourPart::Cases, DARK_DESKTOP)).await;
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

/// Waits until the element has the focus. A page with `autofocus` sets it some time after it has loaded.
async fn wait_for_focus(browser: &ChromiumBrowser, css: &str) {
    wait_until_loaded(browser).await;
    let script = "return document.activeElement.matches(arguments[0])";
    let has_focus = async || browser.client.execute(script, vec![json!(css)]).await.unwrap() == true;
    wait_until(format!("{css} has the focus"), has_focus).await;
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
    // The page's script shows it.
    browser.wait_for("[data-offer]:not([hidden]) #phrase-use").await;
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
    wait_for_focus(&browser, "#q").await;
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

/// Sets the clock of the page to this many seconds before the form's time is over, and waits until the page has looked
/// at it twice: what it does about the time, it has done once.
async fn set_seconds_left(browser: &ChromiumBrowser, seconds: u32) {
    let script = "const end = new Date(document.getElementById('until').getAttribute('datetime')).getTime();
        window.looks = 0;
        Date.now = () => { window.looks += 1; return end - arguments[0] * 1000; };";
    browser.client.execute(script, vec![json!(seconds)]).await.unwrap();
    let has_looked = async || {
        let looks = browser.client.execute("return window.looks", vec![]).await.unwrap();
        looks.as_u64().unwrap() >= 2
    };
    wait_until("the page looks at its clock", has_looked).await;
}

#[tokio::test]
async fn reset_form_before_time_limit_shows_warning() {
    let portal = TestPortal::start().await;
    let browser = ChromiumBrowser::start(PHONE).await;
    browser.sign_in(&portal.demo.url(), &full_upn("wanda")).await;
    browser.wait_for("#soon[hidden]").await;
    wait_until_loaded(&browser).await;
    set_seconds_left(&browser, 121).await;
    browser.wait_for("#soon[hidden]").await;
    set_seconds_left(&browser, 119).await;
    browser.wait_for("#soon:not([hidden])").await;
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
    wait_for_focus(&browser, "#password").await;
    let script = "const e = document.activeElement; return [e.id, e.getAttribute('aria-invalid'), e.getAttribute('aria-describedby'), e.autocomplete]";
    let at = browser.client.execute(script, vec![]).await.unwrap();
    assert_eq!(at, json!(["password", "true", "rules problem", "new-password"]));
    browser.close().await;
    portal.demo.stop().await;
}
