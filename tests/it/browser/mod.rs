//! Tests in a real browser, some of them with a real Active Directory.

mod a11y;
mod helpdesk;
mod journeys;
mod person;
mod real_directory;
mod screenshots;
mod tour;

use fantoccini::Locator;
use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};
use serde_json::json;

use crate::support::chromium::ChromiumBrowser;
use crate::support::portal::{TestPortal, full_upn};
use crate::support::wait::{wait_for, wait_for_value};

/// Time for which [`hold_writeback`] holds a writeback. The portal's clock is set forward by it, so it is less than the
/// time after which a session or a reset ends.
const HOLD_DURATION: SignedDuration = SignedDuration::from_mins(4);

/// Holds this person's resets in state writing until [`end_held_writebacks`], so that a slow browser sees that state.
fn hold_writeback(portal: &TestPortal, name: &str) {
    let ms = u64::try_from(HOLD_DURATION.as_millis()).unwrap();
    let held = InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms });
    portal.demo.tenant.add_fault(held.for_person(&full_upn(name)));
}

fn end_held_writebacks(portal: &TestPortal) {
    portal.clock.advance(HOLD_DURATION);
}

/// Waits until the text of an element contains these words. Live pages replace elements, so it is looked for each time.
async fn wait_for_text(browser: &ChromiumBrowser, css: &str, words: &str) {
    let text = async || match browser.client.find(Locator::Css(css)).await {
        Ok(element) => element.text().await.unwrap_or_default(),
        Err(_) => String::new(),
    };
    wait_for_value(format!("{css} says {words:?}"), text, |text| text.contains(words)).await;
}

/// Waits for the first mail with a link that reports a reset, and returns the link's path.
async fn wait_for_not_me_link(portal: &TestPortal) -> String {
    let first = wait_for("a mail", async || portal.demo.tenant.sent_mails().into_iter().next()).await;
    let rest = first.content.split_once("/not-me/").unwrap().1;
    format!("/not-me/{}", rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>())
}

/// Runs a script in every page loaded after this command, before the page's own (a command of Chromium).
#[derive(Debug)]
struct RunInEveryPage(String);

impl fantoccini::wd::WebDriverCompatibleCommand for RunInEveryPage {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": { "source": self.0 } });
        (http::Method::POST, Some(body.to_string()))
    }
}
