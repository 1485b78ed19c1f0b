//! `make screenshots`: every page and state at phone and desktop width, light and dark, into the folder that
//! `PASSBACK_SCREENSHOTS` names. Without it there is nothing to do.

use std::path::{Path, PathBuf};

use passback::tenant::{Call, Effect, Fault, Seed};

use crate::support::chromium::{Chromium, DESKTOP, Looks, PHONE};
use crate::support::portal::{GOOD, Portal, Wish, upn};

#[tokio::test]
async fn every_page_as_people_see_it() {
    let Some(folder) = std::env::var_os("PASSBACK_SCREENSHOTS").map(PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    for (name, looks) in [("phone", PHONE), ("desktop", DESKTOP)] {
        for dark in [false, true] {
            let theme = if dark { "dark" } else { "light" };
            shoot(&folder, &format!("{name}-{theme}"), Looks { dark, ..looks }).await;
        }
    }
}

async fn shoot(folder: &Path, suffix: &str, looks: Looks) {
    let stuck = Fault::on(Call::Writeback, Effect::Slow { ms: 3_600_000 }).for_person(&upn("carl"));
    let silent = Effect::Status { status: 504, code: "x".into(), retry_after: None, graph_body: false };
    let silent = Fault::on(Call::ResetPassword, silent).for_person(&upn("luca"));
    let seed = Seed::contoso().unwrap().hurry().with_fault(stuck).with_fault(silent);
    let portal = Portal::with(Wish { seed, ..Wish::default() }).await;
    let url = portal.demo.url();
    let file = |page: &str| folder.join(format!("{page}-{suffix}.png"));
    let browser = Chromium::start(looks).await;
    browser.open(&url).await;
    browser.screenshot(&file("landing")).await;
    browser.click("a[href='/signin']").await;
    browser.wait_for("#account").await;
    browser.screenshot(&file("entra")).await;
    browser.sign_in(&url, &upn("wanda")).await;
    browser.wait_for("#reset-form").await;
    browser.screenshot(&file("form")).await;
    browser.reset("wanda").await;
    browser.wait_for("#problem").await;
    browser.screenshot(&file("form-refused")).await;
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
        browser.screenshot(&file(state)).await;
    }
    let busy = Effect::Status { status: 429, code: "x".into(), retry_after: Some(40), graph_body: true };
    portal.demo.tenant.add_fault(Fault::on(Call::ResetPassword, busy).for_person(&upn("omar")).times(1));
    browser.sign_in(&url, &upn("omar")).await;
    browser.reset(GOOD).await;
    browser.wait_for("[data-state=sending] .note").await;
    browser.screenshot(&file("in-line")).await;
    for (name, page) in [("gloria", "stopped"), ("dora", "refused-sign-in")] {
        browser.sign_in(&url, &upn(name)).await;
        browser.wait_for("[data-code]").await;
        browser.screenshot(&file(page)).await;
    }
    browser.open(&format!("{url}/nothing")).await;
    browser.screenshot(&file("not-found")).await;
    browser.open(&format!("{url}/signin?purpose=staff")).await;
    browser.type_into("#account", &upn("adam")).await;
    browser.click("#m-passkey").await;
    browser.click("button[type=submit]").await;
    browser.wait_for(".standing-line").await;
    browser.screenshot(&file("operator")).await;
    browser.close().await;
}
