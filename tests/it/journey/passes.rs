//! Notices about Temporary Access Passes: the person and the manager are informed about creation, first use and new
//! sign-in methods.

use std::time::Duration;

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};

use super::cases::{AgentCase, account, answers, call_check, question, said};
use super::notices::by;
use crate::support::mailbox::{ReceivedMail, TestMailServer};
use crate::support::portal::{DatabaseEngine, HttpBrowser, PortalSetup, TestPortal, engines, upn};

async fn with_mail(mailbox: &TestMailServer, engine: DatabaseEngine) -> TestPortal {
    let mail = by(mailbox.port, "tls = \"none\"");
    let wish = PortalSetup::adjusted(move |config| {
        mail(config);
        config.helpdesk.alarms.every_seconds = 1;
    });
    TestPortal::with(PortalSetup { engine, ..wish }).await
}

/// Verifies Wanda and executes the action, so that a pass waits for her manager. Returns the manager's browser and the
/// path of the pass.
pub(crate) async fn waits_for_the_manager(portal: &TestPortal, hugo: &mut AgentCase) -> (HttpBrowser, String) {
    let mut wanda = account(portal, "wanda").await;
    let mut mona = account(portal, "mona").await;
    call_check(hugo, &mut wanda).await;
    assert_eq!(said(&hugo.verifies("manager").await), "asked");
    question(&mut mona).await;
    assert_eq!(answers(&mut mona, "yes", &[]).await, "confirmed");
    assert_eq!(said(&hugo.press("act", &[]).await), "pass-waits");
    let page = mona.get("/account").await;
    let action = page.body.split("/account/passes/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (mona, format!("/account/passes/{action}"))
}

/// Does the same, and reveals the pass to the manager. Returns its code.
async fn gets_a_pass(portal: &TestPortal, hugo: &mut AgentCase) -> String {
    let (mut mona, at) = waits_for_the_manager(portal, hugo).await;
    let shown = mona.post(&at, &[]).await;
    let code = shown.body.split("<p class=\"pass\"").nth(1).unwrap_or_else(|| panic!("{}", shown.body));
    code.split("<bdi>").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

fn told<'a>(mails: &'a [ReceivedMail], to: &str, part: &str) -> &'a ReceivedMail {
    mails
        .iter()
        .find(|mail| mail.to == [upn(to)] && mail.text.contains(part))
        .unwrap_or_else(|| panic!("{to} was not told: {part}"))
}

async fn until(browser: &mut HttpBrowser, at: &str, part: &str) {
    for _ in 0..100 {
        if browser.get(at).await.body.contains(part) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{at} never said {part}: {}", browser.get(at).await.main());
}

#[tokio::test]
async fn wanda_and_her_manager_hear_of_a_pass_of_its_first_use_and_of_what_was_registered_after() {
    for engine in engines() {
        let mailbox = TestMailServer::start().await;
        let portal = with_mail(&mailbox, engine).await;
        let mut hugo = AgentCase::begins(&portal, "hugo", "wanda", "pass").await;
        let code = gets_a_pass(&portal, &mut hugo).await;
        let mails = mailbox.wait(2).await;
        let to_wanda = told(&mails, "wanda", "A Temporary Access Pass was made for your account");
        let to_mona = told(&mails, "mona", "A Temporary Access Pass was made for Wanda Writeback");
        for mail in [to_wanda, to_mona] {
            assert!(!mail.text.contains(&code), "the pass itself is in no mail");
            assert!(mail.text.contains("/account") && mail.text.contains("+44 20 7946 0100"), "{}", mail.text);
        }
        assert!(to_mona.text.contains("Hello Mona Manager,"));
        assert!(!hugo.page().await.body.contains("First used on"));

        let page = portal.browser().sign_in("/signin", &upn("wanda"), "tap", &code).await;
        assert!(page.url.ends_with("/reset"), "{}", page.url);
        let mails = mailbox.wait(4).await;
        told(&mails[2..], "wanda", "was used");
        told(&mails[2..], "mona", "The Temporary Access Pass of Wanda Writeback was used");
        assert!(hugo.page().await.body.contains("First used on"));

        // Someone with access to the account cannot redirect the mail by changing the addresses: those from before are
        // stored.
        portal.demo.tenant.register_method(&upn("wanda"));
        let mails = mailbox.wait(6).await;
        told(&mails[4..], "wanda", "A new way to sign in to your account");
        told(&mails[4..], "mona", "A new way to sign in was registered for Wanda Writeback");
        let at = hugo.at.clone();
        until(&mut hugo.agent, &at, "A new way to sign in was registered on").await;
        let mut wanda = account(&portal, "wanda").await;
        assert!(wanda.get("/account").await.body.contains("A new way to sign in was registered on"));

        // A closed case is still monitored, and each event is mailed once.
        assert_eq!(said(&hugo.press("close", &[]).await), "closed");
        assert_eq!(mailbox.quiet().await.len(), 6);
        portal.demo.tenant.register_method(&upn("wanda"));
        mailbox.wait(8).await;
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn where_nobody_can_be_told_no_pass_is_made() {
    let mailbox = TestMailServer::start().await;
    let portal = with_mail(&mailbox, DatabaseEngine::Sqlite).await;
    let mut hugo = AgentCase::begins(&portal, "hugo", "wanda", "pass").await;
    let mut wanda = account(&portal, "wanda").await;
    call_check(&mut hugo, &mut wanda).await;
    hugo.verifies("in_person").await;
    assert_eq!(said(&hugo.press("second", &[]).await), "approval-asked");
    let mut april = AgentCase { agent: super::cases::staff(&portal, "april").await, at: hugo.at.clone() };
    assert_eq!(said(&april.press("approve", &[]).await), "approved");
    portal.demo.tenant.add_fault(InjectedFault::on(FaultTarget::Manager, FaultEffect::Hangup));
    hugo.press("act", &[("to", "me")]).await;
    assert!(hugo.page().await.body.contains("Graph did not say whom to tell, so no pass was made"));
    let asked = portal.demo.tenant.seen();
    assert!(!asked.iter().any(|(method, path, _)| method == "POST" && path.ends_with("/temporaryAccessPassMethods")));
    assert!(mailbox.quiet().await.is_empty());
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_case_that_is_for_something_else_by_now_changes_nothing_about_the_pass_that_waits() {
    let portal = TestPortal::start().await;
    let mut hugo = AgentCase::begins(&portal, "hugo", "wanda", "pass").await;
    let (mut mona, at) = waits_for_the_manager(&portal, &mut hugo).await;
    hugo.press("for", &[("action", "revoke")]).await;
    let shown = mona.post(&at, &[]).await;
    assert!(shown.body.contains("<p class=\"pass\""), "{}", shown.body);
    assert_eq!(portal.demo.tenant.calls(FaultTarget::Revoke, None), 0, "nothing was verified for that");
    portal.demo.stop().await;
}
