//! Notices about Temporary Access Passes: the person and the manager are informed about creation, first use and new
//! sign-in methods.

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};

use super::cases::{AgentCase, answer_request, complete_call_check, open_request, outcome_code, sign_in_to_account};
use super::notices::smtp_config;
use crate::support::mail_server::{ReceivedMail, TestMailServer};
use crate::support::portal::{DatabaseEngine, HttpBrowser, PortalSetup, TestPortal, available_engines, full_upn};
use crate::support::wait::wait_for_value;

async fn start_with_mail(mailbox: &TestMailServer, engine: DatabaseEngine) -> TestPortal {
    let mail = smtp_config(mailbox.port, "tls = \"none\"");
    let wish = PortalSetup::with_config(move |config| {
        mail(config);
        config.helpdesk.alarms.every_seconds = 1;
    });
    TestPortal::start_with(PortalSetup { engine, ..wish }).await
}

/// Verifies Wanda and executes the action, so that a pass waits for her manager. Returns the manager's browser and the
/// path of the pass.
pub(crate) async fn create_pass_for_manager(portal: &TestPortal, hugo: &mut AgentCase) -> (HttpBrowser, String) {
    let mut wanda = sign_in_to_account(portal, "wanda").await;
    let mut mona = sign_in_to_account(portal, "mona").await;
    complete_call_check(hugo, &mut wanda).await;
    assert_eq!(outcome_code(&hugo.request_verification("manager").await), "asked");
    open_request(&mut mona).await;
    assert_eq!(answer_request(&mut mona, "yes", &[]).await, "confirmed");
    assert_eq!(outcome_code(&hugo.post_action("act", &[]).await), "pass-waits");
    let page = mona.get("/account").await;
    let action = page.body.split("/account/passes/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (mona, format!("/account/passes/{action}"))
}

/// Does the same, and reveals the pass to the manager. Returns its code.
async fn reveal_pass_to_manager(portal: &TestPortal, hugo: &mut AgentCase) -> String {
    let (mut mona, at) = create_pass_for_manager(portal, hugo).await;
    let shown = mona.post(&at, &[]).await;
    let code = shown.body.split("<p class=\"pass\"").nth(1).unwrap_or_else(|| panic!("{}", shown.body));
    code.split("<bdi>").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

fn find_mail<'a>(mails: &'a [ReceivedMail], to: &str, part: &str) -> &'a ReceivedMail {
    mails
        .iter()
        .find(|mail| mail.to == [full_upn(to)] && mail.text.contains(part))
        .unwrap_or_else(|| panic!("{to} was not told: {part}"))
}

async fn wait_for_text(browser: &mut HttpBrowser, at: &str, part: &str) {
    let load = async || browser.get(at).await.main_text();
    wait_for_value(format!("{part} at {at}"), load, |text| text.contains(part)).await;
}

#[tokio::test]
async fn wanda_and_mona_are_mailed_about_pass_first_use_and_new_method() {
    for engine in available_engines() {
        let mailbox = TestMailServer::start().await;
        let portal = start_with_mail(&mailbox, engine).await;
        let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "pass").await;
        let code = reveal_pass_to_manager(&portal, &mut hugo).await;
        let mails = mailbox.wait_for_mails(2).await;
        let to_wanda = find_mail(&mails, "wanda", "A Temporary Access Pass was made for your account");
        let to_mona = find_mail(&mails, "mona", "A Temporary Access Pass was made for Wanda Writeback");
        for mail in [to_wanda, to_mona] {
            assert!(!mail.text.contains(&code), "the pass itself is in no mail");
            assert!(mail.text.contains("/account") && mail.text.contains("+44 20 7946 0100"), "{}", mail.text);
        }
        assert!(to_mona.text.contains("Hello Mona Manager,"));
        assert!(!hugo.load_page().await.body.contains("First used on"));

        let page = portal.browser().sign_in("/signin", &full_upn("wanda"), "tap", &code).await;
        assert!(page.url.ends_with("/reset"), "{}", page.url);
        let mails = mailbox.wait_for_mails(4).await;
        find_mail(&mails[2..], "wanda", "was used");
        find_mail(&mails[2..], "mona", "The Temporary Access Pass of Wanda Writeback was used");
        assert!(hugo.load_page().await.body.contains("First used on"));

        // Someone with access to the account cannot redirect the mail by changing the addresses: those from before are
        // stored.
        portal.demo.tenant.register_method(&full_upn("wanda"));
        let mails = mailbox.wait_for_mails(6).await;
        find_mail(&mails[4..], "wanda", "A new way to sign in to your account");
        find_mail(&mails[4..], "mona", "A new way to sign in was registered for Wanda Writeback");
        let at = hugo.path.clone();
        wait_for_text(&mut hugo.agent, &at, "A new way to sign in was registered on").await;
        let mut wanda = sign_in_to_account(&portal, "wanda").await;
        assert!(wanda.get("/account").await.body.contains("A new way to sign in was registered on"));

        // A closed case is still monitored, and each event is mailed once.
        assert_eq!(outcome_code(&hugo.post_action("close", &[]).await), "closed");
        portal.wait_for_round("pass-monitor").await;
        assert_eq!(mailbox.mails_after_round(&portal).await.len(), 6);
        portal.demo.tenant.register_method(&full_upn("wanda"));
        mailbox.wait_for_mails(8).await;
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn pass_without_known_recipients_is_not_created() {
    let mailbox = TestMailServer::start().await;
    let portal = start_with_mail(&mailbox, DatabaseEngine::Sqlite).await;
    let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "pass").await;
    let mut wanda = sign_in_to_account(&portal, "wanda").await;
    complete_call_check(&mut hugo, &mut wanda).await;
    hugo.request_verification("in_person").await;
    assert_eq!(outcome_code(&hugo.post_action("second", &[("to", "me")]).await), "approval-asked");
    let mut april = AgentCase { agent: super::cases::sign_in_staff(&portal, "april").await, path: hugo.path.clone() };
    assert_eq!(outcome_code(&april.post_action("approve", &[]).await), "approved");
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Manager, FaultEffect::Hangup));
    hugo.post_action("act", &[("to", "me")]).await;
    assert!(hugo.load_page().await.body.contains("Graph did not say whom to tell, so no pass was made"));
    let asked = portal.demo.tenant.request_lines();
    assert!(!asked.iter().any(|(method, path, _)| method == "POST" && path.ends_with("/temporaryAccessPassMethods")));
    assert!(mailbox.mails_after_round(&portal).await.is_empty());
    portal.demo.stop().await;
}

#[tokio::test]
async fn waiting_pass_survives_changed_case_action() {
    let portal = TestPortal::start().await;
    let mut hugo = AgentCase::open(&portal, "hugo", "wanda", "pass").await;
    let (mut mona, at) = create_pass_for_manager(&portal, &mut hugo).await;
    hugo.post_action("for", &[("action", "revoke")]).await;
    let shown = mona.post(&at, &[]).await;
    assert!(shown.body.contains("<p class=\"pass\""), "{}", shown.body);
    assert_eq!(portal.demo.tenant.count_calls(FaultTarget::Revoke, None), 0, "nothing was verified for that");
    portal.demo.stop().await;
}
