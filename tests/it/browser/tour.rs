//! A walk through every page and state, for whoever wants to look at them all.

use passback::tenant::{Call, Effect, Fault, Seed};

use crate::support::chromium::Chromium;
use crate::support::portal::{GOOD, Portal, Wish, upn};

/// A portal in which every state can be reached and stays.
pub(super) async fn portal() -> Portal {
    let stuck = Fault::on(Call::Writeback, Effect::Slow { ms: 3_600_000 }).for_person(&upn("carl"));
    let silent = Effect::Status { status: 504, code: "x".into(), retry_after: None, graph_body: false };
    let silent = Fault::on(Call::ResetPassword, silent).for_person(&upn("luca"));
    let seed = Seed::contoso().unwrap().hurry().with_fault(stuck).with_fault(silent);
    let seed = seed.granting("Mail.Send");
    let many = Wish::adjusted(|config| {
        config.notify = toml::from_str("kind = \"graph\"\nfrom = \"mona@contoso.example\"").unwrap();
        config.reset.per_address_minute = 10_000;
        config.reset.per_person_hour = 1_000;
        config.helpdesk.minutes_per_reset = 15;
        config.helpdesk.alarms.every_seconds = 1;
        config.helpdesk.alarms.people_per_agent = 1;
    });
    Portal::with(Wish { seed, ..many }).await
}

/// Calls `look` on every page, with its name. A page whose name begins with `form-` answers a form and cannot simply be
/// loaded again.
pub(super) async fn tour(portal: &Portal, browser: &Chromium, mut look: impl AsyncFnMut(&str)) {
    let url = portal.demo.url();
    browser.open(&url).await;
    look("landing").await;
    browser.click("a[href='/signin']").await;
    browser.wait_for("#account").await;
    look("entra").await;
    browser.open(&url).await;
    look("landing-unfinished").await;
    browser.sign_in(&url, &upn("wanda")).await;
    browser.wait_for("#reset-form").await;
    look("form").await;
    browser.reset("wanda").await;
    browser.wait_for("#problem").await;
    look("form-refused").await;
    for (name, state) in [
        ("wanda", "written"),
        ("carl", "writing"),
        ("rita", "refused"),
        ("olaf", "failed"),
        ("sven", "split"),
        ("luca", "unknown"),
        ("clara", "cloud_only"),
    ] {
        browser.sign_in(&url, &upn(name)).await;
        browser.reset(GOOD).await;
        browser.wait_for(&format!("[data-state={state}]")).await;
        look(state).await;
    }
    browser.open(&format!("{url}/reset")).await;
    finished(portal, browser, &mut look).await;
    let busy = Effect::Status { status: 429, code: "x".into(), retry_after: Some(55), graph_body: true };
    portal.demo.tenant.add_fault(Fault::on(Call::ResetPassword, busy).for_person(&upn("omar")).times(1));
    browser.sign_in(&url, &upn("omar")).await;
    browser.reset(GOOD).await;
    browser.wait_for("[data-state=sending] .note").await;
    look("in-line").await;
    for (name, page) in [("gloria", "stopped"), ("dora", "refused-sign-in")] {
        browser.sign_in(&url, &upn(name)).await;
        browser.wait_for("[data-code]").await;
        // The first is a page of its own, the other answers Entra's callback, which counts once.
        look(if page == "stopped" { page } else { "form-refused-sign-in" }).await;
    }
    not_me(portal, browser, &mut look).await;
    browser.open(&format!("{url}/nothing")).await;
    look("not-found").await;
    staff(&url, browser, "adam").await;
    browser.wait_for(".standing-line").await;
    look("operator").await;
    desk(&url, browser, &mut look).await;
}

/// Signs a member of staff in.
pub(super) async fn staff(url: &str, browser: &Chromium, name: &str) {
    browser.open(&format!("{url}/signin?purpose=staff")).await;
    browser.type_into("#account", &upn(name)).await;
    browser.click("#m-passkey").await;
    browser.click("button[type=submit]").await;
}

/// The helpdesk's pages.
async fn desk(url: &str, browser: &Chromium, look: &mut impl AsyncFnMut(&str)) {
    staff(url, browser, "hugo").await;
    browser.wait_for(".queue li").await;
    look("desk-queue").await;
    browser.open(&format!("{url}/helpdesk?q=nobody")).await;
    browser.wait_for("#nothing").await;
    look("desk-nothing").await;
    browser.open(&format!("{url}/helpdesk?q=--&state=written")).await;
    browser.wait_for("#q[aria-invalid]").await;
    look("desk-unreadable").await;
    for (state, page) in [("finished", "desk-finished"), ("refused", "desk-refused"), ("writing", "desk-writing")] {
        browser.open(&format!("{url}/helpdesk?state={state}")).await;
        browser.click(".queue a").await;
        browser.wait_for("#reset").await;
        look(page).await;
    }
    browser.type_into("#text", "Called at nine; the laptop lets her in.").await;
    browser.click("[action$='/note'] button").await;
    browser.wait_for(".written").await;
    look("desk-note").await;
    insights(url, browser, look).await;
}

/// With an alarm that somebody has to look at.
async fn insights(url: &str, browser: &Chromium, look: &mut impl AsyncFnMut(&str)) {
    browser.open(&format!("{url}/helpdesk/insights")).await;
    while browser.client.find(fantoccini::Locator::Css(".alarm")).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        browser.open(&format!("{url}/helpdesk/insights")).await;
    }
    browser.click("details:last-of-type summary").await;
    look("desk-insights").await;
    browser.type_into(".alarm textarea", "A fire drill.").await;
    browser.click(".alarm button").await;
    browser.wait_for("[role=status]").await;
    look("desk-insights-acknowledged").await;
}

/// The last step, and what is left to do after it.
async fn finished(portal: &Portal, browser: &Chromium, look: &mut impl AsyncFnMut(&str)) {
    let url = portal.demo.url();
    browser.sign_in(&url, &upn("wanda")).await;
    browser.reset("Amber-Lantern-Copper-5").await;
    browser.wait_for("[data-state=written] #finish").await;
    browser.click("[name=laptop][value=inside]").await;
    browser.wait_for("[data-step=lock-unlock]").await;
    browser.click("[data-step=phone] .check").await;
    browser.wait_for("[data-step=phone][data-done=true]").await;
    look("aftercare").await;
    browser.click("#finish").await;
    browser.wait_for("#m-password").await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    browser.type_into("#password", "Amber-Lantern-Copper-5").await;
    browser.click("button[type=submit]").await;
    browser.wait_for("#new_password").await;
    browser.type_into("#password", "Amber-Lantern-Copper-5").await;
    browser.type_into("#new_password", "Copper-Lantern-Sails-8").await;
    browser.click("button[type=submit]").await;
    browser.wait_for("[data-state=finished]").await;
    look("finished").await;
}

/// The page behind the link in a notice, and the one after its button.
async fn not_me(portal: &Portal, browser: &Chromium, look: &mut impl AsyncFnMut(&str)) {
    let mut mails = portal.demo.tenant.mails();
    while mails.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        mails = portal.demo.tenant.mails();
    }
    let rest = mails[0].content.split_once("/not-me/").unwrap().1;
    let token: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    browser.open(&format!("{}/not-me/{token}", portal.demo.url())).await;
    browser.wait_for("[data-code=N-ASK]").await;
    look("not-me").await;
    browser.click("main button[type=submit]").await;
    browser.wait_for("[data-code=N-DONE]").await;
    look("form-not-me-done").await;
}
